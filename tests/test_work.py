"""Proof of work: the workers do not only run."""

from __future__ import annotations

import pytest

from fixtures.account import Account
from gate.compare.judge import compare
from gate.compare.scene import Scene
from gate.contract.model import Promise


@pytest.mark.promises("work")
def test_work(promise: Promise, scene: Scene, account: Account) -> None:
    """Every worker has a proof of work."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
