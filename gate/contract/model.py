"""A whole contract: every item with its two sides, and which side a moment expects."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Literal, TypeVar

from gate.contract.item import Item, Moment
from gate.contract.rehearsal import Alembic
from gate.errors import ContractError

Side = Literal["before", "after"]

MOMENTS: tuple[Moment, ...] = ("predeploy", "postdeploy", "rollback")
SIDE: dict[Moment, Side] = {"predeploy": "before", "postdeploy": "after", "rollback": "before"}
"""Restored means: the before contract holds again."""

Kind = TypeVar("Kind", bound=Item)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Promise:
    """One item of the contract.

    Attributes:
        id: ``kind.name``; it never changes, history and waivers hang on it.
        before: What is promised before, ``None`` where the item does not apply then.
        after: What is promised after.
        moments: When it is accounted for.
        differs: Reasons of the target's declared differences that changed this item.
    """

    id: str
    kind: str
    chapter: str
    before: Item
    after: Item
    moments: tuple[Moment, ...]
    differs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The id without its kind."""
        return self.id.split(".", 1)[1]

    @property
    def title(self) -> str:
        """The promise as a sentence."""
        return self.before.title

    def at(self, moment: Moment) -> Item:
        """What is promised at a moment."""
        return self.before if SIDE[moment] == "before" else self.after


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contract:
    """All promises, in the order of chapters and of the files.

    Attributes:
        system: Name of what is deployed and the deployment's name; the snapshot's heading.
        cwd: The working directory of the deployment, for the snapshot.
        sha256: Digest over every contract file's name and bytes, hexadecimal.
        promises: By id.
        alembic: How migrations are run, where the contract says so.
        baseline_days: How old the look from before the deployment may be.
        evidence_hours: For how long after a run its evidence lets a deployment go on.
        unused_differs: Ids that the target says it differs on, of which this folder has no item;
            they change nothing, which is told.
        withheld: What writes, and is not tried in this run, by id; none of it is among what a
            moment accounts for.
    """

    system: str
    cwd: str
    folder: str
    sha256: str
    promises: dict[str, Promise]
    alembic: Alembic | None = None
    baseline_days: float = 7
    evidence_hours: float = 24
    unused_differs: tuple[str, ...] = ()
    withheld: dict[str, Promise] = dataclasses.field(default_factory=dict)

    @property
    def version_table(self) -> str:
        """Where Alembic keeps the database's revision."""
        return self.alembic.version_table if self.alembic else "alembic_version"

    @property
    def restores(self) -> bool:
        """Whether it promises that a rollback brings the whole catalog back."""
        return any(getattr(one.before, "restored", None) for one in self.promises.values())

    def at(self, moment: Moment) -> list[Promise]:
        """The promises that a moment accounts for, in order."""
        return [one for one in self.promises.values() if moment in one.moments]

    def not_tried(self, moment: Moment) -> list[Promise]:
        """The promises that a moment would account for if this run might write, in order."""
        return [one for one in self.withheld.values() if moment in one.moments]

    def of(self, kind: type[Kind], moment: Moment) -> dict[str, Kind]:
        """What is promised of one kind at a moment, by id, in order."""
        sides = {one.id: one.at(moment) for one in self.at(moment)}
        return {id_: item for id_, item in sides.items() if isinstance(item, kind)}

    def file(self, id_: str) -> str:
        """The file that an item stands in."""
        return f"{pathlib.Path(self.folder) / self.promise(id_).chapter}.toml"

    def promise(self, id_: str) -> Promise:
        """Find a promise by its id.

        Raises:
            ContractError: There is none.
        """
        try:
            return self.promises[id_]
        except KeyError:
            raise ContractError(f"{self.folder}: there is no item {id_!r}") from None
