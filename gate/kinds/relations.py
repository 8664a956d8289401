"""Tables of the catalog, for the kinds that speak of them."""

from __future__ import annotations

from gate.catalog.model import Table as SeenTable
from gate.kinds.finding import Here
from gate.kinds.pasted import psql
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Seen


def described(name: str, scene: Scene) -> Here:
    """How to look at a table or an index oneself."""
    return psql(f"\\d {name}", scene)


def table_of(name: str, scene: Scene) -> Seen[SeenTable] | Absent | CannotTell:
    """A table of the catalog."""
    catalog = scene.catalog(name)
    if not isinstance(catalog, Seen):
        return catalog
    found = catalog.value.tables.get(name)
    return Absent("not in the catalog") if found is None else Seen(found)
