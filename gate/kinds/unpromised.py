"""What a database's catalog holds beyond what the contract's items say of it.

Owners, grants, row security, triggers, views, functions, persistence, settings, extensions: all of
`gate.catalog.diff.objects`, less what items of tables, columns, indexes, enums and extensions
promise for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.catalog.diff import objects
from gate.catalog.expression import normal
from gate.catalog.model import Catalog, Table
from gate.catalog.names import plain
from gate.contract.item import Item, Moment
from gate.contract.model import Contract
from gate.kinds.column import Column
from gate.kinds.enum import Enum
from gate.kinds.extension import Extension
from gate.kinds.index import Index as IndexItem
from gate.kinds.runtime import Runtime
from gate.kinds.table import Table as TableItem


def unpromised(catalog: Catalog, contract: Contract, moment: Moment) -> dict[str, str]:
    """What no item of the contract says of a catalog, by key.

    Returns:
        Definitions by the keys of `gate.catalog.diff.objects`. Of an object that an item promises,
        only what the item does not say: a table's owner, persistence and row security. It is empty
        where the item says everything.
    """
    found = objects(catalog)
    for name in _names(contract, TableItem, moment):
        if name in catalog.tables:
            found |= _table(catalog.tables[name], found)
    for name in _names(contract, IndexItem, moment):
        if name in catalog.indexes:
            found[f"index {name}"] = catalog.indexes[name].placed
    for name in _names(contract, Enum, moment):
        if name in catalog.enums:
            found[f"enum {name}"] = _enum(name, catalog)
    versions = {one.extension for one in contract.of(Runtime, moment).values()}
    for name in _names(contract, Extension, moment):
        if name in catalog.extensions and name in versions:
            found[f"extension {name}"] = f"in {catalog.extension_schemas.get(name, 'public')}"
    return dict(sorted(found.items()))


def unrecorded(catalog: Catalog) -> dict[str, str]:
    """What no item says of a catalog where everything that is recorded is promised."""
    found = objects(catalog)
    for table in catalog.tables.values():
        found |= _table(table, found)
    for name, one in catalog.indexes.items():
        if not one.constraint:
            found[f"index {name}"] = one.placed
    for name in catalog.enums:
        found[f"enum {name}"] = _enum(name, catalog)
    return dict(sorted(found.items()))


def promised(contract: Contract, moment: Moment) -> set[str]:
    """The keys of what items promise to be there."""
    kinds: dict[str, type[Item]] = {
        "table": TableItem,
        "index": IndexItem,
        "enum": Enum,
        "extension": Extension,
    }
    found = {
        f"{kind} {name}" for kind, item in kinds.items() for name in _names(contract, item, moment)
    }
    columns = contract.of(Column, moment).values()
    return found | {f"column {one.table}.{plain(one.column)}" for one in columns if not one.absent}


def _names(contract: Contract, kind: type[Item], moment: Moment) -> Iterator[str]:
    for id_, item in contract.of(kind, moment).items():
        if not item.absent:
            yield id_.split(".", 1)[1]


def _table(table: Table, found: Mapping[str, str]) -> dict[str, str]:
    """What the item of a table does not say of its columns and keys."""
    left = {
        f"column {table.name}.{plain(name)}": one.storage for name, one in table.columns.items()
    }
    for name, one in table.constraints.items():
        key = f"constraint {table.name}.{plain(name)}"
        if key in found:
            left[key] = found[key].removeprefix(normal(one.definition)).strip()
    return left


def _enum(name: str, catalog: Catalog) -> str:
    owner = catalog.owners.get(f"enum {name}", "")
    return owner and f"owner {owner}"
