"""For what a step waits that does not end in time: asked shortly before it is ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.sessions import APPLICATION

SHARE = 0.8
"""After which part of its time it is asked."""
JOIN_S = 10.0
WAITS = """
    SELECT string_agg(DISTINCT format('"%%s" waits for the %%s of %%s', left(s.query, 80),
                                      s.wait_event, (
           SELECT string_agg(DISTINCT format('"%%s" (%%s)', left(b.query, 80), b.state), ', ')
             FROM pg_stat_activity AS b WHERE b.pid = ANY (pg_blocking_pids(s.pid)))), '; ')
      FROM pg_stat_activity AS s
     WHERE datname = current_database() AND backend_type = 'client backend'
       AND wait_event_type = 'Lock' AND NOT starts_with(application_name, %s)
"""


@contextmanager
def overseen(clone: Clone, deadline_s: float) -> Iterator[list[str]]:
    """Have somebody look what waits for what, where a step takes most of its time.

    What is yielded holds a sentence then, if something waits for a lock. Nobody is asked, and no
    session begins, where the step ends before.
    """
    told: list[str] = []

    def ask() -> None:
        with suppress(ObservationError, psycopg.Error), clone.connect("waits") as session:
            (found,) = session.execute(WAITS, [APPLICATION]).fetchone() or (None,)
            told.extend([known.first(" ".join(str(found).split()), 250)] if found else [])

    timer = threading.Timer(deadline_s * SHARE, ask)
    timer.daemon = True
    timer.start()
    try:
        yield told
    finally:
        timer.cancel()
        timer.join(JOIN_S)  # no session of it is left on the clone
