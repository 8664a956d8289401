"""Two catalogs compared: what is missing, what is extra, what is different; by name."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Mapping

from gate.catalog.expression import normal
from gate.catalog.model import Catalog, Constraint, Index, Table, labelled, written
from gate.catalog.names import above, plain

TRIGGER = "TRIGGER"
"""Beginning of the definition of a constraint trigger's constraint: it is told as a trigger."""


@dataclasses.dataclass(frozen=True)
class Diff:
    """What tells one catalog from another.

    Attributes:
        missing: Definitions, by key, of what is there before and not after.
        extra: Definitions, by key, of what is there after and not before.
        changed: Definitions before and after, by key, of what is there in both.
    """

    missing: Mapping[str, str]
    extra: Mapping[str, str]
    changed: Mapping[str, tuple[str, str]]

    @property
    def empty(self) -> bool:
        """Whether both are the same."""
        return not (self.missing or self.extra or self.changed)

    def lines(self) -> list[str]:
        """One object per line, by key.

        ``- index ix_a: hnsw on a (v vector_l2_ops)`` is missing, ``+ ...`` extra, and
        ``~ column orders.status: text not null -> text`` changed.
        """
        lines = [("-", key, _flat(one)) for key, one in self.missing.items()]
        lines += [("+", key, _flat(one)) for key, one in self.extra.items()]
        lines += [
            ("~", key, f"{_flat(was)} -> {_flat(is_)}") for key, (was, is_) in self.changed.items()
        ]
        return [
            f"{sign} {key}: {text}" for sign, key, text in sorted(lines, key=lambda one: one[1])
        ]


def diff(before: Catalog, after: Catalog, *, without: Collection[str] = ()) -> Diff:
    """Compare two catalogs.

    Args:
        before: What there was, or should be.
        after: What there is.
        without: Kinds that do not matter, such as ``{"owner", "grant", "setting"}`` for a copy
            made by another role; ``owner`` is part of other kinds' definitions.

    Raises:
        ValueError: One was read whole and the other was not.
    """
    if before.whole != after.whole:
        raise ValueError("a catalog that was read whole is compared with one that was not")
    was, is_ = (objects(one, without=without) for one in (before, after))
    return Diff(
        missing={key: one for key, one in was.items() if key not in is_},
        extra={key: one for key, one in is_.items() if key not in was},
        changed={
            key: (one, is_[key]) for key, one in was.items() if key in is_ and one != is_[key]
        },
    )


def fingerprint(catalog: Catalog, *, without: Collection[str] = ()) -> str:
    """SHA-256 of all objects: the same where `diff` is empty, and only there.

    It depends on names and definitions alone: not on OIDs, not on the order in which things were
    made, not on the order of a table's columns. A column that was dropped and added again has
    another number and stands last in ``SELECT *``, and is no difference.
    """
    found = hashlib.sha256()
    for key, one in objects(catalog, without=without).items():
        found.update(f"{key}\0{one}\0".encode())
    return found.hexdigest()


def objects(catalog: Catalog, *, without: Collection[str] = ()) -> dict[str, str]:
    """Every object's definition, in its normal form, by a key of one line, sorted by key.

    Keys are a kind and a name: ``table orders``, ``column orders.tags``, ``constraint
    orders.pk_orders``, ``index ix_orders_status``, ``enum orderstatus``, ``extension vector``
    and, where the catalog is whole, ``sequence x_seq``, ``grant on table orders to reader`` and
    what else `Catalog.objects` holds. An index that a constraint made is told by the constraint.
    """
    owners = "owner" not in without
    found = {
        key: f"{one}, owner {catalog.owners[key]}" if owners and key in catalog.owners else one
        for key, one in catalog.objects.items()
    }
    for table in catalog.tables.values():
        found |= _table(table, catalog.indexes, owners=owners and catalog.whole)
    for name, index in catalog.indexes.items():
        if not index.constraint:
            found[f"index {name}"] = index.definition
    for name, labels in catalog.enums.items():
        owner = catalog.owners.get(f"enum {name}") if owners else None
        found[f"enum {name}"] = labelled(labels) + (f", owner {owner}" if owner else "")
    for name, version in catalog.extensions.items():
        schema = catalog.extension_schemas.get(name)
        found[f"extension {name}"] = f"{version} in {schema}" if schema else version
    kinds = tuple(f"{kind} " for kind in without)
    return {key: normal(found[key]) for key in sorted(found) if not key.startswith(kinds)}


def _table(table: Table, indexes: Mapping[str, Index], *, owners: bool) -> dict[str, str]:
    owner = f", owner {table.owner}" if owners else ""
    found = {f"table {table.name}": table.definition + owner}
    for name, column in table.columns.items():
        storage = f" ({column.storage})" if column.storage else ""
        found[f"column {table.name}.{plain(name)}"] = column.definition + storage
    for name, constraint in table.constraints.items():
        if not (constraint.copied or constraint.definition.startswith(TRIGGER)):
            made = indexes.get(_beside(table.name, name))
            found[f"constraint {table.name}.{plain(name)}"] = _constraint(constraint, made)
    return found


def _beside(table: str, name: str) -> str:
    """The name of an index in the schema of its table."""
    schema = above(table)
    return f"{schema}.{plain(name)}" if schema else plain(name)


def _constraint(one: Constraint, index: Index | None) -> str:
    parts = [one.definition] if one.own else [one.definition, "inherited"]
    if index is not None and index.constraint:
        parts += [f"with ({written(index.options)})"] if index.options else []
        parts += [f"[{index.placed}]"] if index.placed else []
        parts += index.defects
    return " ".join(parts)


def _flat(definition: str) -> str:
    return " ".join(definition.split())
