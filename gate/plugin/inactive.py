"""The plugin's fixtures in a run that is about no deployment: whoever asks for one is skipped."""

from __future__ import annotations

from typing import NoReturn

import pytest

WHY = "the gate is not running: name a moment, such as pytest -m predeploy"


def _resting() -> NoReturn:
    pytest.skip(WHY)


@pytest.fixture
def gate_promise() -> None:
    """See `gate.plugin.collection`."""
    _resting()


@pytest.fixture
def gate_scene() -> None:
    """See `gate.plugin.scheduler`."""
    _resting()


@pytest.fixture
def gate_account() -> None:
    """See `gate.plugin.ledger`."""
    _resting()


@pytest.fixture
def gate_scene_at() -> None:
    """See `gate.plugin.fixtures`, as for the others."""
    _resting()


@pytest.fixture
def gate_target() -> None:
    """The target."""
    _resting()


@pytest.fixture
def gate_host() -> None:
    """Testinfra's host."""
    _resting()


@pytest.fixture
def gate_database() -> None:
    """A session with the database."""
    _resting()


@pytest.fixture
def gate_api() -> None:
    """A client of the API."""
    _resting()
