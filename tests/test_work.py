"""Proof of work: the workers do not only run."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("work")
def test_work(gate_account: Account) -> None:
    """Every worker has a proof of work."""
    finding = gate_account()
    assert finding.holds, finding.message
