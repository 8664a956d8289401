"""The deploy and rollback plans, and what would trigger a rollback."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("step")
def test_step(gate_account: Account) -> None:
    """Every step can be carried out, and did what it should where it was."""
    finding = gate_account()
    assert finding.holds, finding.message


@pytest.mark.promises("trigger")
def test_trigger(gate_account: Account) -> None:
    """No rollback trigger has fired."""
    finding = gate_account()
    assert finding.holds, finding.message
