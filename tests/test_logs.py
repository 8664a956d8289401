"""Logs: nobody logs errors, and who works in cycles says so."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("log")
def test_log(gate_account: Account) -> None:
    """A unit, a file or a container says nothing that it must not say, and what it must."""
    finding = gate_account()
    assert finding.holds, finding.message
