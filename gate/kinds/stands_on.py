"""What items stand on, beyond what their keys say: the migration, a finer promise, the host's zone.

Names of kinds, and not the kinds themselves: any of them may be asked by any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.model import Promise
from gate.kinds.scene import Scene
from gate.sources.fact import Seen

MIGRATION, COLUMN, TABLE, TIME = "migration", "column", "table", "time"
MOST = 1000
"""Columns that are promised for themselves: with more of them no table is asked about each."""


def brought_by(promise: Promise, scene: Scene) -> Iterator[str]:
    """The revision that the database has to be at, for what another moment promises otherwise."""
    sides = [one.model_dump(exclude=set(one.WORDS)) for one in (promise.before, promise.after)]
    if sides[0] != sides[1]:
        yield from current(promise, scene)


def current(promise: Promise, scene: Scene) -> Iterator[str]:
    """The items that promise which revision the database is at."""
    for one in scene.by_kind.get(MIGRATION, ()):
        promised = getattr(one.at(scene.moment), "current", None)
        if promised is not None and one.id != promise.id:
            yield one.id


def pending_stands_on(promise: Promise, scene: Scene) -> Iterator[str]:
    """What is left to be applied hangs on where the database is."""
    if getattr(promise.at(scene.moment), "pending", None) is not None:
        yield from current(promise, scene)


def table_stands_on(promise: Promise, scene: Scene) -> Iterator[str]:
    """The migration; and columns of the table that are promised for themselves and not there."""
    yield from brought_by(promise, scene)
    catalog = scene.observed.database
    tables = catalog.value.catalog.tables if isinstance(catalog, Seen) else {}
    columns = scene.by_kind.get(COLUMN, ())
    if promise.name not in tables or len(columns) > MOST:
        return
    for one in columns:
        item = one.at(scene.moment)
        is_of_it = getattr(item, "table", None) == promise.name
        if is_of_it and getattr(item, "column", None) not in tables[promise.name].columns:
            yield one.id


def count_stands_on(promise: Promise, scene: Scene) -> Iterator[str]:
    """How many tables there are hangs on those that are promised and not there."""
    catalog = scene.observed.database
    if getattr(promise.at(scene.moment), "tables", None) is None or not isinstance(catalog, Seen):
        return
    for one in scene.by_kind.get(TABLE, ()):
        if one.name not in catalog.value.catalog.tables:
            yield one.id


def zones_of_host(promise: Promise, scene: Scene) -> Iterator[str]:
    """The items that promise the host's own time zone."""
    for one in scene.by_kind.get(TIME, ()):
        if getattr(one.at(scene.moment), "zone", None) is not None and one.id != promise.id:
            yield one.id
