"""The gate against a real machine: the three moments over SSH, and what the way there costs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import pytest

from gate.connection.carrier import open_carrier
from gate.connection.obstacle import CarrierError
from gate.sources.fact import Cause
from sandbox.machine import boot, record
from tests.machine.trial import AS_PUBLISHED, Machine

BOOT_WITHIN_S = 15.0
DOWN_WITHIN_S = 10.0
MARK = "sleep 299.5"


def test_is_ready_in_time(machine: Machine) -> None:
    """A machine boots within the promised time once its image is built."""
    assert 0 < machine.record.ready_s <= BOOT_WITHIN_S


PUBLISHED_BEFORE = {id_: one for id_, one in AS_PUBLISHED.items() if "job" not in id_}
IDLE = {"work.watchdog": "WARN"}
"""A timer that has just been started need not have run yet."""


def test_three_moments_hold(machine: Machine) -> None:
    """Before, deployed with sudo over SSH, and rolled back: every promise holds."""
    machine.as_before()
    before = machine.gate("predeploy")
    assert (before.exit_status, len(before.items) >= 150) == (0, True), before.output
    assert before.as_published() == PUBLISHED_BEFORE
    assert {id_.split(".")[0] for id_ in before.odd("WARN")} <= {"rehearsal"}
    assert before.odd("FAIL", "INCONCLUSIVE") == {}
    after = machine.gate("postdeploy", "--apply")
    assert after.exit_status == 0, after.output
    assert after.as_published() == AS_PUBLISHED
    assert after.odd().items() <= IDLE.items(), after.odd()
    assert after.items["canary.ticket"]["outcome"] == "PASS"
    assert machine.run("systemctl is-active atum-desk-job-worker") == "active\n"
    restored = machine.gate("rollback", "--apply")
    assert restored.exit_status == 0, restored.output
    assert (restored.as_published(), restored.odd()) == (PUBLISHED_BEFORE, {})


def test_one_connection_and_one_command_for_a_moment(machine: Machine) -> None:
    """The host's own sshd saw one login and one command; API and database came through it."""
    mark = machine.run("date +%s.%N").strip()
    assert machine.gate("predeploy", machine.plain()).exit_status == 0
    log = machine.run(f"journalctl -q -t sshd -t sshd-session -o cat --since=@{mark}")
    connections = re.findall(r"Accepted publickey for navi", log)
    commands = re.findall(r"Starting session: command", log)
    # The last of each are those of the question for the journal.
    assert (len(connections) - 1, len(commands) - 1) == (1, 1), log


def test_deadline_ends_the_remote_process(machine: Machine) -> None:
    """What outlives its deadline is told so, and does not go on over there."""
    with (
        open_carrier(machine.target()) as carrier,
        pytest.raises(CarrierError, match="not done within 1 s") as told,
    ):
        carrier.run(f"{MARK} & {MARK}", deadline_s=1)
    assert told.value.cause is Cause.TIMEOUT
    assert machine.run(f"pgrep -xf '{MARK}' || :") == ""


@pytest.mark.parametrize("sudo", [True, False])
def test_an_interruption_ends_the_remote_process(machine: Machine, *, sudo: bool) -> None:
    """Who ends a run waits for nothing, and nothing goes on over there."""
    interrupted = threading.Event()
    timer = threading.Timer(1, interrupted.set)
    timer.start()
    with (
        open_carrier(machine.target(sudo=sudo), interrupted) as carrier,
        pytest.raises(CarrierError, match="the run was interrupted"),
    ):
        carrier.run(f"{MARK} & {MARK}", deadline_s=200)
    until = time.monotonic() + 5
    while left := machine.run(f"pgrep -xf '{MARK}' || :"):
        assert time.monotonic() < until, left
        time.sleep(0.1)


def test_hanging_up_leaves_nothing(machine: Machine) -> None:
    """With the carrier, the master connection and its forwards are gone, here and there."""
    with open_carrier(machine.target()) as carrier:
        forward = carrier.forward("127.0.0.1:8000", "api")
        assert forward.socket.is_socket()
        assert carrier.forward("127.0.0.1:8000", "api") == forward
    assert not forward.socket.parent.parent.exists()
    until = time.monotonic() + 5
    while (left := machine.run("pgrep -fc '^sshd-session: navi@notty' || :").strip()) != "1":
        assert time.monotonic() < until, left  # 1: the connection that asks
        time.sleep(0.1)


def test_two_side_by_side(machine: Machine, boot_machine: Callable[[str], Machine]) -> None:
    """A second machine has its own network, answers by itself, and goes within seconds."""
    other = boot_machine("other")
    assert other.address != machine.address
    assert other.run("systemctl is-active atum-desk-api") == "active\n"
    assert other.gate("predeploy", other.plain()).exit_status == 0
    began = time.monotonic()
    boot.down(other.record)
    assert time.monotonic() - began < DOWN_WITHIN_S
    assert other.record.name not in {one.name for one in record.everyone()}
    assert machine.run("systemctl is-active atum-desk-api") == "active\n"
