"""Columns that were there before, in tables that have other ones now: witnesses leave them be."""

from __future__ import annotations

from collections.abc import Collection

from gate.sources.rehearsal import rows
from gate.sources.rehearsal.prints import Columns
from gate.sources.rehearsal.seen import State
from gate.sources.rehearsal.stage import Stage


class Older:
    """What of the rows of before can be compared although witnesses were written beside it.

    A witness fills columns that are new, in a row that was there. What the way down makes of the
    other columns is not the witness's doing, unless a trigger or a foreign key changed them, too.

    Attributes:
        columns: By table; only tables that gained columns or lost some.
    """

    def __init__(self, stage: Stage, was: State, above: State) -> None:
        """Know the columns, and nothing of their rows.

        Args:
            stage: The clone.
            was: The state before the step.
            above: The state that the step led to.
        """
        self._stage, self._was = stage, was
        self.columns: dict[str, Columns] = {
            name: columns
            for name, columns in rows.shared(was.kept, above.catalog).items()
            if {*columns} != {*above.kept.get(name, ())}
        }
        self._below: dict[str, rows.Print] = {}
        self._above: dict[str, rows.Print] = {}

    def below(self) -> None:
        """Read what is left of tables that lose columns; the clone's rows are those of before."""
        left = {name: one for name, one in self.columns.items() if self._lost(name)}
        self._below = self._read(left)

    def above(self) -> None:
        """Read the rows that the step led to, before anything is written beside them."""
        self._above = self._read(self.columns)

    def spared(self, written: Collection[str]) -> set[str]:
        """Tables of those written to whose columns of before are what they were above."""
        found = {name: self.columns[name] for name in written if name in self.columns}
        now = self._read(found)
        return {name for name in found if now[name] == self._above.get(name)}

    def narrowed(self, spared: Collection[str]) -> tuple[dict[str, Columns], dict[str, rows.Print]]:
        """Columns to compare of tables that lost some, and what they were before the step.

        A column under another name is one that was lost and one that is new: a witness in it comes
        back under the old name, and is none of the rows of before.
        """
        found = {name for name in spared if self._lost(name) and name in self._below}
        return {name: self.columns[name] for name in found}, {
            name: self._below[name] for name in found
        }

    def _lost(self, name: str) -> bool:
        return {*self.columns[name]} != {*self._was.kept[name]}

    def _read(self, tables: dict[str, Columns]) -> dict[str, rows.Print]:
        return self._stage.prints.of(self._stage.connection, tables) if tables else {}
