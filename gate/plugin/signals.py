"""Signals: SIGTERM and SIGHUP end a run of pytest as Ctrl-C does."""

from __future__ import annotations

import pytest

from gate.plugin.options import RUN
from gate.run.interruption import Interruption

INTERRUPTION = pytest.StashKey[Interruption]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Heed the signals in the process that controls a run."""
    config = session.config
    config.stash[INTERRUPTION] = Interruption()
    if RUN in config.stash and not hasattr(config, "workerinput"):
        config.stash[INTERRUPTION].install()
