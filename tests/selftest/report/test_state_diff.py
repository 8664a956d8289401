"""The comparison of two looks: promised changes, changes that were not promised, and neither."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result
from gate.catalog.model import Catalog
from gate.contract.item import Moment
from gate.kinds.kind import State
from gate.kinds.load import load_contract
from gate.plan.facts import PlanFacts, StepRecord
from gate.report import snapshot
from gate.report.account import Account
from gate.report.drift import Kind, compare
from gate.report.replay import replay_of
from gate.report.state_diff import document
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.facts import HostFacts
from gate.sources.observed import Observed

Look = Callable[[Moment], Observed]


def with_host(observed: Observed, **changes: Any) -> Observed:
    """The look with facts of its host replaced."""
    assert isinstance(observed.host, Seen)
    host: HostFacts = observed.host.value.model_copy(update=changes)
    return observed.model_copy(update={"host": Seen(host)})


def catalog_of(observed: Observed) -> Catalog:
    """The look's catalog."""
    assert isinstance(observed.database, Seen)
    return observed.database.value.catalog


def with_catalog(observed: Observed, **changes: Any) -> Observed:
    """The look with parts of its catalog replaced."""
    assert isinstance(observed.database, Seen)
    catalog = catalog_of(observed).model_copy(update=changes)
    facts = observed.database.value.model_copy(update={"catalog": catalog})
    return observed.model_copy(update={"database": Seen(facts)})


def kinds(account: Account, before: Observed, after: Observed) -> dict[str, Kind]:
    """What became of each thing that is not unchanged."""
    changes = compare(account.contract, account.target, before, after, account.verdict)
    return {one.id: one.kind for one in changes if one.kind is not Kind.SAME}


def text_of(account: Account, before: Observed | None) -> str:
    """The document of an account."""
    assert account.observed is not None
    return document(
        account.contract,
        account.target,
        before,
        account.observed,
        after_verdict=account.verdict,
    )


EXPECTED = {
    "service.api": Kind.PROMISED,
    "service.redis": Kind.PROMISED,
    "service.job_worker": Kind.PROMISED,
    "service.postgresql": Kind.UNKNOWN,
    "port.redis": Kind.PROMISED,
    "runtime.node_exporter": Kind.PROMISED,
    "database.tables": Kind.PROMISED,
    "table.job_queue": Kind.PROMISED,
    "column.tickets_sla_risk_score": Kind.PROMISED,
    "migration.current": Kind.PROMISED,
    "migration.head": Kind.PROMISED,
    "migration.pending": Kind.PROMISED,
    "endpoint.metrics": Kind.PROMISED,
}
"""The healthy deployment; the small look does not ask for PostgreSQL's unit."""


def test_a_good_deployment_changes_what_was_promised(
    told: Callable[..., Account], look: Look
) -> None:
    """Every promised change happened, nothing else changed, and tickets' new column is no drift."""
    assert kinds(told("postdeploy"), look("predeploy"), look("postdeploy")) == EXPECTED


def test_nothing_deployed_is_red(told: Callable[..., Account], look: Look) -> None:
    """Where nothing changed, every promised change is missing."""
    broken = Result(outcome=Outcome.FAIL, reason="is as before")
    account = told("postdeploy", dict.fromkeys(EXPECTED, broken))
    after = look("predeploy").model_copy(update={"moment": "postdeploy"})
    found = kinds(account, look("predeploy"), after)
    assert found == {
        id_: Kind.UNKNOWN if id_ == "service.postgresql" else Kind.MISSING for id_ in EXPECTED
    }


@pytest.mark.parametrize(
    ("result", "kind", "words"),
    [
        (Result(outcome=Outcome.FAIL), Kind.MISSING, "changed, but not to what was promised"),
        (Result(outcome=Outcome.WAIVED), Kind.MISSING, "waived"),
        (Result(outcome=Outcome.INCONCLUSIVE), Kind.UNKNOWN, "whether as promised was not told"),
        (None, Kind.UNKNOWN, "whether as promised was not told"),
    ],
)
def test_only_what_passed_happened_as_promised(
    told: Callable[..., Account], look: Look, result: Result | None, kind: Kind, words: str
) -> None:
    """A change is as promised where its item passed, never merely because it changed."""
    account = told("postdeploy", {"migration.current": result})
    assert kinds(account, look("predeploy"), look("postdeploy"))["migration.current"] is kind
    assert words in text_of(account, look("predeploy"))


def test_a_change_that_was_there_before_is_said(told: Callable[..., Account], look: Look) -> None:
    """What was already so before is as promised, with that remark."""
    after = look("postdeploy")
    before = with_catalog(look("predeploy"), tables=catalog_of(after).tables)
    assert (
        "| table.job_queue | as written | 1 column, 1 key | 1 column, 1 key; was so already |"
        in (text_of(told("postdeploy"), before))
    )


def test_drift_of_the_host(told: Callable[..., Account], look: Look) -> None:
    """A unit that stopped, a port that is bound wider and a reboot were not promised."""
    after = look("postdeploy")
    assert isinstance(after.host, Seen)
    host = after.host.value
    assert isinstance(host.listeners, Seen)
    wide = tuple(
        one.model_copy(update={"address": "0.0.0.0"})  # noqa: S104 - data
        for one in host.listeners.value
    )
    after = with_host(
        after,
        units={**host.units, "atum-desk-sla-worker.service": Absent("LoadState=not-found")},
        listeners=Seen(wide),
        identity=host.identity.model_copy(update={"booted": host.identity.clock}),
    )
    found = kinds(told("postdeploy"), look("predeploy"), after)
    drift = {id_ for id_, kind in found.items() if kind is Kind.DRIFT}
    assert drift == {"service.sla_worker", "port.postgresql", "boot"}


def test_drift_of_the_schema(told: Callable[..., Account], look: Look) -> None:
    """Columns, indexes and objects that nobody promised are drift; a new table's own are not."""
    after = look("postdeploy")
    catalog = catalog_of(after)
    users = catalog.tables["users"]
    columns = {"id": users.columns["id"].model_copy(update={"type": "bigint"})}
    hnsw = catalog.indexes["ix_rag_chunks_hnsw"]
    after = with_catalog(
        after,
        tables={
            **catalog.tables,
            "users": users.model_copy(update={"columns": columns}),
            "left_over": users.model_copy(update={"name": "left_over"}),
        },
        indexes={
            hnsw.name: hnsw.model_copy(update={"valid": False}),
            "ix_new": hnsw.model_copy(update={"name": "ix_new"}),
        },
        objects={"trigger users.touch": "x", "sequence public.job_queue_id_seq": "y"},
    )
    account = told("postdeploy", observed=after)
    found = kinds(account, look("predeploy"), after)
    drift = {id_ for id_, kind in found.items() if kind is Kind.DRIFT}
    assert drift == {
        *("table.users", "index.ix_rag_chunks_hnsw"),
        *("table left_over", "index ix_new", "trigger users.touch"),
    }
    text = text_of(account, look("predeploy"))
    assert "column id is bigint not null, was uuid not null" in text
    assert "ef_construction=64, m=16) INVALID |" in text


def test_a_failed_look_is_no_change(told: Callable[..., Account], look: Look) -> None:
    """Where one of the looks could not tell, nothing is drift and nothing happened."""
    reason = CannotTell("connection refused", Cause.UNREACHABLE)
    after = look("postdeploy").model_copy(update={"database": reason})
    found = kinds(told("postdeploy"), look("predeploy"), after)
    assert found["table.users"] is Kind.UNKNOWN
    assert found["table.job_queue"] is Kind.UNKNOWN
    assert Kind.DRIFT not in found.values()


def test_a_rollback_promises_no_change(told: Callable[..., Account], look: Look) -> None:
    """Restored means as before: what the enhancement left behind is drift."""
    restored = look("rollback")
    assert set(kinds(told("rollback"), look("predeploy"), restored).values()) == {Kind.UNKNOWN}
    left = look("postdeploy").model_copy(update={"moment": "rollback"})
    found = kinds(told("rollback", observed=left), look("predeploy"), left)
    assert found["table.job_queue"] is Kind.DRIFT
    assert found["migration.current"] is Kind.DRIFT


def test_without_a_look_from_before_it_says_so(told: Callable[..., Account]) -> None:
    """There is a document, and it compares nothing."""
    text = text_of(told("postdeploy"), None)
    assert "Nothing can be compared: there is no look from before." in text
    assert "## Summary" not in text


def test_summary_counts_and_times(told: Callable[..., Account], look: Look) -> None:
    """The summary has every kind; response times stand side by side."""
    text = text_of(told("postdeploy"), look("predeploy"))
    assert "- 0 promised, and did not happen\n- 0 happened, and was not promised" in text
    assert "- 12 happened as promised" in text
    assert "| budget.tickets ✅ | 12ms | 12ms | 1.00 |" in text


RESTARTS = """
[about]
system = "Restarts"
[step.back]
title = "The services are started anew"
source = "the plan"
phase = "rollback"
order = 1
run = "{run}"
"""
API = """
[service.api]
title = "The API runs"
source = "snapshot"
unit = "atum-desk-api.service"
after = { state = "active (running)", restarted = true }
before = { state = "active (running)" }
"""


@pytest.mark.parametrize(
    ("run", "late_s", "state", "expected"),
    [
        ("systemctl restart atum-desk-api atum-desk-sla-worker", 20, "done", Kind.PROMISED),
        ("systemctl stop atum-desk-api.service", 20, "done", Kind.DRIFT),
        ("systemctl restart atum-desk-api-worker.service", 20, "done", Kind.DRIFT),
        ("systemctl restart atum-desk-api.service", 600, "done", Kind.DRIFT),
        ("systemctl restart atum-desk-api.service", -600, "done", Kind.DRIFT),
        ("systemctl restart atum-desk-api.service", 20, "done already", Kind.DRIFT),
        ("systemctl restart atum-desk-api.service", 600, "", Kind.PROMISED),
    ],
)
def test_a_restart_that_a_step_promises_is_no_drift(
    *,
    told: Callable[..., Account],
    look: Look,
    tmp_path: pathlib.Path,
    run: str,
    late_s: int,
    state: str,
    expected: Kind,
) -> None:
    """Only within the step, only of a unit that it names; without a record, what the plan says."""
    (tmp_path / "plan.toml").write_text(RESTARTS.replace("{run}", run), "utf-8")
    (tmp_path / "services.toml").write_text(API, "utf-8")
    contract = load_contract(tmp_path)
    before, restored = look("predeploy"), look("rollback")
    assert isinstance(restored.host, Seen)
    host = restored.host.value
    began = host.identity.clock + dt.timedelta(seconds=5)
    unit = host.units["atum-desk-api.service"]
    assert isinstance(unit, Seen)
    later = {"started_monotonic_us": unit.value.readings[-1].started_monotonic_us + 1_000_000}
    readings = tuple(one.model_copy(update=later) for one in unit.value.readings)
    start = {"started": began + dt.timedelta(seconds=late_s), "readings": readings}
    anew = unit.value.model_copy(update=start)
    restored = with_host(restored, units={**host.units, "atum-desk-api.service": Seen(anew)})
    plan: Any = Absent("no plan was carried out by this run")
    if state:
        record = StepRecord(
            step="step.back",
            command=run,
            started=began,
            seconds=30.0,
            exit_status=0,
            output="",
            state=state,
        )
        plan = Seen(PlanFacts(steps={"step.back": Seen(record)}))
    restored = restored.model_copy(update={"sources": {**restored.sources, "plan": plan}})
    account = told("rollback", contract=contract, observed=restored)
    assert kinds(account, before, restored)["service.api"] is expected
    text = text_of(account, before)
    assert ("started anew by step.back" in text) == (expected is Kind.PROMISED)
    assert "up since" in text


def test_the_same_look_is_the_same_document(told: Callable[..., Account], look: Look) -> None:
    """Whatever is judged again, at whatever time, has the same bytes: snapshot and comparison."""
    texts = set()
    for hours in (1, 25):
        now = dt.datetime(2026, 2, 13, tzinfo=dt.timezone.utc) + dt.timedelta(hours=hours)
        replay = replay_of(look("postdeploy"), "observed.json", "0" * 64, now)
        account = told("postdeploy", replay=replay, started=now, finished=now)
        texts.add((text_of(account, look("predeploy")), snapshot.document(account)))
    assert len(texts) == 1


def test_a_clock_that_was_set_starts_nothing() -> None:
    """A start is told by the clock that nobody sets: the wall's may jump between two looks."""
    old = State("active", started="2026-11-28T10:00:00+00:00", start="4711")
    jumped = State("active", started="2026-11-28T10:00:02+00:00", start="4711")
    anew = State("active", started="2026-11-28T10:00:02+00:00", start="9999")
    assert old.same_start == jumped.same_start != anew.same_start
    plain = State("active", started="2026-11-28T10:00:00+00:00")
    assert plain.same_start == "2026-11-28T10:00:00+00:00"
