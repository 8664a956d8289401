"""A small contract, a healthy look at what it promises, and the account of both.

The builders are plain functions; tests take what a builder made and change what they are about.
"""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result, verdict
from gate.catalog.model import Catalog, Column, Constraint, Index, Table
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.kinds.service import Service
from gate.kinds.waiver import Waiver
from gate.plan.facts import PlanFacts, StepRecord
from gate.report.account import Account
from gate.sources.api.facts import Answer, ApiFacts, Timing
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, Fact, Seen
from gate.sources.host.facts import (
    HostFacts,
    Identity,
    Journal,
    Listener,
    Path,
    Process,
    Unit,
    UnitReading,
)
from gate.sources.migrations.chain import chain
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from gate.target import Target, load_target

NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
API = "/data/ATUM DESK/atum-desk/api"
CONTRACT = pathlib.Path(__file__).parent / "contract"
TABLES = (
    *("alembic_version", "audit_log", "kb_articles", "kb_categories", "organizations"),
    *("rag_chunks", "rag_documents", "rag_edges", "rag_nodes"),
    *("sla_calculations", "sla_policies", "tickets", "users"),
)


def unit(name: str, state: str, minutes: float | None, pid: int = 0) -> Unit:
    """A settled unit that came up so many minutes ago."""
    active, sub = state.rstrip(")").split(" (")
    started = NOW - dt.timedelta(minutes=minutes) if minutes is not None else None
    reading = UnitReading(
        main_pid=pid, started_monotonic_us=pid * 10, restarts=0, active_state=active
    )
    return Unit(
        asked=name,
        id=name,
        load_state="loaded",
        active_state=active,
        sub_state=sub,
        result="success",
        unit_file_state="enabled" if minutes is not None else "disabled",
        starts_at_boot=Seen(minutes is not None),
        why_at_boot="unit file state",
        need_daemon_reload=False,
        fragment_path=f"/etc/systemd/system/{name}",
        drop_ins=(),
        control_group=f"/system.slice/{name}",
        main_pid=pid,
        started=started,
        readings=(reading, reading),
        window_s=1.0,
        process_state=Seen("S (sleeping)"),
        pids=Seen((pid,) if pid else ()),
        executable=Seen("/usr/bin/x"),
        journal=Seen(Journal()),
    )


def listener(port: int, address: str, owner: str, *pids: int) -> Listener:
    """A socket; without PIDs they cannot be seen."""
    return Listener(
        address=address,
        port=port,
        family="ipv4",
        v6only=None,
        pids=Seen(pids) if pids else Absent("not shown to this user"),
        units=Seen((owner,)),
        uid=1000,
    )


def process(pid: int, parent: int) -> Process:
    """A process of the API; a later PID is a younger process."""
    return Process(
        pid=pid,
        parent=parent,
        user="navi",
        started=NOW - dt.timedelta(hours=5) + dt.timedelta(seconds=pid % 1000),
        state="S",
        executable=Seen("/usr/bin/python3"),
        cwd=Seen(API),
        command="uvicorn app.main:app",
    )


def host(*, after: bool) -> HostFacts:
    """The host as it is before or after the enhancement."""
    up: dict[str, tuple[str, float | None, int]] = {
        "atum-desk-api.service": ("active (running)", 2 if after else 268, 443465),
        "atum-desk-sla-worker.service": ("active (running)", 17 * 60 + 12, 900),
        "redis-server.service": ("inactive (dead)", None, 0)
        if after
        else ("active (running)", 3 * 1440 + 250, 800),
    }
    if after:
        up["atum-desk-job-worker.service"] = ("active (running)", 1, 950)
    units: dict[str, Fact[Unit]] = {"atum-desk-job-worker.service": Absent("LoadState=not-found")}
    units |= {name: Seen(unit(name, *rest)) for name, rest in up.items()}
    listeners = [
        listener(8000, "0.0.0.0", "atum-desk-api.service", *range(443465, 443470)),  # noqa: S104 - data
        listener(5432, "127.0.0.1", "postgresql@16-main.service"),
    ]
    if not after:
        listeners.append(listener(6379, "127.0.0.1", "redis-server.service", 800))
    folder = Path(
        path=API,
        resolved=API,
        type="directory",
        owner="navi",
        group="navi",
        mode="0755",
        free_bytes=Seen(10**10),
    )
    return HostFacts(
        identity=Identity(
            hostname="Hera",
            user="navi",
            os="Ubuntu 22.04",
            kernel="5.15.0",
            init="systemd",
            clock=NOW,
            booted=NOW - dt.timedelta(days=9),
            privileges="user",
        ),
        units=units,
        listeners=Seen(tuple(listeners)),
        processes={443465: process(443465, 1)}
        | {pid: process(pid, 443465) for pid in range(443466, 443470)},
        paths={API: Seen(folder)},
        outputs={
            "runtime.python": Seen("Python 3.10.12\n"),
            "runtime.redis": Seen("Redis server v=6.0.16 sha=00000000:0"),
            "runtime.node_exporter": Seen("node_exporter, version 1.3.1")
            if after
            else Absent("command not found"),
        },
        packages={},
        tools={},
        files={},
    )


def catalog(*, after: bool) -> Catalog:
    """The tables of the contract with a column and a key each, and the HNSW index."""
    names = [*TABLES, "job_queue"] if after else TABLES
    tables = {
        name: Table(
            name=name,
            columns={"id": Column(name="id", type="uuid", nullable=False)},
            constraints={
                f"pk_{name}": Constraint(name=f"pk_{name}", definition="PRIMARY KEY (id)")
            },
        )
        for name in names
    }
    if after:
        columns = {
            **tables["tickets"].columns,
            "sla_risk_score": Column(name="sla_risk_score", type="double precision", nullable=True),
        }
        tables["tickets"] = tables["tickets"].model_copy(update={"columns": columns})
    hnsw = Index(
        name="ix_rag_chunks_hnsw",
        table="rag_chunks",
        method="hnsw",
        columns=("embedding vector_cosine_ops",),
        unique=False,
        options={"m": "16", "ef_construction": "64"},
    )
    return Catalog(
        tables=tables, indexes={hnsw.name: hnsw}, enums={}, extensions={"vector": "0.6.0"}
    )


def answer(path: str, body: Any, seconds: float = 0.012, status: int = 200) -> Fact[Answer]:
    """An answer of the API."""
    return Seen(
        Answer(
            method="GET",
            url=f"http://127.0.0.1:8000{path}",
            status=status,
            content_type="application/json",
            body=body,
            is_json=True,
            elapsed_s=seconds,
            timing=Timing(samples_s=(seconds, seconds * 2, seconds)),
        )
    )


def observe(moment: Moment) -> Observed:
    """A healthy look at one moment."""
    after = moment == "postdeploy"
    at = "phase4_job_queue_ai" if after else "phase3_rag_graph"
    files = {
        "3.py": 'revision = "phase3_rag_graph"\ndown_revision = None\n',
        "4.py": 'revision = "phase4_job_queue_ai"\ndown_revision = "phase3_rag_graph"\n',
    }
    running = files if after else {"3.py": files["3.py"]}
    return Observed(
        target="hera",
        moment=moment,
        started=NOW,
        finished=NOW + dt.timedelta(seconds=48),
        seconds={"host": 1.2, "database": 0.3, "api": 47.1},
        sources={
            "host": Seen(host(after=after)),
            "database": Seen(
                DatabaseFacts(
                    server_version="16.11 (Ubuntu 16.11-1.pgdg22.04+1)",
                    database="atum_desk",
                    user="gate_reader",
                    superuser=False,
                    read_only=True,
                    clock=NOW,
                    started=NOW - dt.timedelta(days=2),
                    in_recovery=False,
                    catalog=catalog(after=after),
                    alembic=Seen((at,)),
                    work={},
                )
            ),
            "api": Seen(
                ApiFacts(
                    base="http://127.0.0.1:8000",
                    answers={
                        "endpoint.tickets": answer("/api/v1/tickets", []),
                        "endpoint.copilot": answer("/copilot", {"summary": "x"}, 46.8),
                        "endpoint.etl_health": answer("/api/v1/etl/health", {"version": "1.12.0"}),
                        "endpoint.metrics": answer("/metrics", "", 0.01, 200 if after else 404),
                    },
                )
            ),
            "plan": _plan()
            if moment == "rollback"
            else Absent("no plan was carried out by this run"),
            "migrations": Seen(
                Chains(
                    folders={
                        "/data/versions": Seen(chain("/data/versions", files)),
                        "/data/running": Seen(chain("/data/running", running)),
                    }
                )
            ),
            "rehearsal": Absent("nothing was rehearsed by this run"),
        },
    )


def _plan() -> Fact[PlanFacts]:
    record = StepRecord(
        step="step.rollback_downgrade",
        command="alembic downgrade phase3_rag_graph",
        started=NOW,
        seconds=1.24,
        exit_status=0,
        output="",
    )
    return Seen(PlanFacts(steps={"step.rollback_downgrade": Seen(record)}))


@pytest.fixture
def contract() -> Contract:
    """The small contract."""
    return load_contract(CONTRACT)


@pytest.fixture
def target() -> Target:
    """A host."""
    return load_target("hera", CONTRACT.parent)


@pytest.fixture
def look() -> Callable[[Moment], Observed]:
    """A function that makes a healthy look at a moment."""
    return observe


@pytest.fixture
def told(contract: Contract, target: Target) -> Callable[..., Account]:
    """A function ``told(moment, {id: Result}, **changes)`` that makes an account.

    Every item passes that is not given another result; ``None`` leaves it out.
    """

    def told(
        moment: Moment = "predeploy",
        results: Mapping[str, Result | None] | None = None,
        **changes: Any,
    ) -> Account:
        promises = changes.get("contract", contract).at(moment)
        waivers = contract.of(Waiver, moment)
        found = {one.id: [_passed(one.at(moment))] for one in promises}
        for id_, result in (results or {}).items():
            found[id_] = [result] if result else []
        given: dict[str, Any] = {
            "contract": contract,
            "target": target,
            "moment": moment,
            "verdict": verdict(promises, found, waivers, moment=moment, today=NOW.date()),
            "observed": observe(moment),
            "started": NOW,
            "finished": NOW + dt.timedelta(seconds=49),
        }
        return Account(**(given | changes))

    return told


def _passed(item: object) -> Result:
    promised = item.state if isinstance(item, Service) else "as written"
    return Result(outcome=Outcome.PASS, promised=promised, seen=promised)
