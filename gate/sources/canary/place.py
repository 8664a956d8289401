"""Where a canary flies: how requests are sent there, rows are found, and commands are run."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gate.connection.carrier import Carrier
from gate.connection.obstacle import first_line
from gate.errors import ObservationError
from gate.plan.place import prologue
from gate.secrets import known
from gate.sources.api.facts import Answer
from gate.sources.api.gate_load import Strain
from gate.sources.api.grant import Grant
from gate.sources.api.leaving import unless
from gate.sources.api.line import Ways
from gate.sources.api.login import log_in
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.session import AT_ONCE, Session, ask
from gate.sources.canary.mark import bound
from gate.sources.fact import CannotTell, Fact
from gate.target import Target

MOST_ROWS = 100
Row = dict[str, str]


@dataclasses.dataclass
class Place:
    """A place.

    Attributes:
        target: With the base of the API there.
        logins: The endpoints that roles log in by, by item id.
        open: Opens a session with the database there that can only read; it ends, at the latest,
            when the event that it is given is set.
        ways: The forwards to bases that are not reached by their address.
        carrier: The way to the host, where commands may be run that take a canary away.
        works: Whether anybody works on jobs there.
        interrupted: Set, by another thread, when the run is ended.
        grants: What roles carry, from the first request on.
    """

    target: Target
    logins: Mapping[str, PromisedExchange]
    open: Callable[[threading.Event], AbstractContextManager[psycopg.Connection[Any]]]
    ways: Ways
    carrier: Carrier | None
    works: bool
    interrupted: threading.Event
    environ: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)
    grants: dict[str, Grant | CannotTell] = dataclasses.field(default_factory=dict)

    def ask(self, item: PromisedExchange, stop: threading.Event) -> Fact[Answer]:
        """Send one request."""
        return asyncio.run(unless(stop, self._ask(item)))

    async def _ask(self, item: PromisedExchange) -> Fact[Answer]:
        strain = Strain()
        session = Session(
            target=self.target,
            environ=self.environ,
            ways=self.ways,
            gateway=asyncio.Semaphore(AT_ONCE),
            strain=strain,
            grants=self.grants,
        )
        async with strain.beating():
            await log_in(session, [item], self.logins)
            return await ask(session, item)

    def rows(self, query: str, words: Mapping[str, str], stop: threading.Event) -> list[Row]:
        """Rows that a query finds, at most `MOST_ROWS`; what is NULL is left out of them.

        Raises:
            ObservationError: It cannot be told.
        """
        text, given = bound(query, words)
        try:
            with self.open(stop) as session, session.cursor(row_factory=dict_row) as cursor:
                found = cursor.execute(text, given).fetchmany(MOST_ROWS)
        except psycopg.Error as error:
            reason = known.first(first_line(error), 300)
            raise ObservationError(f"cannot tell: {reason}") from error
        return [
            {str(name): str(one) for name, one in row.items() if one is not None} for row in found
        ]

    def run(self, command: str, words: Mapping[str, str]) -> None:
        """Run a command on the host, with words in its environment.

        Raises:
            ObservationError: It did not succeed.
        """
        if self.carrier is None:
            raise ObservationError("no command is run here")
        names = {name.upper(): one for name, one in words.items() if name.isidentifier()}
        lines = [f"{name}={shlex.quote(one)}; export {name}" for name, one in names.items()]
        run = f"exec sh -c {shlex.quote(command)} 2>&1 </dev/null"
        script = "\n".join([prologue(self.target), *lines, run])
        done = self.carrier.run(script, deadline_s=20, to_its_end=True)
        if done.rc != 0:
            said = known.last(done.stdout.decode("utf-8", "replace"), 200)
            raise ObservationError(f"`{command}` exited with {done.rc}: {said or 'nothing said'}")


def until(found: Callable[[], bool], within_s: float, stop: threading.Event) -> bool:
    """Wait until something is so, at most so long and as long as nobody ends the run."""
    end = time.monotonic() + within_s
    pause = 0.05
    while True:
        if found():
            return True
        if time.monotonic() >= end or stop.wait(min(pause, max(0.0, end - time.monotonic()))):
            return False
        pause = min(1.0, pause * 1.5)
