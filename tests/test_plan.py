"""The deploy and rollback plans, and what would trigger a rollback."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("step")
def test_step(promise: Promise, scene: Scene, account: Account) -> None:
    """Every step can be carried out, and did what it should where it was."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("trigger")
def test_trigger(promise: Promise, scene: Scene, account: Account) -> None:
    """No rollback trigger has fired."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
