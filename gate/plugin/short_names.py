"""Short names of the options, for a conftest.py that names the plugin where it is not installed."""

from __future__ import annotations

import pytest

from gate.plugin import add_short_names


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add those that nobody has."""
    add_short_names(parser)
