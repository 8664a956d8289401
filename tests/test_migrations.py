"""Alembic: heads, the database's revision, what is pending, the chain."""

from __future__ import annotations

import pytest

from fixtures.account import Account
from gate.compare.judge import compare
from gate.compare.scene import Scene
from gate.contract.model import Promise


@pytest.mark.promises("migration")
def test_migration(promise: Promise, scene: Scene, account: Account) -> None:
    """Alembic's state is as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
