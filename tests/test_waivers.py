"""Waivers: each is in date; whether it is still needed, the verdict tells."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("waiver")
def test_waiver(promise: Promise, scene: Scene, account: Account) -> None:
    """Every waiver is in date."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
