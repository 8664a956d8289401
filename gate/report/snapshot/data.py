"""What a template of the snapshot document is written from: plain data of one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup

from gate.account.verdict import Outcome
from gate.report.account import SNAPSHOT, Account
from gate.report.marks import HELD, UNKNOWN
from gate.report.rows import Row
from gate.report.text import markdown, short

WORST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.WARN)
"""Outcomes that stand for many, the worst first."""


@dataclasses.dataclass(frozen=True)
class Table:
    """The listed items of one kind."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Chapter:
    """A chapter with a table for each of its kinds."""

    name: str
    tables: tuple[Table, ...]


def context(account: Account, rows: list[Row], every: list[Row]) -> Mapping[str, Any]:
    """Every name that a template can use.

    Args:
        account: What is told.
        rows: Its items at this moment.
        every: Its items, with those that are not accounted for at this moment.

    Returns:
        ``title`` (the document's file name), ``system``, ``cwd``, ``date``, ``time``, ``host``,
        ``user`` (``-`` where unknown), ``embedded``, ``moment``, ``replay`` (what is said of one),
        ``target`` (``name``, ``title``, ``host``), ``chapters`` and the functions ``rows``,
        ``verdict``, ``marks``, ``named`` and ``families``.
    """
    when = account.observed.started if account.observed else account.started
    identity, target = account.identity, account.target
    return {
        "title": SNAPSHOT[account.moment],
        "system": account.contract.system,
        "cwd": account.contract.cwd,
        "date": f"{when:%Y-%m-%d}",
        "time": f"{when:%H:%M} UTC",
        "host": identity.hostname if identity else "-",
        "user": identity.user if identity else "-",
        "embedded": target.embedded,
        "moment": account.moment,
        "replay": account.replay.sentence() if account.replay else "",
        "target": {"name": target.name, "title": target.title, "host": target.host},
        "chapters": chapters_of(rows),
        "rows": _rows(rows, every),
        "verdict": verdict,
        "marks": marks,
        "named": named,
        "families": families,
    }


NAMES = frozenset(
    (
        *("title", "system", "cwd", "date", "time", "host", "user", "embedded", "moment", "replay"),
        *("target", "chapters", "rows", "verdict", "marks", "named", "families"),
    )
)
"""Of everything that `context` gives."""


def _rows(rows: list[Row], every: list[Row]) -> Callable[..., tuple[Row, ...]]:
    def of_kind(kind: str, *, always: bool = False) -> tuple[Row, ...]:
        return tuple(one for one in (every if always else rows) if one.kind == kind)

    return of_kind


def chapters_of(rows: Iterable[Row]) -> tuple[Chapter, ...]:
    """Every listed item by chapter and kind, in the contract's order."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.listed:
            found.setdefault(row.chapter, {}).setdefault(row.kind, []).append(row)
    return tuple(
        Chapter(name, tuple(table_of(kind, members) for kind, members in kinds.items()))
        for name, kinds in found.items()
    )


def table_of(kind: str, rows: Iterable[Row]) -> Table:
    """Items of one kind; each has the columns of the first one."""
    members = tuple(rows)
    return Table(kind, members[0].columns, members)


def verdict(rows: Iterable[Row]) -> Markup:
    """One mark for many items: the worst of theirs, with the names of those that have it."""
    members = list(rows)
    for worst in WORST:
        bad = [one for one in members if (one.outcome or Outcome.INCONCLUSIVE.value) == worst.value]
        if len(bad) == 1:
            return bad[0].verdict
        if bad:
            names = markdown(short(", ".join(one.name for one in bad), 60))
            detail = bad[0].why if worst is Outcome.INCONCLUSIVE else names
            return Markup(f"{bad[0].mark} ({len(bad)} of {len(members)}: {detail})")  # noqa: S704 - escaped
    if not members:
        return Markup(f"{UNKNOWN} (the contract promises nothing here)")  # noqa: S704 - our own
    if all(one.held for one in members):
        return Markup(HELD)  # noqa: S704 - our own
    return Markup(f"{UNKNOWN} (passed, but nothing of it was kept)")  # noqa: S704 - our own


def marks(rows: Iterable[Row]) -> str:
    """The marks of many items, each once, but for that of success."""
    return " ".join(sorted({one.mark for one in rows} - {HELD}))


def named(rows: Iterable[Row], *names: str) -> tuple[Row, ...]:
    """Those of the items that have these names, in the order of the names."""
    found = {one.plain_name: one for one in rows}
    return tuple(found[name] for name in names if name in found)


def families(rows: Iterable[Row]) -> tuple[tuple[Row, ...], ...]:
    """Items by the first word of their names (up to an underscore), in order."""
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(one.plain_name.split("_", 1)[0], []).append(one)
    return tuple(tuple(members) for members in found.values())
