"""The rehearsal on a clone, one test per promise."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("rehearsal")
def test_rehearsal(promise: Promise, scene: Scene, account: Account) -> None:
    """What the clone showed of the migration and of its way back."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
