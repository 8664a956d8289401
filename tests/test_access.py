"""Access: who is refused, who is answered, and what must not be shown to some."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("access")
def test_access(gate_account: Account) -> None:
    """Each role is answered as promised, and shown nothing that is hidden from it."""
    finding = gate_account()
    assert finding.holds, finding.message
