"""Alembic: heads, the database's revision, what is pending, the chain."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("migration")
def test_migration(promise: Promise, scene: Scene, account: Account) -> None:
    """Alembic's state is as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
