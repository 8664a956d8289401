"""Services: every unit is in its state, settled, and comes back after a reboot as promised."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("service")
def test_service(gate_account: Account) -> None:
    """Every unit is in the state that is promised, and is settled in it."""
    finding = gate_account()
    assert finding.holds, finding.message
