"""Canaries: written on purpose, waited for, taken away again, and nothing left of earlier ones."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("canary")
def test_canary(gate_account: Account) -> None:
    """What is written comes to what is promised, and goes again."""
    finding = gate_account()
    assert finding.holds, finding.message
