"""Endpoints: status, content type and body, and the refusals that must stay refusals."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("endpoint")
def test_endpoint(promise: Promise, scene: Scene, account: Account) -> None:
    """Every request is answered as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
