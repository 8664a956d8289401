"""Sessions: who works with the database is connected to it, and hangs in nothing."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("session")
def test_session(gate_account: Account) -> None:
    """A unit's own processes have their sessions, and none of them hangs."""
    finding = gate_account()
    assert finding.holds, finding.message
