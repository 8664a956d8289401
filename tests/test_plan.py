"""The deploy and rollback plans, and what would trigger a rollback."""

from __future__ import annotations

import pytest

from fixtures.account import Account
from gate.compare.judge import compare
from gate.compare.scene import Scene
from gate.contract.model import Promise


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
