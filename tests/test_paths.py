"""Key paths: type, owner, mode and room."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("path")
def test_path(gate_account: Account) -> None:
    """Every key path is as promised."""
    finding = gate_account()
    assert finding.holds, finding.message
