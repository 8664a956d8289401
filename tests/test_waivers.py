"""Waivers: each is in date; whether it is still needed, the verdict tells."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("waiver")
def test_waiver(gate_account: Account) -> None:
    """Every waiver is in date."""
    finding = gate_account()
    assert finding.holds, finding.message
