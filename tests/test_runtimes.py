"""Runtime versions, and the clocks beside the gate's own."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("runtime")
def test_runtime(promise: Promise, scene: Scene, account: Account) -> None:
    """Every runtime is there in the promised version, or not there."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("clock")
def test_clock(promise: Promise, scene: Scene, account: Account) -> None:
    """Every clock tells the gate's own time, within what is promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
