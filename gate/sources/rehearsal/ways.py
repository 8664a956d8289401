"""Ways down and up over rows that the rehearsal writes, beyond those that every step goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.leg import Direction, said, walk
from gate.sources.rehearsal.newly import Newly
from gate.sources.rehearsal.stage import Stage

MOST = 20
"""How many are tried one by one, where all of them at once do not come back as they were."""
UNTRIED = "it was not tried alone"


@dataclasses.dataclass
class Ways:
    """What is known after each of them.

    Attributes:
        same: Tells whether the clone's catalog is that of the upgraded state.
        newly: What does not come back as it was.
        unwritten: What no row could be written for, and why.
        dirty: Whether the clone is not what it was any more.
        remade: Whether that was had again meanwhile.
        wal: Bytes of log.
    """

    stage: Stage
    revision: str
    below: str
    base: Base
    same: Callable[[], bool]
    newly: list[Newly] = dataclasses.field(default_factory=list)
    unwritten: list[str] = dataclasses.field(default_factory=list)
    dirty: bool = False
    remade: bool = False
    wal: int = 0

    def walk(self, direction: Direction) -> str:
        """Go one way, unseen; why that did not end well."""
        back_to = self.below if direction == "down" else ""
        leg = walk(self.stage, self.revision, direction, back_to=back_to, alone=True)
        self.wal += leg.wal_bytes
        return said(leg) if leg.exit_status != 0 else ""

    def clean(self) -> bool:
        """Whether the clone is at the upgraded state, or could be had there again."""
        if not self.dirty:
            return True
        if not self.base.kept:
            return False
        self.base.again()
        self.dirty, self.remade = False, True
        return True


def line(what: str, why: str) -> str:
    """What could not be tried, and why."""
    return f"{what.replace(': ', ':')}: {why}"
