"""The order of the steps and the way back, as Alembic itself would go them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from gate.contract.model import Contract
from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.sources.fact import Fact, Seen
from gate.sources.migrations.chain import applied, pending
from gate.sources.migrations.facts import Chain
from gate.sources.rehearsal import alembic
from gate.sources.rehearsal.cause import cause
from gate.sources.rehearsal.facts import Back
from gate.sources.rehearsal.stage import Stage


@dataclasses.dataclass(frozen=True)
class Way:
    """What is to be gone.

    Attributes:
        order: Revisions that the upgrade applies, oldest first.
        history: Every revision up to the targets, oldest first.
        heads: Where the upgrade is to end.
        backs: The way back by the name that the contract gives its end.
        problems: What is wrong with a name, by the name.
        parents: By revision.
    """

    order: tuple[str, ...]
    history: tuple[str, ...]
    heads: tuple[str, ...]
    backs: Mapping[str, Back]
    problems: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]

    def below(self, revision: str) -> str:
        """Where a way down over a revision ends, for a command that is asked by name."""
        return (self.parents.get(revision) or ("base",))[0]


class ElsewhereError(ObservationError):
    """Alembic opens another database beside the clone."""


def asked(contract: Contract) -> tuple[list[str], list[str]]:
    """Names that the contract upgrades to, and names that it goes back to."""
    items = list(contract.of(Rehearsal, "predeploy").values())
    reaches = [one.reaches for one in items if one.reaches is not None]
    restores = [one.restores for one in items if one.restores is not None]
    restores += [one.rolls_back.to for one in items if one.rolls_back is not None]
    return list(dict.fromkeys(reaches)), list(dict.fromkeys(restores))


def find(stage: Stage, chain: Fact[Chain]) -> Way:
    """Ask Alembic; where its interpreter is not known, the revisions' text.

    Raises:
        ObservationError: There is no order, with the reason.
    """
    reaches, restores = asked(stage.contract)
    if stage.runner is None:
        return _read(stage, chain, reaches, restores)
    answer = stage.runner.ask("plan", reaches=reaches, restores=restores)
    if "elsewhere" in answer.found:
        raise ElsewhereError(alembic.as_well(str(answer.found["elsewhere"])))
    if answer.status != 0 or "order" not in answer.found:
        ended = alembic.ended(stage.how, answer.status)
        why = cause(answer.said) or "it said nothing"
        raise ObservationError(f"Alembic {ended} and tells no order of the revisions: {why}")
    found = answer.found
    if sorted(found["at"]) != sorted(stage.at()):
        raise ObservationError(
            f"Alembic finds the clone at {', '.join(found['at']) or 'nothing'}, its table "
            f"{stage.how.version_table} says {', '.join(stage.at()) or 'nothing'}"
        )
    return Way(
        order=tuple(found["order"]),
        history=tuple(found["history"]),
        heads=tuple(found["heads"]),
        backs={
            name: Back(to=one["to"], steps=tuple(one["steps"]))
            for name, one in found["ways"].items()
        },
        problems=found["problems"],
        parents={name: tuple(one) for name, one in found["parents"].items()},
    )


def _read(stage: Stage, chain: Fact[Chain], reaches: list[str], restores: list[str]) -> Way:
    """The same from the text of the files; a line without branches is all that can be gone."""
    if not isinstance(chain, Seen):
        raise ObservationError(f"the revisions cannot be read: {chain}")
    text, at = chain.value, stage.at()
    unknown = [one for one in at if one not in text.revisions]
    if unknown:
        raise ObservationError(f"no revision file knows {', '.join(unknown)}")
    problems = {
        name: f"no revision file defines {name}"
        for name in (*reaches, *restores)
        if name not in text.revisions and name != "base"
    }
    heads = tuple(one for one in reaches if one not in problems) or text.heads
    upto = applied(text, heads)
    parents = {name: one.parents for name, one in text.revisions.items()}
    if (
        any(len(one) > 1 for name, one in parents.items() if name in upto)
        or sum(not one for name, one in parents.items() if name in upto) > 1
        or any(text.revisions[name].depends_on for name in upto)
    ):
        raise ObservationError(
            "the revisions are no single line: only Alembic's own program goes one step of them; "
            "command = [..., 'alembic'] says where it is"
        )
    order = tuple(one for one in pending(text, at) if one in upto)
    history = tuple(one for one in pending(text, ()) if one in upto)
    backs = {}
    for name in restores:
        if name not in problems and name != "base" and name not in upto:
            problems[name] = f"{name} does not lie behind {', '.join(heads)}"
        if name not in problems:
            left = applied(text, [name])
            steps = tuple(one for one in reversed(history) if one not in left)
            backs[name] = Back(to=name, steps=steps)
    return Way(order, history, heads, backs, problems, parents)
