"""A state of the clone that another one is compared with."""

from __future__ import annotations

import dataclasses

from gate.catalog.alike import Young, alike
from gate.catalog.diff import Diff, diff
from gate.catalog.digest import Digest
from gate.catalog.dumped import Entries
from gate.catalog.model import Catalog
from gate.sources.rehearsal import rows, second
from gate.sources.rehearsal.prints import Columns
from gate.sources.rehearsal.stage import Stage


@dataclasses.dataclass(frozen=True)
class State:
    """What there was.

    Attributes:
        catalog: Everything that is defined.
        digest: Of the same; ``None`` where none can be taken.
        kept: Tables with their columns, but for Alembic's own.
        prints: Fingerprints of their rows, as far as they are known.
        positions: Of sequences.
        dumped: What ``pg_dump`` says of it, or why it says nothing; ``None`` where it was not asked
            yet.
        assumed: Whether the clone got here by going down and up again, and only seems to be the
            same as by going up alone.
        young: What is defined since the state before, where that was asked.
        moment: When it was looked at: what comes later is younger.
    """

    catalog: Catalog
    digest: Digest | None
    kept: dict[str, Columns]
    prints: dict[str, rows.Print]
    positions: dict[str, int]
    dumped: Entries | str | None = None
    assumed: bool = False
    young: Young | None = None
    moment: str = ""


def look(stage: Stage, *, like: State | None = None, since: str = "") -> State:
    """What there is now.

    Args:
        stage: The clone.
        like: A state that it may be the same as: then its catalog is not read again.
        since: The moment of the state before: what came since is told apart.
    """
    digest, young, moment = stage.digests.taken(stage.connection, since)
    if like is not None and (
        (digest is not None and digest == like.digest) or alike(like.young, young)
    ):
        catalog, kept = like.catalog, like.kept
    else:
        catalog = stage.whole()
        kept = rows.columns_of(catalog, stage.how.version_table)
    prints = stage.prints.small(stage.connection, kept)
    positions = rows.positions(stage.connection)
    return State(catalog, digest, kept, prints, positions, young=young, moment=moment)


def lines(was: State, now: State, versions: str) -> tuple[str, ...]:
    """Differences; the version table that Alembic makes when it first runs is none."""
    if was.catalog is now.catalog:
        return ()
    found = diff(was.catalog, now.catalog)
    if versions not in was.catalog.tables:
        own = (f"column {versions}.", f"constraint {versions}.", f"grant on table {versions} ")
        extra = {
            key: one
            for key, one in found.extra.items()
            if key != f"table {versions}" and not key.startswith(own)
        }
        found = Diff(found.missing, extra, found.changed)
    return tuple(found.lines())


def dumped(stage: Stage) -> Entries | str:
    """What ``pg_dump`` sees now, or why it is not asked."""
    return second.ask(stage.how, stage.target, stage.carrier, stage.clone)
