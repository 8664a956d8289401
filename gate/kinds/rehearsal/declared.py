"""What a contract declares of single revisions, checked both ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from gate.catalog.names import above
from gate.catalog.names import told as catalog_name
from gate.contract.rehearsal import Alembic
from gate.kinds.rehearsal.lacking import name_of
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import ROWS, Leg, Receipt, RehearsalFacts


@dataclasses.dataclass
class Declared:
    """Receipts without what was declared, and what came of the declarations.

    Attributes:
        receipts: What is left of them to be judged.
        excused: Revisions whose failing way down was declared.
        stale: Declarations that do not hold.
        told: Declarations that hold, with their reasons.
    """

    receipts: list[Receipt]
    excused: set[str] = dataclasses.field(default_factory=set)
    stale: list[str] = dataclasses.field(default_factory=list)
    told: list[str] = dataclasses.field(default_factory=list)


def apply(how: Alembic, facts: RehearsalFacts, receipts: list[Receipt]) -> Declared:
    """Lay the declarations of ``[alembic]`` over the receipts; those of other steps wait.

    What they name is compared as the catalog tells it, however it is quoted there.
    """
    found = Declared(list(receipts))
    by_revision = {one.revision: number for number, one in enumerate(receipts)}
    _data_changes(how, found, by_revision)
    _removals(how, facts, found, by_revision)
    _one_way(how, found, by_revision)
    return found


def _data_changes(how: Alembic, found: Declared, by_revision: Mapping[str, int]) -> None:
    for change in how.data_changes:
        number = by_revision.get(change.revision)
        if number is None:
            continue
        receipt = found.receipts[number]
        for table in map(catalog_name, change.tables):
            lines = receipt.about((table,))
            lost = [one for one in receipt.newly if one.table == table and one.how == "lost"]
            if lost:
                left = tuple(one for one in receipt.newly if one not in lost)
                receipt = receipt.model_copy(update={"newly": left})
            elif table not in receipt.moved and not lines:
                found.stale.append(
                    f"{change.revision} is declared to change rows of {table}, and does not"
                )
            elif not lines:
                found.stale.append(
                    f"{change.revision} is declared to change rows of {table} for good, and its "
                    f"way down brings them back"
                )
            receipt = receipt.without((table,))
        found.receipts[number] = receipt
        found.told.append(f"{change.revision} changes rows for good: {change.reason}")


def _removals(
    how: Alembic, facts: RehearsalFacts, found: Declared, by_revision: Mapping[str, int]
) -> None:
    for removal in how.removes:
        number = by_revision.get(removal.revision)
        if number is None:
            continue
        leg = next((one for one in facts.up if one.revision == removal.revision), None)
        objects = tuple(map(catalog_name, removal.objects))
        for name in objects:
            if leg is not None and isinstance(leg.commands, Seen) and not _dropped(leg, name):
                found.stale.append(f"{removal.revision} is declared to remove {name}, and does not")
        receipt = found.receipts[number]
        for name in objects:
            gone = leg is not None and _dropped(leg, name) and receipt.rows_of == "clone"
            missing = any(line.startswith(_gone(name)) for line in receipt.diff)
            back = gone and not missing and not receipt.about((name,)) and not receipt.failed
            if back and _had_rows(facts, name):
                found.stale.append(
                    f"{removal.revision} is declared to remove {name} for good, and its way down "
                    f"brings the content back"
                )
        found.receipts[number] = receipt.without(objects)
        found.told.append(f"{removal.revision} removes for good: {removal.reason}")


def _one_way(how: Alembic, found: Declared, by_revision: Mapping[str, int]) -> None:
    for one in how.one_way:
        number = by_revision.get(one.revision)
        if number is None:
            continue
        receipt = found.receipts[number]
        if receipt.clean and not any(newly.how == "failed" for newly in receipt.newly):
            found.stale.append(f"{one.revision} is declared one-way, and can be undone")
        found.excused.add(one.revision)
        found.receipts[number] = Receipt(revision=one.revision)
        found.told.append(f"the point of no return is {one.revision}, as declared: {one.reason}")


def _had_rows(facts: RehearsalFacts, name: str) -> bool:
    """Whether a table, or that of a column, held all its rows when a revision was judged."""
    if not isinstance(facts.clone, Seen) or any(
        one.kind == ROWS for one in facts.clone.value.lacks
    ):
        return False
    rows = facts.clone.value.rows
    return bool(rows.get(name) or rows.get(above(name)))


def _gone(name: str) -> tuple[str, ...]:
    """How a catalog's difference begins to tell that a table or column is not there again."""
    return f"- table {name}:", f"- column {name}:"


def _dropped(leg: Leg, name: str) -> bool:
    """Whether the trace saw a table or column go, by the catalog's name of it."""
    return any(catalog_name(name_of(one)) == name for one in leg.dropped)
