"""Services: every unit is in its state, settled, and comes back after a reboot as promised."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("service")
def test_service(promise: Promise, scene: Scene, account: Account) -> None:
    """Every unit is in the state that is promised, and is settled in it."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
