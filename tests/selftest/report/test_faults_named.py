"""Faults in a look, judged as in a run: the first block of the page names the cause of each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, verdict
from gate.contract.model import Contract
from gate.kinds.scene import Scene
from gate.kinds.waiver import Waiver
from gate.report.account import Account
from gate.report.causes import blocks
from gate.report.html import page
from gate.sources.api.facts import Timing
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.observed import Observed
from gate.target import Target
from tests.selftest.report.conftest import API, answer, listener, observe, unit

Fault = Callable[[Observed], Observed]


def value(observed: Observed, source: str) -> Any:
    """What a source told."""
    fact = observed.told(source)
    assert isinstance(fact, Seen)
    return fact.value


def changed(observed: Observed, source: str, **fields: Any) -> Observed:
    """A look in which a source told something else."""
    told = value(observed, source).model_copy(update=fields)
    return observed.model_copy(update={source: Seen(told)})


def with_unit(observed: Observed, name: str, fact: Any) -> Observed:
    """A look that found this unit so."""
    return changed(observed, "host", units={**value(observed, "host").units, name: fact})


def with_answers(observed: Observed, **answers: Any) -> Observed:
    """A look that was answered so."""
    found = {f"endpoint.{name}": one for name, one in answers.items()}
    old = value(observed, "api").answers
    return changed(observed, "api", answers={**old, **found})


def with_catalog(observed: Observed, **fields: Any) -> Observed:
    """A look that found this in the catalog."""
    catalog = value(observed, "database").catalog.model_copy(update=fields)
    return changed(observed, "database", catalog=catalog)


def without_port(observed: Observed, port: int, *others: Any) -> Observed:
    """A look that found nobody on a port, or others."""
    found = value(observed, "host").listeners.value
    kept = (*(one for one in found if one.port != port), *others)
    return changed(observed, "host", listeners=Seen(kept))


def api_stopped(observed: Observed) -> Observed:
    """The API's unit was stopped: nobody listens, nobody answers."""
    observed = without_port(observed, 8000)
    refused = dict.fromkeys(("tickets", "copilot", "etl_health", "metrics"), Absent("refused"))
    dead = Seen(unit("atum-desk-api.service", "inactive (dead)", None))
    return with_unit(with_answers(observed, **refused), "atum-desk-api.service", dead)


def worker_missing(observed: Observed) -> Observed:
    """The new worker's unit was never installed."""
    name = "atum-desk-job-worker.service"
    return with_unit(observed, name, Absent("LoadState=not-found"))


def redis_runs(observed: Observed) -> Observed:
    """What was to be switched off runs."""
    up = Seen(unit("redis-server.service", "active (running)", 90, 800))
    return with_unit(observed, "redis-server.service", up)


def index_dropped(observed: Observed) -> Observed:
    """The vector index is gone."""
    return with_catalog(observed, indexes={})


def table_missing(observed: Observed) -> Observed:
    """The migration left a table out."""
    tables = dict(value(observed, "database").catalog.tables)
    del tables["job_queue"]
    return with_catalog(observed, tables=tables)


def column_missing(observed: Observed) -> Observed:
    """The migration left a column out."""
    tables = dict(value(observed, "database").catalog.tables)
    left = {"id": tables["tickets"].columns["id"]}
    tables["tickets"] = tables["tickets"].model_copy(update={"columns": left})
    return with_catalog(observed, tables=tables)


def not_migrated(observed: Observed) -> Observed:
    """The database is at the revision from before, and nothing new is there."""
    observed = column_missing(table_missing(observed))
    return changed(observed, "database", alembic=Seen(("phase3_rag_graph",)))


def port_taken(observed: Observed) -> Observed:
    """Something else holds the API's port."""
    other = listener(8000, "0.0.0.0", "nginx.service", 77)  # noqa: S104 - data
    return without_port(observed, 8000, other)


def endpoint_broken(observed: Observed) -> Observed:
    """One address answers with an error."""
    return with_answers(observed, metrics=answer("/metrics", "", 0.01, 500))


def answers_slow(observed: Observed) -> Observed:
    """One address takes too long."""
    slow = answer("/api/v1/tickets", [])
    assert isinstance(slow, Seen)
    timed = slow.value.model_copy(update={"timing": Timing(samples_s=(0.9,) * 5)})
    return with_answers(observed, tickets=Seen(timed))


def folder_gone(observed: Observed) -> Observed:
    """The application's folder is not there."""
    paths = {**value(observed, "host").paths, API: Absent("No such file or directory")}
    return changed(observed, "host", paths=paths)


def database_away(observed: Observed) -> Observed:
    """Nobody answers for the database."""
    gone = CannotTell("connection to server at 127.0.0.1, port 5432 failed", Cause.UNREACHABLE)
    return observed.model_copy(update={"database": gone})


FAULTS: dict[str, tuple[Fault, str, str]] = {
    "the API was stopped": (api_stopped, "service.api", "is inactive (dead)"),
    "a worker is missing": (worker_missing, "service.job_worker", "not there|not found|absent"),
    "Redis still runs": (redis_runs, "service.redis", "active (running)"),
    "an index was dropped": (index_dropped, "index.ix_rag_chunks_hnsw", "is not there"),
    "a table is missing": (table_missing, "table.job_queue", "is not there"),
    "a column is missing": (column_missing, "column.tickets_sla_risk_score", "absent"),
    "it was not migrated": (not_migrated, "migration.current", "phase3_rag_graph"),
    "a port is taken": (port_taken, "port.api", "nginx.service"),
    "an address fails": (endpoint_broken, "endpoint.metrics", "500"),
    "an answer is slow": (answers_slow, "budget.tickets", "0.9 s"),
    "a folder is gone": (folder_gone, "path.api", "not there|No such file"),
    "the database is away": (database_away, "", "port 5432 failed"),
}


def judged(contract: Contract, target: Target, observed: Observed) -> Account:
    """The account of a look, every item judged as a run does it."""
    before = observe("predeploy")
    scene = Scene(
        contract=contract, target=target, moment="postdeploy", observed=observed, baseline=before
    )
    promises = contract.at("postdeploy")
    results = {one.id: [judge(one, scene).result] for one in promises}
    return Account(
        contract=contract,
        target=target,
        moment="postdeploy",
        verdict=verdict(
            promises,
            results,
            contract.of(Waiver, "postdeploy"),
            moment="postdeploy",
            today=dt.date(2026, 2, 13),
        ),
        observed=observed,
        started=observed.started,
        finished=observed.finished,
        baseline=before,
    )


@pytest.fixture
def healthy(contract: Contract, target: Target) -> set[str]:
    """What the small look leaves open or broken where nothing is wrong."""
    account = judged(contract, target, observe("postdeploy"))
    return {one.id for one in account.verdict.lines if one.outcome is not Outcome.PASS}


@pytest.mark.parametrize("name", FAULTS)
def test_the_first_block_names_the_cause(
    contract: Contract, target: Target, healthy: set[str], name: str
) -> None:
    """By its id and in words, with nothing to click; what it took along is in the same block."""
    fault, id_, words = FAULTS[name]
    account = judged(contract, target, fault(observe("postdeploy")))
    found = [one for one in blocks(account) if {line.id for line in one.lines} - healthy]
    first = found[0]
    assert not id_ or first.cause[0].id == id_
    text = page(account, [])
    attention = text.split("Needs attention")[1].split("</section>")[0]
    whole = re.sub(r"<[^>]+>", " ", attention)
    assert re.search("|".join(map(re.escape, words.split("|"))), whole), whole[:2000]
    assert not id_ or id_ in whole
    assert len(found) == 1, [(one.cause[0].id, one.reason) for one in found]


@pytest.mark.parametrize("pair", [("the API was stopped", "an index was dropped")])
def test_two_faults_at_once_are_two_blocks(
    contract: Contract, target: Target, healthy: set[str], pair: tuple[str, str]
) -> None:
    """Each with what it took along."""
    observed = observe("postdeploy")
    for name in pair:
        observed = FAULTS[name][0](observed)
    found = [
        one
        for one in blocks(judged(contract, target, observed))
        if {line.id for line in one.lines} - healthy
    ]
    assert {one.cause[0].id for one in found} == {FAULTS[name][1] for name in pair}


def test_the_largest_evidence_is_cut(contract: Contract, target: Target) -> None:
    """50 MB in one answer: the page says where the rest is, and stays small."""
    body = {"text": "x" * 50_000_000, "more": ["y" * 1000] * 10_000}
    observed = with_answers(observe("postdeploy"), metrics=answer("/metrics", body, 0.01, 500))
    account = judged(contract, target, observed)
    text = page(dataclasses.replace(account, run="a-run"), [])
    assert len(text) < 1_000_000
    assert "cut here; whole in observed.json" in text
