"""Ports: who listens, how far it can be reached, and whose process it is."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("port")
def test_port(gate_account: Account) -> None:
    """Every port is held by whom it is promised to, or closed."""
    finding = gate_account()
    assert finding.holds, finding.message
