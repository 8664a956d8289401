"""Signals: SIGTERM and SIGHUP end a run of pytest as Ctrl-C does."""

from __future__ import annotations

import pytest

from gate.plugin.options import RUN
from gate.run.ending import Ending

ENDING = pytest.StashKey[Ending]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Heed the signals in the process that controls a run."""
    config = session.config
    config.stash[ENDING] = Ending()
    if RUN in config.stash and not hasattr(config, "workerinput"):
        config.stash[ENDING].install()
