"""The rehearsal on a clone, one test per promise."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("rehearsal")
def test_rehearsal(gate_account: Account) -> None:
    """What the clone showed of the migration and of its way back."""
    finding = gate_account()
    assert finding.holds, finding.message
