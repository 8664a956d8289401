"""Sections about the database: its tables, its revision, its health."""

from __future__ import annotations

from collections.abc import Sequence

from gate.account.verdict import Line, Outcome
from gate.contract.database import Database, Index, Migration, Table
from gate.report.marks import HELD, UNKNOWN, mark, marked, unknown, verdict_mark, why
from gate.report.seen import chain_of, current_of, database_of, pending_of
from gate.report.snapshot.view import View
from gate.report.text import markdown, short
from gate.sources.fact import Absent, CannotTell, Seen

LISTED = (
    ("tickets", "users", "organizations"),
    ("kb_articles", "kb_categories"),
    ("rag_documents", "rag_chunks", "rag_nodes", "rag_edges"),
    ("sla_policies", "sla_calculations"),
    ("audit_log",),
)
"""How the user's document groups the tables that it names; new ones are grouped by family."""


def tables(view: View) -> list[str]:
    """How many tables there are, and the important ones by name."""
    fact = database_of(view.observed)
    promised = view.contract.of(Table, view.moment)
    if isinstance(fact, Seen):
        counted = [
            id_ for id_, item in view.contract.of(Database, view.moment).items() if item.tables
        ]
        marks = {mark(view.lines.get(id_)) for id_ in counted} - {HELD}
        suffix = "".join(f" {one}" for one in sorted(marks))
        first = f"{len(fact.value.catalog.tables)} tables{suffix} including:"
    else:
        reason = fact.reason if isinstance(fact, CannotTell) else fact.proof
        first = f"{UNKNOWN} tables (cannot tell: {markdown(short(reason))}), promised including:"
    present = {id_.split(".", 1)[1]: id_ for id_, item in promised.items() if not item.absent}
    lines = []
    for group in (*LISTED, *_new(view, present)):
        names = [f"{name}{_suffix(view, present[name])}" for name in group if name in present]
        lines += [f"- {', '.join(names)}"] if names else []
    return [first, *lines]


def _new(view: View, present: dict[str, str]) -> list[list[str]]:
    """The tables that this side has and the other does not, by the first word of their names."""
    families: dict[str, list[str]] = {}
    for name, id_ in present.items():
        if view.contract.promises[id_].before.absent:
            families.setdefault(name.split("_", 1)[0], []).append(name)
    return list(families.values())


def _suffix(view: View, id_: str) -> str:
    """Nothing behind a table that is held; its mark else, which is never one of success."""
    line = view.lines.get(id_)
    if not isinstance(database_of(view.observed), Seen):
        return f" {UNKNOWN}"
    return "" if line is not None and line.outcome is Outcome.PASS else f" {mark(line)}"


def alembic(view: View) -> list[str]:
    """Where the database is, where its release ends, and what waits."""
    items = view.contract.of(Migration, view.moment)
    lines = []
    for id_, item in items.items():
        if item.current is not None:
            lines.append(f"- Current: {_revisions(current_of(view.observed), view.lines.get(id_))}")
    for id_, item in items.items():
        if item.head is not None:
            chain = chain_of(view.observed, item)
            heads = Seen(chain.value.heads) if isinstance(chain, Seen) else chain
            lines.append(f"- Head: {_revisions(heads, view.lines.get(id_))}")
    for id_, item in items.items():
        if item.pending is not None:
            waiting = pending_of(view.observed, item)
            text = _revisions(waiting, view.lines.get(id_))
            if isinstance(waiting, Seen) and waiting.value:
                text += f" ({markdown(item.note) or 'ready to apply'})"
            lines.append(f"- Pending migration: {text}")
    return lines


def _revisions(fact: Seen[tuple[str, ...]] | Absent | CannotTell, line: Line | None) -> str:
    if isinstance(fact, CannotTell):
        return unknown(fact)
    known = ", ".join(fact.value) if isinstance(fact, Seen) else ""
    text = markdown(known) or "none"
    return marked(text, line)


def database_checks(view: View) -> list[str]:
    """Connection, tables, and each HNSW index."""
    was_seen = isinstance(database_of(view.observed), Seen)
    connects = [
        id_ for id_, item in view.contract.of(Database, view.moment).items() if item.connects_as
    ]
    present = [id_ for id_, item in view.contract.of(Table, view.moment).items() if not item.absent]
    lines = [
        f"- Connection: {_all(view, connects, was_seen=was_seen)}",
        f"- Tables exist: {_all(view, present, was_seen=was_seen)}",
    ]
    for id_, item in view.contract.of(Index, view.moment).items():
        if item.method == "hnsw" and not item.absent:
            text = verdict_mark(view.lines.get(id_), was_seen=was_seen)
            lines.append(f"- HNSW index on {markdown(item.table)}: {text}")
    return lines


def _all(view: View, ids: Sequence[str], *, was_seen: bool) -> str:
    """One mark for many items: the worst of theirs, with the names of those that have it."""
    lines = [view.lines.get(id_) for id_ in ids]
    for worst in (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.WARN):
        bad = [
            id_
            for id_, line in zip(ids, lines, strict=True)
            if (line.outcome if line else Outcome.INCONCLUSIVE) is worst
        ]
        if len(bad) == 1:
            return verdict_mark(view.lines.get(bad[0]), was_seen=was_seen)
        if bad:
            names = short(", ".join(id_.split(".", 1)[1] for id_ in bad), 60)
            first = why(view.lines.get(bad[0]))
            detail = first if worst is Outcome.INCONCLUSIVE else markdown(names)
            return f"{mark(view.lines.get(bad[0]))} ({len(bad)} of {len(ids)}: {detail})"
    if not ids:
        return f"{UNKNOWN} (the contract promises nothing here)"
    return HELD if was_seen else f"{UNKNOWN} (passed, but nothing of it was kept)"
