"""The plan on a real machine: its gate killed at every step, over SSH, there and back."""

from __future__ import annotations

import re
import subprocess
import sys
import time

from gate.kinds.load import load_contract
from gate.kinds.step import Step
from tests.machine.trial import ROOT, WITHIN_S, Machine

ALREADY = "done already"


def test_killed_at_every_step(machine: Machine) -> None:
    """Each next gate waits for what runs on without the one before, and goes on from there.

    The last one may have come to its end before it is killed: then nothing was cut off.
    """
    machine.as_before()
    for phase, moment in (("deploy", "postdeploy"), ("rollback", "rollback")):
        names = steps(phase)
        for name in names:
            kill_at(machine, moment, name)
        cut_off = machine.past().cut_off
        result = machine.gate(moment, "--apply")
        assert result.odd("FAIL") == {}, result.output
        assert {result.items[name]["outcome"] for name in names} == {"PASS"}
        assert ("was cut off" in result.output) is bool(cut_off), (cut_off, result.output)
        again = machine.gate(moment, "--apply", "--rollback-on-failure")
        assert again.odd("FAIL") == {}, again.output
        assert {again.items[name]["seen"].split(":")[0] for name in names} == {ALREADY}


def steps(phase: str) -> list[str]:
    """The steps of a plan, in order."""
    contract = load_contract(ROOT / "tests" / "contract")
    found = {id_: one.before for id_, one in contract.promises.items()}
    mine = {id_: one for id_, one in found.items() if isinstance(one, Step) and one.phase == phase}
    return sorted(mine, key=lambda id_: mine[id_].order)


def kill_at(machine: Machine, moment: str, step: str) -> None:
    """Kill a gate as soon as it has begun a step, or found it done."""
    target = machine.target()
    journal = machine.folder / "reports" / target.name / "plan.jsonl"
    size = journal.stat().st_size if journal.exists() else 0
    reached = re.compile(rf'"event": "(started|{ALREADY})", "step": "{step}"')
    words = [f"--target={machine.folder / 'machine.toml'}", "--apply"]
    with subprocess.Popen(  # noqa: S603 - the gate itself
        [
            *(sys.executable, "-m", "pytest", "-q", "-m", moment),
            *(*words, f"--reports={machine.folder / 'reports'}"),
        ],
        cwd=ROOT,
        env=machine.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + WITHIN_S
        try:
            while not (journal.exists() and reached.search(journal.read_text("utf-8")[size:])):
                assert time.monotonic() < until, step
                assert process.poll() is None, step
                time.sleep(0.02)
        finally:
            process.kill()
