"""Key paths: type, owner, mode and room."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("path")
def test_path(promise: Promise, scene: Scene, account: Account) -> None:
    """Every key path is as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
