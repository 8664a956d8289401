"""The gate says no: faults done by hand to a running sandbox turn exactly the right items."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import psycopg
import pytest

from gate.drill.fault import Fault
from gate.drill.gating import Look
from gate.drill.host import Host
from gate.drill.load import injected, load_faults, scripts_of
from gate.drill.scope import Scope, laid_out
from gate.drill.trial import End, Trial, judged
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.fact import Seen, require
from gate.target import Target
from tests.selftest.sandboxes import standing

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHIN_S = 90.0
GREEN_S = 60.0
DESK = "data/ATUM DESK/atum-desk"
EVERY = load_faults(ROOT / "tests/faults")
assert EVERY.promises is not None
SLOW = frozenset({"rehearsal", "canary", "budget"})
OWN = frozenset(load_contract(EVERY.promises).promises)


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """A running sandbox, to be tampered with.

    Attributes:
        found: What ``python -m sandbox status --json`` says.
    """

    found: dict[str, Any]
    target: Target
    contract: pathlib.Path = ROOT / "tests/contract"

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

    def judge(
        self,
        asked: Collection[str] = (),
        *,
        kinds: Collection[str] | None = None,
        **changed: dict[str, Any],
    ) -> dict[str, str]:
        """Look once; return what does not hold or cannot be told, by item.

        Args:
            asked: Items that are judged besides what always is: logs, canaries, the drill's own.
            kinds: Kinds of all other items that are judged; by default all that are quick.
            changed: Keys of all items of a kind that are promised otherwise.
        """
        whole = load_contract(self.contract, self.target.differs, carries_out=True)
        # What a clone shows has tests of its own; what was logged stays until a unit starts anew;
        # how long something takes cannot be told while other tests keep the machine busy.
        promises = {
            id_: one
            for id_, one in whole.promises.items()
            if id_ in asked
            or (
                id_ not in OWN
                and (one.kind in kinds if kinds is not None else one.kind not in SLOW)
            )
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
            if promise.kind == "log" and promise.id not in asked:
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
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all faults of a worker, with the stage of the drill's own promises."""
    own = laid_out(
        ROOT / "tests/contract", Scope(own=True), EVERY.promises, tmp_path_factory.mktemp("own")
    )
    with standing("faults") as (found, target):
        deadlines = target.deadlines.model_copy(update={"window_s": 0.1})
        it = Sandbox(found, target.model_copy(update={"deadlines": deadlines}), own)
        _wait_for_green(it)
        yield it


def set_stage(sandbox: Sandbox) -> None:
    """Do what the drill's own promises are about; it goes with the sandbox."""
    scripts, host = injected(EVERY.stage, sandbox.target), Host(sandbox.target, "stage")
    assert scripts is not None
    assert host.do("stage", scripts.do) == ""
    assert host.wait("stage", scripts.ready, WITHIN_S) == ""


@pytest.fixture
def sandbox(started: Sandbox) -> Sandbox:
    """The sandbox with nothing wrong."""
    return started


HERE = {
    name: one
    for name, one in EVERY.by_name.items()
    if "sandbox" in one.where
    and one.stands == "before"
    and one.moment == "predeploy"
    and one.chapter != "budgets"
    and not one.differs
    and one.gate is None
}
"""Faults that one look in this process can be asked of; `gate drill` tries them all, and whole.

What is slow cannot be told while other tests keep the machine busy.
"""
SLA = "atum-desk-sla-worker.service"
CHEAP = OWN - {"process.api"}
CATALOG = frozenset({"database", "extension", "enum", "table", "column", "index", "query"})
API = frozenset({"endpoint", "access"})
HOST = frozenset(kinds()) - CATALOG - API - SLOW


def concerned(fault: Fault) -> frozenset[str]:
    """Kinds of items that one look is asked of beside a fault: those of the same parts.

    Risks follow their items, and logs are judged where a fault expects something of them.

    `gate drill` looks at everything beside each.
    """
    words = {one.partition(".")[0] for one in (*fault.expect, *fault.may)} - {"risk", "log"}
    words |= {"endpoint"} if "canary" in words else set()
    parts = (CATALOG, API, HOST)
    found = [part for part in parts if words & part or "*" in words]
    return frozenset().union(*found)


ABOUT_OWN = {name: one for name, one in HERE.items() if OWN & one.expect.keys()}
"""Faults of what the contract has no item of: the drill's own promises are looked at, alone."""


@pytest.mark.parametrize("name", [one for one in HERE if one not in ABOUT_OWN])
def test_a_fault_turns_its_items(sandbox: Sandbox, name: str) -> None:
    """The fault's own items turn for its reason, nothing else, and all hold again afterwards."""
    fault = HERE[name]
    told = tuple(id_ for id_ in fault.expect if id_.startswith(("log.", "canary.")))
    asked = concerned(fault)
    found = tried(sandbox, name, fault, lambda: sandbox.judge(told, kinds=asked))
    fine = {End.DETECTED, *([End.KNOWN_GAP] if fault.known_gap else [])}
    assert found.end in fine, found.why
    _wait_for_green(sandbox, asked)


def tried(sandbox: Sandbox, name: str, fault: Fault, judge: Callable[[], dict[str, str]]) -> Trial:
    """Do a fault, prove its effect, judge, and undo it."""
    host = Host(sandbox.target, f"selftest-{os.getpid()}")
    scripts = scripts_of(fault, sandbox.target)
    assert scripts is not None
    try:
        assert host.do(name, scripts.do) == ""
        assert host.wait(name, scripts.ready, fault.ready_s) == ""
        odd = judge()
    finally:
        undone = host.undo(host.whole_undo(name, scripts.undo))
    assert undone == ""
    turned = {
        id_: ("INCONCLUSIVE", words[2:]) if words.startswith("? ") else ("FAIL", words)
        for id_, words in odd.items()
    }
    failed = any(outcome == "FAIL" for outcome, _ in turned.values())
    status = 1 if failed else 10 if turned else 0
    return judged(name, fault, Look(status, "", turned, 0.0))


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


@pytest.fixture(scope="module")
def staged(started: Sandbox) -> Sandbox:
    """The sandbox with what the drill's own promises are about, until it goes."""
    set_stage(started)
    assert started.judge(OWN, kinds=()) == {}
    return started


@pytest.mark.parametrize("name", ABOUT_OWN)
def test_a_fault_turns_the_drills_own_promises(staged: Sandbox, name: str) -> None:
    """Of those none but the fault's own turn, for its reason, and they hold again afterwards."""
    fault = ABOUT_OWN[name]
    asked = CHEAP | fault.expect.keys()
    found = tried(staged, name, fault, lambda: staged.judge(asked, kinds=()))
    assert found.end is End.DETECTED, found.why
    until = time.monotonic() + GREEN_S
    while odd := staged.judge(asked, kinds=()):
        assert time.monotonic() < until, odd
        time.sleep(0.2)


def _wait_for_green(sandbox: Sandbox, asked: Collection[str] | None = None) -> None:
    """Nothing wrong is left; workers may need a moment to be connected again."""
    deadline = time.monotonic() + GREEN_S
    while odd := sandbox.judge(kinds=asked):
        assert time.monotonic() < deadline, odd
        time.sleep(0.2)
