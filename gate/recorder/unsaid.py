"""What two catalogs differ in that no item of a contract can say."""

from __future__ import annotations

from gate.catalog.diff import Diff, diff
from gate.catalog.model import Catalog
from gate.kinds.unpromised import unrecorded


def unsaid(before: Catalog, after: Catalog, *, listing: bool) -> list[str]:
    """One line for each difference that no item says, or says in part only; by its key.

    Said are tables that come or go, columns, keys, indexes, the labels of enums, and extensions
    that come or go; a listing says most of the rest: owners, grants, other kinds of objects.

    Args:
        before: The catalog before.
        after: The catalog after.
        listing: Whether `database.nothing_else` lists what no other item says.
    """
    if before.whole != after.whole:
        before, after = _plain(before), _plain(after)
    said, found = diff(_sayable(before), _sayable(after)), diff(before, after)
    kept = _listed(before, after) if listing and before.whole else set()
    lines = Diff(
        missing={k: one for k, one in found.missing.items() if k not in {*said.missing, *kept}},
        extra={k: one for k, one in found.extra.items() if k not in {*said.extra, *kept}},
        changed={
            k: two
            for k, two in found.changed.items()
            if k not in kept and said.changed.get(k) != two
        },
    ).lines()
    if before.closed != after.closed:
        lines.append("the role may not use the same schemas as before")
    lines += [f"table {one} is locked, and was not read" for one in (*before.locked, *after.locked)]
    return lines


def _listed(before: Catalog, after: Catalog) -> set[str]:
    """Keys of what is listed otherwise."""
    was, is_ = unrecorded(before), unrecorded(after)
    return {key for key in {*was, *is_} if was.get(key, "") != is_.get(key, "")}


def _plain(one: Catalog) -> Catalog:
    return one.model_copy(update={"objects": {}, "owners": {}, "whole": False})


def _sayable(one: Catalog) -> Catalog:
    """A catalog without what no item can say."""
    tables = {
        name: table.model_copy(
            update={
                "owner": "",
                "persistence": "permanent",
                "row_security": False,
                "force_row_security": False,
                "partition": "",
                "options": {},
                "placed": "",
                "columns": {
                    key: column.model_copy(update={"storage": ""})
                    for key, column in table.columns.items()
                },
                "constraints": {
                    key: constraint.model_copy(update={"own": True})
                    for key, constraint in table.constraints.items()
                },
            }
        )
        for name, table in one.tables.items()
    }
    indexes = {
        name: index.model_copy(update={"placed": ""})
        for name, index in one.indexes.items()
        if not index.constraint
    }
    # An extension is promised with its schema, and without its version.
    extensions = dict.fromkeys(one.extensions, "")
    return _plain(one).model_copy(
        update={"tables": tables, "indexes": indexes, "extensions": extensions}
    )
