"""Endpoints: status, content type and body, and the refusals that must stay refusals."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("endpoint")
def test_endpoint(gate_account: Account) -> None:
    """Every request is answered as promised."""
    finding = gate_account()
    assert finding.holds, finding.message
