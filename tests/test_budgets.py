"""Budgets: how long answers take, alone and compared with before."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("budget")
def test_budget(promise: Promise, scene: Scene, account: Account) -> None:
    """Every answer comes within its budget."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
