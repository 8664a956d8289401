"""The risk table: none of the risks has materialised."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("risk")
def test_risk(promise: Promise, scene: Scene, account: Account) -> None:
    """Nothing that guards a risk is broken."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
