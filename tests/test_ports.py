"""Ports: who listens, how far it can be reached, and whose process it is."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("port")
def test_port(promise: Promise, scene: Scene, account: Account) -> None:
    """Every port is held by whom it is promised to, or closed."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
