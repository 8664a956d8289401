"""The guard: what pytest tells of a gate run holds no secret, whoever reads the reports."""

from __future__ import annotations

import os

import pytest

from gate.plugin.options import RUN, is_gate_run
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.secrets.redactor import public_text


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Know the environment's secrets, and plant the sentinel, before anything can go wrong."""
    if not is_gate_run(config):
        return
    known.begin(of_run(None, os.environ))
    known.plant(os.environ)
    config.add_cleanup(_unplant)


def _unplant() -> None:
    os.environ.pop(known.SENTINEL, None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Know the target's secrets, and which words the contract makes public."""
    run = session.config.stash.get(RUN, None)
    if run is not None:
        known.begin(of_run(run.target, os.environ), public_text(run.contract))
        known.plant(os.environ)
