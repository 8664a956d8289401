"""A session with a PostgreSQL server that ends in time and in size, whatever the server does.

libpq is used without blocking, and every wait for its socket is made here: a server that hangs
after it accepted, drips, floods, or stalls in TLS is left at the deadline, and the socket closed.
Only the resolution of a host's name blocks inside libpq: whoever cannot wait for it asks from a
thread of his own.
"""

from __future__ import annotations

import os
import pathlib
import re
import select
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import RV, PQGen
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready, Wait

from gate.connection.obstacle import INTERRUPTED
from gate.sources.fact import Cause

MEMORY_MIB = 128
"""How much the process may grow while a server answers; that bounds rows, values and notices."""
POLL_S = 0.05
"""How soon an interruption is noticed, in seconds."""
WEIGHED_S = 0.002
BATCH = 2000
FATAL = re.compile(
    r"FATAL:(?!\s+the database system is )|password authentication failed|no pg_hba.conf entry"
)
"""What a server says that refuses us; one that only starts or stops leaves it to the next host, as
it does for libpq (SQLSTATE 57P03)."""
STATM = pathlib.Path("/proc/self/statm")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Ended(psycopg.OperationalError):
    """The session was ended from this side.

    Attributes:
        cause: The kind of obstacle.
    """

    def __init__(self, reason: str, cause: Cause) -> None:
        """Keep the kind beside the text."""
        super().__init__(reason)
        self.cause = cause


class Guard:
    """What a session may take, in time and in memory; one for a session and its connecting."""

    def __init__(
        self, total_s: float, interrupted: threading.Event, memory_mib: float = MEMORY_MIB
    ) -> None:
        """Begin to count now.

        Args:
            total_s: Seconds from now until the session's end.
            interrupted: Set from another thread when there is no need to go on.
            memory_mib: How much the process may grow.
        """
        self.total_s = total_s
        self.ends = time.monotonic() + total_s
        self.interrupted = interrupted
        self.memory_mib = memory_mib
        self._began_with = _resident()
        self._weighed = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the end; 0 where it has passed."""
        return max(0.0, self.ends - time.monotonic())

    def check(self) -> None:
        """Go on, or not.

        Raises:
            Ended: The time is up, the run was interrupted, or too much was sent.
        """
        now = time.monotonic()
        if self.interrupted.is_set():
            raise Ended(INTERRUPTED, Cause.TIMEOUT)
        if now >= self.ends:
            raise Ended(f"not answered within {self.total_s:g} s", Cause.TIMEOUT)
        if now - self._weighed >= WEIGHED_S:
            self._weighed = now
            if _resident() - self._began_with > self.memory_mib * 2**20:
                reason = f"the answer takes more than {self.memory_mib:g} MiB of memory"
                raise Ended(reason, Cause.UPSTREAM)

    def wait(self, socket: int, wanted: int, until: float | None = None) -> int:
        """Wait for a socket.

        Args:
            socket: Its file descriptor.
            wanted: Of `psycopg.waiting.Wait`.
            until: An earlier end than the session's own.

        Returns:
            Of `psycopg.waiting.Ready`; 0 where the earlier end has passed.

        Raises:
            Ended: As `check` does.
        """
        poll = select.poll()
        poll.register(
            socket,
            (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0),
        )
        while True:
            self.check()
            events = poll.poll(min(POLL_S, self.left_s) * 1000)
            if events:
                event = events[0][1]
                writable = Ready.W if event & select.POLLOUT else 0
                return writable | (Ready.R if event & ~select.POLLOUT else 0)
            if until is not None and time.monotonic() >= until:
                return 0


class Cursor(psycopg.Cursor[Any]):
    """A cursor that weighs what it makes of an answer."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left.

        Raises:
            Ended: They take too much memory, or too long.
        """
        found: list[Any] = []
        while batch := self.fetchmany(BATCH):
            found += batch
            if isinstance(self.connection, Session):
                self.connection.guard.check()
        return found


class Session(psycopg.Connection[Any]):
    """A connection under a guard."""

    guard: Guard
    ended: Ended | None = None

    def wait(self, gen: PQGen[RV], *_: Any, **__: Any) -> RV:
        """Carry out one exchange with the server.

        Raises:
            Ended: The guard says so; the socket is closed then.
        """
        if self.ended is not None:
            raise Ended(str(self.ended), self.ended.cause)
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(Ready(self.guard.wait(self.pgconn.socket, wanted)))
        except StopIteration as end:
            value: RV = end.value
            return value
        except Ended as ended:
            self.ended = ended
            self.pgconn.finish()
            raise


def connect(guard: Guard, connect_s: float, **parameters: str) -> Session:
    """Connect, in autocommit mode and without prepared statements.

    Args:
        guard: What the session may take.
        connect_s: Seconds until the server must have let us in, over all hosts and addresses.
        **parameters: libpq's.

    Raises:
        Ended: Not within the time.
        psycopg.OperationalError: The server is not reached, or refuses.
    """
    pgconn = _connected(guard, connect_s, parameters)
    pgconn.nonblocking = 1
    session = Session(pgconn)
    session.guard = guard
    session.cursor_factory = Cursor
    session.autocommit = True
    session.prepare_threshold = None
    return session


def _connected(guard: Guard, connect_s: float, parameters: Mapping[str, str]) -> pq.abc.PGconn:
    """Connect to the first host that lets us in; one that does not answer takes only its share."""
    until = time.monotonic() + connect_s
    pgconn = _begin(parameters)
    hosts = _hosts(pgconn)
    if len(hosts) == 1:
        return _established(pgconn, guard, connect_s)
    pgconn.finish()
    last: psycopg.OperationalError = psycopg.OperationalError("no host is named")
    for number, host in enumerate(hosts):
        share = max(0.0, until - time.monotonic()) / (len(hosts) - number)
        try:
            return _established(_begin({**parameters, **host}), guard, share)
        except psycopg.OperationalError as error:
            guard.check()
            if FATAL.search(str(error)):
                raise  # a server that answers and refuses ends the list, as libpq has it
            last = error
    raise last


def _begin(parameters: Mapping[str, str]) -> pq.abc.PGconn:
    return pq.PGconn.connect_start(make_conninfo("", **parameters).encode())


def _hosts(pgconn: pq.abc.PGconn) -> list[dict[str, str]]:
    """The hosts that a connection's settings name, wherever they stand, one setting each."""
    found = {one.keyword.decode(): (one.val or b"").decode() for one in pgconn.info}
    lists = {key: found.get(key, "").split(",") for key in ("host", "hostaddr", "port")}
    number = max(len(lists["host"]), len(lists["hostaddr"]))
    single = len(lists["port"]) == 1
    return [
        {
            key: values[0 if key == "port" and single else at]
            for key, values in lists.items()
            if key == "port" or (any(values) and at < len(values))
        }
        for at in range(number)
    ]


def _established(pgconn: pq.abc.PGconn, guard: Guard, connect_s: float) -> pq.abc.PGconn:
    try:
        _establish(pgconn, guard, connect_s)
    except BaseException:
        pgconn.finish()
        raise
    return pgconn


def _establish(pgconn: pq.abc.PGconn, guard: Guard, connect_s: float) -> None:
    """Carry a connection from its beginning to the end of the login."""
    until = time.monotonic() + connect_s
    state = pq.PollingStatus.WRITING
    while state != pq.PollingStatus.OK:
        if pgconn.status == pq.ConnStatus.BAD or state == pq.PollingStatus.FAILED:
            raise psycopg.OperationalError(pgconn.get_error_message("utf-8").strip())
        wanted = Wait.R if state == pq.PollingStatus.READING else Wait.W
        if time.monotonic() >= until or not guard.wait(pgconn.socket, wanted, until):
            raise Ended(f"it did not let us in within {connect_s:g} s", Cause.TIMEOUT)
        state = pq.PollingStatus(pgconn.connect_poll())


def _resident() -> int:
    """Bytes of memory that the process holds; 0 where the system does not say."""
    try:
        return int(STATM.read_text("ascii").split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
