"""Alembic: heads, the database's revision, what is pending, the chain."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("migration")
def test_migration(gate_account: Account) -> None:
    """Alembic's state is as promised."""
    finding = gate_account()
    assert finding.holds, finding.message
