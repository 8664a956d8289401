"""The snapshot document: the user's own shape, live values, and no mark that was not earned."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Callable

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.kinds.load import load_contract
from gate.kinds.step import Step
from gate.report.account import Account
from gate.report.snapshot import document
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.observed import Observed

SHAPE = """\
# STATE_SNAPSHOT_BEFORE.md - ATUM DESK Enhancement Deployment
**Date:**
**Time:**
**Host:**
**User:**
**CWD:**
---
## Services Status (Pre-Deployment)
| Service | Status | Uptime |
|---------|--------|--------|
---
## Port Map
| Port | Service | PID |
|------|---------|-----|
---
## Key Paths
| Path | Purpose |
|------|---------|
---
## Runtime Versions
---
## Database Tables (Current)
---
## Alembic Status
---
## Pre-Deployment Health Check
### API Endpoints
### Database
---
## Risk Assessment
| Area | Risk Level | Notes |
|------|------------|-------|
---
## Rollback Plan
---
*Snapshot taken before enhancement deployment*
"""
"""The user's document without its values: headings, fields, rules, table heads, closing line."""


def text_of(account: Account) -> str:
    """The document of an account."""
    return document(account)


def shape_of(text: str) -> str:
    """A document up to the gate's own section, without its values."""
    kept, previous = [], ""
    for line in text.split("\n---\n\n## Gate\n", maxsplit=1)[0].splitlines():
        if line.startswith(("#", "---", "*Snapshot")):
            kept.append(line)
        elif line.startswith("**"):
            kept.append(line.split(" ")[0])
        elif line.startswith("|-"):
            kept += [previous, line]
        previous = line
    return "\n".join(kept) + "\n"


def test_has_the_shape_of_the_users_document(told: Callable[..., Account]) -> None:
    """Headings, order, fields and table columns are those of the user's document."""
    assert shape_of(text_of(told())) == SHAPE


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("postdeploy", ("_AFTER.md", "(Post-Deployment)", "Post-Deployment Health", "after")),
        (
            "rollback",
            ("_RESTORED.md", "(After Rollback)", "After-Rollback Health", "after rollback of the"),
        ),
    ],
)
def test_later_documents_keep_the_shape(
    told: Callable[..., Account], moment: Moment, words: tuple[str, ...]
) -> None:
    """After and restored differ from before in the words that name the moment, and in no other."""
    old = ("_BEFORE.md", "(Pre-Deployment)", "Pre-Deployment Health", "before")
    expected = SHAPE
    for before, now in zip(old, words, strict=True):
        expected = expected.replace(before, now)
    assert shape_of(text_of(told(moment))) == expected


@pytest.mark.parametrize(
    "line",
    [
        "**Date:** 2026-02-13",
        "**Time:** 15:30 UTC",
        "**Host:** Hera",
        "**CWD:** /data/ATUM DESK",
        "| atum-desk-api.service | active (running) | 4h 28m |",
        "| atum-desk-sla-worker.service | active (running) | 17h |",
        "| redis | active (running) | 3d 4h |",
        "| 8000 | atum-desk-api | 443469, 443468, 443467, 443466 |",
        "| 5432 | postgresql | - |",
        "| /data/ATUM DESK/atum-desk/api | API application |",
        "- Python: 3.10.12",
        "- PostgreSQL: 16.11",
        "- Node Exporter: Not installed",
        "- Redis: 6.0.16 (to be disabled)",
        "13 tables including:",
        "- tickets, users, organizations",
        "- rag_documents, rag_chunks, rag_nodes, rag_edges",
        "- Current: phase3_rag_graph",
        "- Pending migration: phase4_job_queue_ai (ready to create)",
        "- /api/v1/tickets: ✅",
        "- /api/v1/internal/tickets/{id}/copilot: ✅ (47s response)",
        "- /api/v1/etl/health: ✅ (Polars 1.12.0)",
        "- Tables exist: ✅",
        "- HNSW index on rag_chunks: ✅",
        "| Schema migration | MEDIUM | New tables + columns |",
        "1. alembic downgrade to phase3_rag_graph",
        "2. Restart services",
    ],
)
def test_live_value(told: Callable[..., Account], line: str) -> None:
    """Each kind of line is written as the user wrote it."""
    assert line in text_of(told()).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "| redis | inactive (dead) | - |",
        "| atum-desk-job-worker.service | active (running) | 1m |",
        "- Redis: 6.0.16 (disabled)",
        "- Node Exporter: 1.3.1",
        "14 tables including:",
        "- job_queue",
        "- Pending migration: none",
    ],
)
def test_live_value_after(told: Callable[..., Account], line: str) -> None:
    """The enhancement's own services, versions and tables stand in the document after it."""
    assert line in text_of(told("postdeploy")).splitlines()


def test_what_goes_away_is_not_listed(told: Callable[..., Account]) -> None:
    """A port that is promised to be closed, and is, has no row; nor has a unit before it comes."""
    assert "| 6379 |" not in text_of(told("postdeploy"))
    assert "job-worker.service |" not in text_of(told())


def test_rollback_steps_say_how_they_ended(told: Callable[..., Account]) -> None:
    """After a rollback a step that was carried out has its duration, another one no mark."""
    lines = text_of(told("rollback")).splitlines()
    assert "1. alembic downgrade to phase3_rag_graph ✅ (1.2s)" in lines
    assert "2. Restart services" in lines


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.FAIL, "- /api/v1/tickets: ❌ (500 text/html)"),
        (Outcome.INCONCLUSIVE, "- /api/v1/tickets: ❔ (no login: refused)"),
        (Outcome.WARN, "- /api/v1/tickets: ⚠️ (500 text/html)"),
        (None, "- /api/v1/tickets: ❔ (no test accounted for it in this run)"),
    ],
)
def test_mark_follows_the_outcome(
    told: Callable[..., Account], outcome: Outcome | None, expected: str
) -> None:
    """A broken promise shows what was seen, a failed look its reason."""
    result = outcome and Result(outcome=outcome, seen="500 text/html", reason="no login: refused")
    text = text_of(told(results={"endpoint.tickets": result}))
    assert expected in text.splitlines()


def test_broken_rows_are_marked(told: Callable[..., Account]) -> None:
    """A row of a table shows what was seen, the mark, and the reason where it is not the same."""
    broken = Result(outcome=Outcome.FAIL, seen="x", reason="not settled")
    text = text_of(told(results={"service.api": broken, "port.api": broken, "table.users": broken}))
    assert "| atum-desk-api.service | active (running) ❌ (not settled) | 4h 28m |" in text
    assert "443466 ❌ (not settled) |" in text
    assert "- tickets, users ❌, organizations" in text
    assert "- Tables exist: ❌ (x)" in text


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (Result(outcome=Outcome.PASS), "- Clock of the host: 2026-02-13 15:30:00 UTC"),
        (
            Result(outcome=Outcome.FAIL, reason="9 s ahead"),
            "- Clock of the host: 2026-02-13 15:30:00 UTC ❌ (9 s ahead)",
        ),
    ],
)
def test_clocks_stand_behind_the_users_document(
    told: Callable[..., Account], result: Result, line: str
) -> None:
    """The gate's own section tells what each clock told, and what is wrong with it."""
    own = text_of(told(results={"clock.host": result})).split("## Gate\n")[1]
    assert {line, "- Clock of the database: 2026-02-13 15:30:00 UTC"} <= set(own.splitlines())


def test_waived_item_is_no_success(told: Callable[..., Account]) -> None:
    """A waived item has a mark of its own."""
    waived = Result(outcome=Outcome.WAIVED, seen="root:root", reason="waived until 2026-12-31")
    text = text_of(told(results={"path.api": waived}))
    assert "/atum-desk/api ⚠️ (waived until 2026-12-31) | API application |" in text


def test_nothing_looked_at_shows_no_success(told: Callable[..., Account]) -> None:
    """Without a look there is the same shape, and not one mark of success, whatever passed."""
    text = text_of(told(observed=None))
    assert shape_of(text) == SHAPE
    assert "✅" not in text
    assert "| redis | ❔ cannot tell (nothing was looked at) | - |" in text


def unreachable(observed: Observed) -> Observed:
    """The look with everything out of reach."""
    reason = CannotTell("ssh: connect to host hera port 22: timed out", Cause.UNREACHABLE)
    return observed.model_copy(update={"host": reason, "database": reason, "api": reason})


def test_out_of_reach_is_not_absent(
    told: Callable[..., Account], look: Callable[[Moment], Observed]
) -> None:
    """What could not be looked at is neither closed nor missing nor held."""
    text = text_of(told(observed=unreachable(look("predeploy"))))
    assert "✅" not in text
    assert "closed" not in text
    assert "Not installed" not in text
    assert "- Clock of the host: ❔ cannot tell (ssh: connect to host hera" in text
    assert "❔ tables (cannot tell: ssh: connect to host hera port 22: timed out)" in text


def test_proven_absence_is_told(
    told: Callable[..., Account], look: Callable[[Moment], Observed]
) -> None:
    """A unit that is proven not to be there is "not found", a port "closed"."""
    observed = look("predeploy")
    assert isinstance(observed.host, Seen)
    host = observed.host.value
    units = {**host.units, "redis-server.service": Absent("LoadState=not-found")}
    changed = host.model_copy(update={"units": units, "listeners": Seen(())})
    broken = Result(outcome=Outcome.FAIL, seen="absent", reason="closed")
    text = text_of(
        told(
            results={"service.redis": broken, "port.redis": broken},
            observed=observed.model_copy(update={"host": Seen(changed)}),
        )
    )
    assert "| redis | not found ❌ (closed) | - |" in text
    assert "| 6379 | redis | closed ❌ |" in text


def test_values_cannot_break_the_tables(
    told: Callable[..., Account], look: Callable[[Moment], Observed]
) -> None:
    """What a target says is escaped: pipes, tags, line feeds, escape sequences."""
    observed = look("predeploy")
    assert isinstance(observed.host, Seen)
    nasty = "a|b\n\x1b[31m<img src=x>`\u202e"
    identity = observed.host.value.identity.model_copy(update={"hostname": nasty})
    host = observed.host.value.model_copy(update={"identity": identity})
    text = text_of(told(observed=observed.model_copy(update={"host": Seen(host)})))
    assert "**Host:** a\\|b \\<img src=x\\>\\`\ufffd" in text.splitlines()


def test_gate_section_tells_the_rest(told: Callable[..., Account]) -> None:
    """Verdict, reasons and what was not run stand behind the closing line."""
    unknown = Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): no answer in 5 s")
    results = {"table.users": unknown, "table.tickets": unknown, "port.api": None}
    gate = text_of(told(results=results)).split("*Snapshot taken before enhancement deployment*")[1]
    assert "**verdict: PARTIAL (exit 10): 3 INCONCLUSIVE, 44 PASS of 47 items**" in gate
    assert "- ❔ database, 2 items: timeout: no answer in 5 s (table: tickets, users)" in gate
    assert "- 1 item: port.api" in gate


def test_sandbox_is_named_and_its_places_too(told: Callable[..., Account]) -> None:
    """An embedded target says so in the heading, and where its ports and paths really are."""
    account = told()
    moved = {"embedded": True, "port_offset": 31000, "prefix": "/run/box"}
    account = dataclasses.replace(account, target=account.target.model_copy(update=moved))
    text = text_of(account)
    assert "**Host:** Hera (embedded sandbox, no real host)" in text
    assert "this target adds 31000" in text
    assert "here they lie below /run/box" in text
    assert "| 8000 | atum-desk-api | closed |" in text


def test_the_suite_tells_the_deployment_s_steps_after_it_alone(
    told: Callable[..., Account],
) -> None:
    """A row for each step of the deployment, in their order; the user's own document has none."""
    root = pathlib.Path(__file__).resolve().parents[3]
    contract = load_contract(root / "tests" / "contract")
    steps = sorted(
        (one.after for one in contract.promises.values() if isinstance(one.after, Step)),
        key=lambda one: one.order,
    )
    titles = [one.title for one in steps if one.phase == "deploy"]
    after = document(told("postdeploy", contract=contract))
    _, _, rest = after.partition("## Deployment Steps")
    rows = [one for one in rest.partition("\n---\n")[0].splitlines() if re.match(r"\| \d", one)]
    assert [one.split(" | ")[0] for one in rows] == [f"| {n}" for n in range(1, len(titles) + 1)]
    assert [one.split(" | ")[1].replace("\\", "") for one in rows] == titles
    for moment in ("predeploy", "rollback"):
        assert "## Deployment Steps" not in document(told(moment, contract=contract))
