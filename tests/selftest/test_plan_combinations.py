"""Every prefix of a plan, every fault in it, and what follows: the end is one of two contracts."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.selftest.plans import AFTER, BEFORE, DEPLOY, ROLLBACK, Small, words

FAULTS = ("fail", "hang", "gate killed", "gate and step killed")
ALREADY = "done already"


@pytest.fixture
def small(tmp_path: pathlib.Path) -> Iterator[Small]:
    """The small system as it is before."""
    found = Small(tmp_path)
    yield found
    found.close()


def strike(small: Small, phase: str, step: str, fault: str) -> None:
    """Carry out a plan that a fault strikes in the middle of a step."""
    if fault.startswith("gate"):
        small.killed(phase, step, with_step="step" in fault)
        if fault == "gate killed":
            small.released(0.2)
        else:
            small.mend()
        return
    small.fault(step, fault)
    found = words(small.move(phase))
    assert found[step] == ("failed" if fault == "fail" else "cannot tell")
    small.mend()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", DEPLOY)
def test_a_deployment_that_was_struck_goes_on(small: Small, step: str, fault: str) -> None:
    """Run again it does what is left, and once more nothing; each step was done once."""
    strike(small, "deploy", step, fault)
    told: list[str] = []
    found = words(small.move("deploy", told=told))
    assert set(found.values()) <= {"done", ALREADY}, told
    assert small.state == AFTER
    assert small.done() == list(DEPLOY)
    assert fault != "gate killed" or any("still running on the host" in one for one in told)
    assert fault in ("fail", "hang") or any("was cut off" in one for one in told)
    worker = small.worker
    assert words(small.move("deploy", rollback_on_failure=True)) == dict.fromkeys(DEPLOY, ALREADY)
    assert (small.state, small.done(), small.worker) == (AFTER, [], worker)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", DEPLOY)
def test_a_deployment_that_was_struck_is_taken_back(small: Small, step: str, fault: str) -> None:
    """Whatever it came to: the rollback ends where it was before, and once more does nothing."""
    strike(small, "deploy", step, fault)
    found = words(small.move("rollback"))
    assert set(found.values()) <= {"done", ALREADY}
    assert small.state == BEFORE
    small.done()
    assert words(small.move("rollback")) == dict.fromkeys(ROLLBACK, ALREADY)
    assert (small.state, small.done()) == (BEFORE, [])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ROLLBACK)
def test_a_rollback_that_was_struck_goes_on(small: Small, step: str, fault: str) -> None:
    """Called again it does only what is left; then everything can be deployed anew."""
    small.move("deploy")
    small.done()
    strike(small, "rollback", step, fault)
    found = words(small.move("rollback"))
    assert set(found.values()) <= {"done", ALREADY}
    assert small.state == BEFORE
    assert sorted(small.done()) == sorted(ROLLBACK)
    assert words(small.move("deploy")) == dict.fromkeys(DEPLOY, "done")
    assert small.state == AFTER


@pytest.mark.parametrize("step", ROLLBACK)
def test_a_rollback_goes_on_past_what_failed(small: Small, step: str) -> None:
    """Each step is tried; the one that failed is named, and called again is all that is done."""
    small.move("deploy")
    small.done()
    small.fault(step, "fail")
    found = words(small.move("rollback"))
    assert found == {**dict.fromkeys(ROLLBACK, "done"), step: "failed"}
    small.done()
    small.mend()
    assert words(small.move("rollback")) == {**dict.fromkeys(ROLLBACK, ALREADY), step: "done"}
    assert (small.state, small.done()) == (BEFORE, [step])


@pytest.mark.parametrize("fault", ["fail", "hang"])
@pytest.mark.parametrize("step", DEPLOY)
def test_a_failure_is_rolled_back_from_any_point(small: Small, step: str, fault: str) -> None:
    """With --rollback-on-failure what was moved, half a step included, is taken back."""
    small.fault(step, fault)
    found = words(small.move("deploy", rollback_on_failure=True))
    assert found[step] == ("failed" if fault == "fail" else "cannot tell")
    assert small.state == BEFORE
