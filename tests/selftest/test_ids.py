"""An item's id is itself on every way from the contract to the account."""

from __future__ import annotations

import pytest
from _pytest.compat import ascii_escaped

from gate.contract.ids import flaw
from gate.plugin.nodes import expected_in

NAMES = (
    "redis",
    "sérvice",
    "服务",
    "a b",
    "a[1]",
    "x/y",
    "it's",
    'q"q',
    "app.log",
    "🙂",
    "%s",
    "a]",
)


@pytest.mark.parametrize("name", NAMES)
def test_through_a_test_id(name: str) -> None:
    """Pytest escapes what is not ASCII in a test's id; the account finds the item all the same."""
    assert flaw(name) is None
    nodeid = f"tests/test_x.py::test_y[predeploy-{ascii_escaped(f'service.{name}')}]"
    assert expected_in(nodeid) == ("predeploy", f"service.{name}")
