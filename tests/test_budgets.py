"""Budgets: how long answers take, alone and compared with before."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("budget")
def test_budget(gate_account: Account) -> None:
    """Every answer comes within its budget."""
    finding = gate_account()
    assert finding.holds, finding.message
