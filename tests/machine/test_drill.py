"""The drill at a machine, by its own command: faults done over SSH, proven, undone, and green."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.machine.trial import ROOT, WITHIN_S, Machine

UPLOADS = "/data/ATUM DESK/atum-desk/data/uploads"
FAULTS = ("index_extra", "worker_not_enabled")


@pytest.fixture(scope="module")
def fresh(boot_machine: Callable[[str], Machine]) -> Machine:
    """A machine of its own: a drill begins where the whole contract is green, budgets and all."""
    return boot_machine("drill")


def started(machine: Machine, *faults: str) -> subprocess.Popen[str]:
    """A drill of some faults at the machine, under way."""
    words = [f"--target={machine.target_file()}", f"--reports={machine.folder / 'reports'}"]
    return subprocess.Popen(  # noqa: S603 - the gate itself
        [sys.executable, "-m", "gate", "drill", *words, "--apply", f"--only={','.join(faults)}"],
        cwd=ROOT,
        env=machine.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def folder(machine: Machine) -> pathlib.Path:
    """Where a drill at the machine keeps what it writes."""
    return machine.folder / "reports" / "drill" / machine.target().name


def mode(machine: Machine) -> str:
    """The mode of the folder of uploads."""
    return machine.run(f"stat -c %a '{UPLOADS}'").strip()


def test_a_drill_that_was_killed_is_taken_back_by_the_next(fresh: Machine) -> None:
    """Which then finds the machine green, does its own faults, and leaves it as it was."""
    machine = fresh
    was, journal = mode(machine), folder(machine) / "open.jsonl"
    with started(machine, "uploads_closed") as killed:
        until = time.monotonic() + 2 * WITHIN_S
        try:
            while mode(machine) == was:
                assert killed.poll() is None, killed.communicate()[0]
                if time.monotonic() > until:
                    killed.kill()
                    pytest.fail(killed.communicate()[0])
        finally:
            killed.kill()
    assert "ended" not in journal.read_text("utf-8")
    with started(machine, *FAULTS) as drill:
        told = drill.communicate(timeout=2 * WITHIN_S)[0]
    assert drill.returncode == 0, told
    found: dict[str, Any] = json.loads((folder(machine) / "matrix.json").read_text("utf-8"))
    assert {one["id"]: (one["end"], one["undone"]) for one in found["faults"]} == dict.fromkeys(
        FAULTS, ("detected", "")
    )
    assert mode(machine) == was
    assert machine.run("find /var/tmp /tmp -name 'gate-drill-*'") == ""
