"""Tables before and after: which came, which went, and which have other columns or indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gate.catalog.model import Catalog
from gate.report.account import Account
from gate.report.pictures.draw import Place, box, fitted, hollow, rule, text
from gate.report.pictures.picture import WIDTH, Picture
from gate.report.text import counted, short
from gate.sources.fact import Seen

LEFT, ROW = 230.0, 34.0
MOST = 40
"""Tables that are drawn; the table beside the picture has them all, up to ten times as many."""
NOTE = (
    "Two bars a table, as long as it has columns: the upper one before, the lower one now; a "
    "dashed frame is a table that is not there."
)


class Pair(NamedTuple):
    """One table in two catalogs: columns and indexes, ``None`` where it is not there."""

    name: str
    before: int | None
    after: int | None
    changes: tuple[str, ...]


def tables(account: Account) -> Picture | None:
    """The picture, where two looks saw the catalog and it is not the same."""
    old = account.baseline.database if account.baseline else None
    new = account.scene.observed.database
    if not (isinstance(old, Seen) and isinstance(new, Seen)):
        return None
    found = list(_pairs(old.value.catalog, new.value.catalog))
    same = len(new.value.catalog.tables.keys() & old.value.catalog.tables.keys())
    if not found:
        return None
    came = sum(one.before is None for one in found)
    gone = sum(one.after is None for one in found)
    changed = len(found) - came - gone
    return Picture(
        name="tables",
        title="Tables before and now",
        description=(
            f"{counted(came, 'table')} came, {counted(gone, 'table')} went, "
            f"{counted(changed, 'table')} changed, {same - changed} are as they were."
        ),
        drawing="".join(_drawn(found[:MOST])),
        height=min(len(found), MOST) * ROW + 8,
        heads=("Table", "Columns before", "Columns now", "What changed"),
        rows=[
            (one.name, _count(one.before), _count(one.after), "; ".join(one.changes))
            for one in found[: 10 * MOST]
        ],
        note=NOTE,
    )


def _count(number: int | None) -> str:
    return "not there" if number is None else str(number)


def _pairs(old: Catalog, new: Catalog) -> Iterator[Pair]:
    for name in sorted({*old.tables, *new.tables}):
        before, after = old.tables.get(name), new.tables.get(name)
        changes = (*_columns(name, old, new), *_indexes(name, old, new))
        if before is None or after is None or changes:
            yield Pair(
                name,
                len(before.columns) if before else None,
                len(after.columns) if after else None,
                changes,
            )


def _columns(name: str, old: Catalog, new: Catalog) -> Iterator[str]:
    if name not in old.tables or name not in new.tables:
        return
    was, is_ = old.tables[name].columns, new.tables[name].columns
    for one in [*was, *(other for other in is_ if other not in was)]:
        if one not in is_:
            yield f"- {one}"
        elif one not in was:
            yield f"+ {one}"
        elif was[one] != is_[one]:
            yield f"~ {one}"


def _indexes(name: str, old: Catalog, new: Catalog) -> Iterator[str]:
    was, is_ = (
        {key: one for key, one in catalog.indexes.items() if one.table == name}
        for catalog in (old, new)
    )
    if name in old.tables and name in new.tables:
        yield from (f"- index {one}" for one in was if one not in is_)
        yield from (f"+ index {one}" for one in is_ if one not in was)
        yield from (f"~ index {one}" for one in is_ if one in was and is_[one] != was[one])


def _drawn(found: Sequence[Pair]) -> Iterator[str]:
    most = max((one.before or 0, one.after or 0) for one in found)
    longest, wide = max(1, *most, *_longest(found)), 340.0
    for number, one in enumerate(found):
        y = 6 + number * ROW
        yield text(LEFT - 10, y + 17, fitted(one.name, LEFT - 14), end=True)
        for at, (count, name) in enumerate(((one.before, "muted"), (one.after, _name(one)))):
            top = y + 2 + at * 13
            if count is None:
                yield hollow(Place(LEFT, top, 40, 10), "muted", f"{one.name}: not there")
                continue
            tip = f"{one.name}: {counted(count, 'column')}"
            yield box(Place(LEFT, top, wide * count / longest, 10), name, tip)
            yield text(LEFT + wide * count / longest + 6, top + 9, str(count), name="muted")
        kinds = Counter(one.changes)
        yield text(LEFT + wide + 50, y + 17, fitted(_words(one, kinds), WIDTH - LEFT - wide - 60))
        yield rule((4, y + ROW - 4), (WIDTH - 4, y + ROW - 4))


def _longest(found: Sequence[Pair]) -> Iterator[int]:
    for one in found:
        yield one.before or 0
        yield one.after or 0


def _name(one: Pair) -> str:
    return "pass" if one.before is None else "link"


def _words(one: Pair, changes: Counter[str]) -> str:
    if one.before is None:
        return "new"
    if one.after is None:
        return "gone"
    return short(", ".join(changes), 60)
