"""What a contract declares of a revision, as far as the rows are compared by it."""

from __future__ import annotations

from collections.abc import Mapping

from gate.catalog.names import above, split, told
from gate.contract.rehearsal import Alembic
from gate.sources.rehearsal import rows
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.prints import Columns
from gate.sources.rehearsal.seen import State
from gate.sources.rehearsal.stage import Stage


class Intended:
    """What may come of a revision's rows, and what has to come of those beside them.

    Content that is declared to be removed for good need not come back; the other columns of its
    table have to, so they are read for themselves. It is read before the revision is applied.

    Attributes:
        was: The state that the revision comes to.
        changes: Tables whose rows are declared to be changed for good.
        beside: By table, the columns beside those that are declared to be removed.
        before: The rows of these columns, before the revision.
    """

    def __init__(self, stage: Stage, revision: str, was: State) -> None:
        """Read what has to come back.

        Args:
            stage: The clone, at the state that the revision comes to.
            revision: Which one.
            was: That state.
        """
        self._stage, self.was = stage, was
        self.changes = _changes(stage.how, revision)
        self._removed = _removed(stage.how, revision)
        self.beside: dict[str, Columns] = {
            table: tuple(one for one in columns if one not in removed)
            for table, columns in was.kept.items()
            if (removed := self._columns(table)) and not removed >= {*columns}
        }
        self.before = self._read(self.beside)

    def changed(
        self, before: Mapping[str, rows.Print], after: Mapping[str, rows.Print]
    ) -> tuple[str, ...]:
        """One sentence per table whose rows are not what they were.

        Where all but the content of removed columns is, the sentences are about those columns.
        """
        other = {name for name in self.beside if name in after and after[name] != before[name]}
        now = self._read({name: self.beside[name] for name in other})
        only = {name for name in other if now[name] == self.before[name]}
        left = {name: one for name, one in before.items() if name not in only}
        found = rows.changed(left, after)
        for name in sorted(only):
            for column in self._of(name):
                found += rows.changed({column: before[name]}, {column: after[name]})
        return found

    def settled(self, receipt: Receipt) -> bool:
        """Whether a receipt is clean but for what was declared."""
        return receipt.without({*self.changes, *self._removed}).clean

    def _of(self, table: str) -> list[str]:
        """Removed columns of a table, as the catalog tells them."""
        return [one for one in sorted(self._removed) if above(one) == table]

    def _columns(self, table: str) -> set[str]:
        return {split(one)[-1] for one in self._of(table)}

    def _read(self, tables: dict[str, Columns]) -> dict[str, rows.Print]:
        return self._stage.prints.of(self._stage.connection, tables) if tables else {}


def _changes(how: Alembic, revision: str) -> frozenset[str]:
    return frozenset(
        told(table) for one in how.data_changes if one.revision == revision for table in one.tables
    )


def _removed(how: Alembic, revision: str) -> frozenset[str]:
    return frozenset(
        told(name) for one in how.removes if one.revision == revision for name in one.objects
    )
