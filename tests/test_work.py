"""Proof of work: the workers do not only run."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("work")
def test_work(promise: Promise, scene: Scene, account: Account) -> None:
    """Every worker has a proof of work."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
