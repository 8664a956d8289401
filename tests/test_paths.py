"""Key paths: type, owner, mode and room."""

from __future__ import annotations

import pytest

from fixtures.account import Account
from gate.compare.judge import compare
from gate.compare.scene import Scene
from gate.contract.model import Promise


@pytest.mark.promises("path")
def test_path(promise: Promise, scene: Scene, account: Account) -> None:
    """Every key path is as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
