"""The gate says no: faults done by hand to a running sandbox turn exactly the right items."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.sources.fact import Seen, require
from gate.target import Target
from tests.selftest.sandboxes import standing

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHIN_S = 90.0
GREEN_S = 20.0
DESK = "data/ATUM DESK/atum-desk"


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """A running sandbox, to be tampered with.

    Attributes:
        found: What ``python -m sandbox status --json`` says.
    """

    found: dict[str, Any]
    target: Target

    def systemctl(self, *words: str) -> None:
        """Run its ``systemctl``."""
        command = [f"{self.found['bin']}/systemctl", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=WITHIN_S)  # noqa: S603

    def sql(self, *statements: str) -> None:
        """Run statements as the application's owner."""
        with psycopg.connect(service="atum_app", autocommit=True) as connection:
            for one in statements:
                connection.execute(one)

    def path(self, below: str) -> pathlib.Path:
        """A path of the host as it is here."""
        return pathlib.Path(self.found["prefix"]) / below

    def main_pid(self, unit: str) -> int:
        """The main process of a unit."""
        command = [f"{self.found['bin']}/systemctl", "show", "-p", "MainPID", unit]
        done = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, timeout=WITHIN_S
        )
        return int(done.stdout.strip().partition("=")[2])

    def judge(self, *, logs: bool = False, **changed: dict[str, Any]) -> dict[str, str]:
        """Look once; return what does not hold or cannot be told, by item.

        Args:
            logs: Whether logs are judged, too.
            changed: Keys of all items of a kind that are promised otherwise.
        """
        whole = load_contract(ROOT / "tests/contract", self.target.differs, carries_out=True)
        # What a clone shows has tests of its own; what was logged stays until a unit starts anew.
        promises = {
            id_: one
            for id_, one in whole.promises.items()
            if one.kind not in ("rehearsal", "canary")
        }
        for id_, one in promises.items():
            if one.kind in changed and not one.before.absent:
                before = one.before.model_copy(update=changed[one.kind])
                promises[id_] = dataclasses.replace(one, before=before)
        contract = dataclasses.replace(whole, promises=promises)
        observed = look(contract, self.target, "predeploy")
        scene = Scene(contract=contract, target=self.target, moment="predeploy", observed=observed)
        odd: dict[str, str] = {}
        for promise in contract.at("predeploy"):
            if promise.kind == "log" and not logs:
                continue
            try:
                finding = compare(promise, scene)
            except ObservationError as error:
                odd[promise.id] = f"? {error}"
            else:
                if not finding.holds:
                    odd[promise.id] = "; ".join(finding.broken)
        return odd


@pytest.fixture(scope="module")
def started() -> Iterator[Sandbox]:
    """One sandbox for all faults of a worker, gone with it."""
    with standing("faults") as (found, target):
        deadlines = target.deadlines.model_copy(update={"window_s": 0.1})
        yield Sandbox(found, target.model_copy(update={"deadlines": deadlines}))


@pytest.fixture
def sandbox(started: Sandbox) -> Sandbox:
    """The sandbox with nothing wrong."""
    return started


Fault = Callable[[Sandbox], object]


@dataclasses.dataclass(frozen=True)
class Case:
    """One fault: how to do it, how to undo it, and what it turns.

    Attributes:
        turns: By item id, words of the reason; with ``?`` first for what cannot be told.
        more: Further items may turn too, for what hangs on the fault.
    """

    do: Fault
    undo: Fault
    turns: dict[str, str]
    more: tuple[str, ...] = ()


def _stop(unit: str) -> tuple[Fault, Fault]:
    return lambda it: it.systemctl("stop", unit), lambda it: it.systemctl("start", unit)


def _signal(unit: str, number: int) -> Fault:
    return lambda it: os.kill(it.main_pid(unit), number)


def _sql(*statements: str) -> Fault:
    return lambda it: it.sql(*statements)


def _chmod(below: str, mode: int) -> Fault:
    return lambda it: it.path(below).chmod(mode)


def _masked(it: Sandbox) -> None:
    unit = it.path("etc/systemd/system/ollama.service")
    unit.rename(unit.with_suffix(".aside"))
    unit.symlink_to("/dev/null")


def _unmasked(it: Sandbox) -> None:
    unit = it.path("etc/systemd/system/ollama.service")
    unit.unlink()
    unit.with_suffix(".aside").rename(unit)


def _second_head(it: Sandbox) -> None:
    file = it.path(f"{DESK}/api/migrations/versions/9999_other.py")
    file.write_text('revision = "other"\ndown_revision = "ae2bcdc8e643"\n', "utf-8")


def _one_head(it: Sandbox) -> None:
    it.path(f"{DESK}/api/migrations/versions/9999_other.py").unlink()


SLA, RAG = "atum-desk-sla-worker.service", "atum-desk-rag-worker.service"
HNSW = "CREATE INDEX ix_rag_chunks_hnsw ON rag_chunks USING {}"
RIGHT = HNSW.format("hnsw (embedding vector_cosine_ops) WITH (m='16', ef_construction='64')")
DROP = "DROP INDEX ix_rag_chunks_hnsw"

CASES = {
    "worker-stopped": Case(
        *_stop(SLA),
        {
            "service.sla_worker": "is inactive (dead)",
            "work.sla": "nobody works",
            "session.sla_worker": "",
        },
    ),
    "worker-frozen": Case(
        _signal(SLA, signal.SIGSTOP),
        _signal(SLA, signal.SIGCONT),
        {"service.sla_worker": "in state T", "work.sla": "frozen"},
    ),
    "not-enabled": Case(
        lambda it: it.systemctl("disable", RAG),
        lambda it: it.systemctl("enable", RAG),
        {"service.rag_worker": "a reboot would not bring it up"},
    ),
    "masked": Case(_masked, _unmasked, {"service.ollama": "is masked"}, more=("port.ollama",)),
    "redis-stopped": Case(
        *_stop("redis-server.service"),
        {"service.redis": "is inactive (dead)", "port.redis": "nothing listens on port"},
        more=("risk.redis-disable",),
    ),
    "path-mode": Case(
        _chmod(f"{DESK}/data/uploads", 0o777),
        _chmod(f"{DESK}/data/uploads", 0o750),
        {"path.uploads": "mode is 0777"},
    ),
    "path-gone": Case(
        lambda it: it.path("opt/atum-desk/data").rename(it.path("opt/atum-desk/aside")),
        lambda it: it.path("opt/atum-desk/aside").rename(it.path("opt/atum-desk/data")),
        {"path.exports": "there is no"},
        more=("endpoint.api_health",),
    ),
    "btree-for-hnsw": Case(
        _sql(DROP, HNSW.format("btree (id)")),
        _sql(DROP, RIGHT),
        {"index.ix_rag_chunks_hnsw": "access method is btree, not hnsw"},
    ),
    "other-opclass": Case(
        _sql(DROP, HNSW.format("hnsw (embedding vector_l2_ops) WITH (m=16, ef_construction=64)")),
        _sql(DROP, RIGHT),
        {"index.ix_rag_chunks_hnsw": "vector_l2_ops"},
    ),
    "other-m": Case(
        _sql(DROP, HNSW.format("hnsw (embedding vector_cosine_ops) WITH (m=8)")),
        _sql(DROP, RIGHT),
        {"index.ix_rag_chunks_hnsw": "m=8"},
    ),
    "index-gone": Case(_sql(DROP), _sql(RIGHT), {"index.ix_rag_chunks_hnsw": "is not there"}),
    "column-nullable": Case(
        _sql("ALTER TABLE tickets ALTER subject DROP NOT NULL"),
        _sql("ALTER TABLE tickets ALTER subject SET NOT NULL"),
        {"table.tickets": "subject"},
    ),
    "column-extra": Case(
        _sql("ALTER TABLE users ADD surprise integer"),
        _sql("ALTER TABLE users DROP surprise"),
        {"table.users": "surprise"},
    ),
    "table-extra": Case(
        _sql("CREATE TABLE surprise (id integer)"),
        _sql("DROP TABLE surprise"),
        {"database.tables": "34", "database.nothing_else": "surprise"},
        more=("risk.schema-migration",),
    ),
    "enum-label": Case(
        _sql("ALTER TYPE ticketpriority RENAME VALUE 'URGENT' TO 'URGENTEST'"),
        _sql("ALTER TYPE ticketpriority RENAME VALUE 'URGENTEST' TO 'URGENT'"),
        {"enum.ticketpriority": "URGENTEST"},
        more=(
            *("endpoint.tickets", "endpoint.dashboard", "budget.dashboard", "budget.tickets"),
            *(f"access.dashboard.{one}" for one in ("agent", "customer", "manager")),
        ),
    ),
    "phantom-revision": Case(
        _sql("UPDATE alembic_version SET version_num = 'phantom'"),
        _sql("UPDATE alembic_version SET version_num = 'phase3_rag_graph'"),
        {"migration.current": "phantom"},
        more=("migration.pending", "risk.schema-migration"),
    ),
    "two-heads": Case(
        _second_head,
        _one_head,
        {"migration.head": "other"},
        more=("risk.schema-migration",),
    ),
    "customer-is-staff": Case(
        _sql("UPDATE users SET role = 'AGENT' WHERE email = 'customer@north.example'"),
        _sql("UPDATE users SET role = 'CUSTOMER_USER' WHERE email = 'customer@north.example'"),
        {
            "access.search.customer": 'customer is shown "internal" at /results/',
            "access.copilot.customer": "answered 200 to customer",
        },
        more=("endpoint.copilot_customer",),
    ),
    "queue-stuck": Case(
        _sql(
            "INSERT INTO rag_index_queue SELECT (jsonb_populate_record(NULL::rag_index_queue, "
            "jsonb_build_object('id', gen_random_uuid(), 'status', 'failed', "
            "'created_at', now(), 'updated_at', now()) || to_jsonb(q) - 'id' - 'status' || "
            "jsonb_build_object('id', gen_random_uuid(), 'status', 'failed'))).* "
            "FROM rag_index_queue q LIMIT 1"
        ),
        _sql("DELETE FROM rag_index_queue WHERE status::text = 'failed'"),
        {"work.rag": "1 failed"},
    ),
    "database-down": Case(
        *_stop("postgresql@16-main.service"),
        {
            "service.postgresql": "is inactive (dead)",
            "port.postgresql": "nothing listens on port",
            "database.connection": "? cannot tell (unreachable)",
            "table.tickets": "? cannot tell (unreachable)",
            "endpoint.api_health": "database",
        },
        more=("*",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_turns_its_items(sandbox: Sandbox, name: str) -> None:
    """Exactly the items of the fault turn, and all hold again when it is undone."""
    case = CASES[name]
    case.do(sandbox)
    try:
        odd = sandbox.judge()
    finally:
        case.undo(sandbox)
    _wait_for_green(sandbox)
    wanted = {id_: words for id_, words in case.turns.items() if "*" not in id_}
    wrong = {
        id_: odd.get(id_, "holds") for id_, words in wanted.items() if words not in odd.get(id_, "")
    }
    assert wrong == {}, f"expected {wanted}"
    assert set(wanted) <= set(odd)
    assert "*" in case.more or set(odd) - set(wanted) <= set(case.more), odd


def test_an_old_process_that_still_answers_is_found(sandbox: Sandbox) -> None:
    """A worker from before the unit's start stands against the port, though all else holds."""
    whole = load_contract(ROOT / "tests/contract", sandbox.target.differs, carries_out=True)
    observed = look(whole, sandbox.target, "predeploy")
    assert isinstance(observed.host, Seen)
    host = observed.host.value
    listeners = require(host.listeners, "listeners")
    number = sandbox.target.port(8000)
    (pid, *_) = next(require(one.pids, "PIDs") for one in listeners if one.port == number)
    older = host.processes[pid].started - dt.timedelta(hours=1)
    aged = host.processes[pid].model_copy(update={"started": older})
    changed = host.model_copy(update={"processes": {**host.processes, pid: aged}})
    scene = Scene(
        contract=whole,
        target=sandbox.target,
        moment="predeploy",
        observed=observed.model_copy(update={"host": Seen(changed)}),
    )
    finding = compare(whole.promises["port.api"], scene)
    assert [f"process {pid} answers since" in one for one in finding.broken] == [True]


def test_a_row_that_is_kept_under_a_500_is_named(sandbox: Sandbox) -> None:
    """The canary says so after the deployment as well, and takes its row away all the same."""
    whole = load_contract(ROOT / "tests/contract", sandbox.target.differs, carries_out=True)
    wanted = ("canary.ticket", "canary.ticket.left", "endpoint.login")
    promises = {id_: whole.promises[id_] for id_ in wanted}
    contract = dataclasses.replace(whole, promises=promises)
    fault = pathlib.Path(sandbox.found["home"]) / "fault"
    fault.write_text("500-after-commit", "utf-8")
    try:
        observed = look(contract, sandbox.target, "predeploy")
    finally:
        fault.unlink()
    scene = Scene(contract=contract, target=sandbox.target, moment="predeploy", observed=observed)
    (broken,) = compare(promises["canary.ticket"], scene).broken
    assert broken.startswith("answered 500 although its row was committed")
    with psycopg.connect(service="atum_app") as connection:
        left = "SELECT count(*) FROM tickets WHERE subject LIKE 'gate-canary-%'"
        assert connection.execute(left).fetchone() == (0,)


def _wait_for_green(sandbox: Sandbox) -> None:
    """Nothing wrong is left; workers may need a moment to be connected again."""
    deadline = time.monotonic() + GREEN_S
    while odd := sandbox.judge():
        assert time.monotonic() < deadline, odd
        time.sleep(0.2)
