"""Runtime versions, and the clocks beside the gate's own."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("runtime")
def test_runtime(gate_account: Account) -> None:
    """Every runtime is there in the promised version, or not there."""
    finding = gate_account()
    assert finding.holds, finding.message


@pytest.mark.promises("clock")
def test_clock(gate_account: Account) -> None:
    """Every clock tells the gate's own time, within what is promised."""
    finding = gate_account()
    assert finding.holds, finding.message
