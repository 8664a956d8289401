"""The risk table: none of the risks has materialised."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("risk")
def test_risk(gate_account: Account) -> None:
    """Nothing that guards a risk is broken."""
    finding = gate_account()
    assert finding.holds, finding.message
