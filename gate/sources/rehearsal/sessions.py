"""Sessions of the rehearsal: each with limits, and all ended together when time is up."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from typing_extensions import Self

from gate.connection.obstacle import INTERRUPTED, CarrierError
from gate.sources.fact import Cause
from gate.sources.printed import PRINTED

APPLICATION = "atum-desk-gate rehearsal"
LOCK_S = 30
"""How long a session of the gate's waits for a lock, in seconds."""
STATEMENT_S = 600
"""How long one statement may take on the clone, in seconds: a fingerprint reads a whole table."""
LIVE_S = 15
"""The same on the live database, where only the catalog is asked."""
GRACE_S = 2.0
"""Between asking a server to cancel and hanging up."""
CLEAN_S = 20.0
"""How long dropping a clone may take, in seconds."""
BEAT_S = 0.05
OWN = """
    SELECT set_config(name, CASE name WHEN 'client_connection_check_interval' THEN '1000' ELSE '0'
           END, false)
      FROM pg_catalog.pg_settings
     WHERE name IN ('client_connection_check_interval', 'idle_session_timeout',
                    'transaction_timeout')
"""
"""What not every version has: a statement whose asker is gone ends (PostgreSQL 14 and newer), and
holds no clone for long; a session of the gate's waits while Alembic is at work (14, 17)."""


class Sessions:
    """Every open session of one rehearsal.

    A statement may take minutes, on a server that may have stopped answering: whoever waits for it
    cannot look at a clock. So somebody else does: when the run is interrupted or the whole time is
    over, statements are cancelled, and what does not end then is hung up on.
    """

    def __init__(self, interrupted: threading.Event, limit_s: float, connect_s: float) -> None:
        """Allow so many seconds from now.

        Args:
            interrupted: Set, by another thread, when there is no need to go on.
            limit_s: For everything.
            connect_s: For each session's beginning.
        """
        self._interrupted, self._limit_s = interrupted, limit_s
        self._until = time.monotonic() + limit_s
        self._connect_s = max(2, int(connect_s))
        self._open: set[psycopg.Connection[Any]] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        """Begin to look at the clock."""
        threading.Thread(target=self._watch, name="rehearsal's clock", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._closed.set()

    def check(self) -> None:
        """Go on only where there is time.

        Raises:
            CarrierError: The run was interrupted, or the time is over.
        """
        if self._interrupted.is_set():
            raise CarrierError(f"rehearsal: {INTERRUPTED}", Cause.UPSTREAM)
        if time.monotonic() > self._until:
            raise CarrierError(f"rehearsal: not done within {self._limit_s:g} s", Cause.TIMEOUT)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say why a statement was cancelled or a session hung up, where it was done here.

        Raises:
            CarrierError: Instead of psycopg's own error, then.
        """
        try:
            yield
        except psycopg.Error:
            self.check()
            raise

    @contextmanager
    def connect(
        self, way: dict[str, str], purpose: str = "", *, live: bool = False, late: bool = False
    ) -> Iterator[psycopg.Connection[Any]]:
        """Open a session that the witness knows as the gate's own; closed at the end.

        Args:
            way: libpq's keywords.
            purpose: Put into its name.
            live: Whether it is on the live database, where it can only read.
            late: Whether it may begin when time is up, to clean up.

        Raises:
            CarrierError: There is no time left.
        """
        if not late:
            self.check()
        limits = [
            f"-c statement_timeout={(LIVE_S if live else STATEMENT_S) * 1000}",
            f"-c lock_timeout={(LIVE_S if live else LOCK_S) * 1000}",
            "-c jit=off",  # compiling the catalog's questions takes longer than answering them
            f"-c default_transaction_read_only={'on' if live else 'off'}",
            "-c idle_in_transaction_session_timeout=0",
            "-c plpgsql.extra_errors=none -c plpgsql.extra_warnings=none",  # in its own functions
            PRINTED,
        ]
        with psycopg.connect(
            **way,  # type: ignore[arg-type]
            application_name=f"{APPLICATION} {purpose}".strip(),
            autocommit=True,
            connect_timeout=self._connect_s,
            options=" ".join(limits),
        ) as session:
            if not late:  # whoever cleans up is not to be cancelled before he says so
                with self._lock:
                    self._open.add(session)
            try:
                if not live:
                    session.execute(OWN)
                yield session
            finally:
                with self._lock:
                    self._open.discard(session)

    @contextmanager
    def spared(self, session: psycopg.Connection[Any]) -> Iterator[None]:
        """Let a session clean up, however late it is, for as long as CLEAN_S; then hang up."""
        with self._lock:
            self._open.discard(session)
        timer = threading.Timer(CLEAN_S, _hang_up, (session,))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _watch(self) -> None:
        since: dict[psycopg.Connection[Any], float] = {}
        while not self._closed.wait(BEAT_S):
            now = time.monotonic()
            if now <= self._until and not self._interrupted.is_set():
                continue
            with self._lock:
                left = list(self._open)
            for session in left:
                if session not in since:
                    since[session] = now
                    threading.Thread(target=_cancel, args=(session,), daemon=True).start()
                elif now - since[session] > GRACE_S:
                    _hang_up(session)


def _cancel(session: psycopg.Connection[Any]) -> None:
    """Ask the server to cancel; it may not answer, so that nobody waits for this."""
    with suppress(psycopg.Error):
        session.cancel_safe(timeout=GRACE_S)


def _hang_up(session: psycopg.Connection[Any]) -> None:
    """Close the line under a session: whoever waits for it is told at once."""
    with (
        suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(session.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
