"""What a rehearsal has at hand: the clone, the session on it, and what is asked of it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import psycopg

from gate.catalog.digest import Digests
from gate.catalog.model import Catalog
from gate.catalog.read import read_catalog
from gate.catalog.roles import EVERY
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError, first_line
from gate.contract.model import Contract
from gate.contract.rehearsal import Alembic
from gate.sources.database import look as database
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen, known
from gate.sources.rehearsal import calls, remote
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.prints import Prints
from gate.sources.rehearsal.runner import Answer, Runner
from gate.sources.rehearsal.touched import HAND, WITNESS, tell_counts
from gate.target import Target

NEVER = 1 << 31
"""After how many times psycopg prepares a statement by itself: what is asked of tables that change
under it cannot be, and what is asked of the catalogs is prepared by whoever asks."""
LOST = "the witness lost the clone: {}"
Kept = TypeVar("Kept")
Tell = Callable[[str], None]


@dataclasses.dataclass
class Stage:
    """Everything at hand.

    Attributes:
        connection: The session on the clone; another one after the clone took another state.
        runner: Alembic's process, where it has one that stays.
        now: What is on its way, for bystanders.
        together: Revisions that go up in one command, while several do.
        doubts: Whether a leg whose process was killed is told by a `KilledError`: it is gone again.
        unheard: Why a revision is not tried, where no process of ours hears what it does.
        digests: Tell whether two states are the same to everybody.
        prints: What is known of the rows.
    """

    how: Alembic
    contract: Contract
    target: Target
    carrier: Carrier
    clone: Clone
    tell: Tell
    connection: psycopg.Connection[Any]
    sessions: ExitStack
    runner: Runner | None = None
    now: str = ""
    together: tuple[str, ...] = ()
    doubts: bool = False
    unheard: Callable[[str], str] = lambda _: ""

    def __post_init__(self) -> None:
        """Learn what can be asked of the server."""
        self.connection.prepare_threshold = NEVER
        self.digests = Digests(self.connection)
        self.prints = Prints(self.connection)
        self._witness: psycopg.Connection[Any] | None = None
        self._hand: psycopg.Connection[Any] | None = None

    @contextmanager
    def hand(self) -> Iterator[psycopg.Connection[Any]]:
        """The session that writes rows; it stays as the witness does, and is told of at once.

        What is taken back, and a role of replication, has a session forget the plans that it keeps:
        the one that looks keeps its own.
        """
        if self._hand is None:
            self._hand = self.sessions.enter_context(self.clone.connect(HAND))
            self._hand.prepare_threshold = NEVER
        remote.keep(self._hand)
        yield self._hand
        if self.prints.counted:
            tell_counts(self._hand)

    def witness(self) -> psycopg.Connection[Any]:
        """The session that looks on from outside; the same until the clone takes another state.

        Raises:
            CarrierError: It is lost as it begins.
        """
        if self._witness is not None:
            return self._witness
        try:
            self._witness = self.sessions.enter_context(self.clone.connect(WITNESS))
            self._witness.execute("SET statement_timeout = 5000")
        except CarrierError as error:
            raise CarrierError(LOST.format(error), error.cause) from error
        except psycopg.Error as error:
            raise CarrierError(LOST.format(first_line(error)), Cause.UPSTREAM) from error
        return self._witness

    def whole(self) -> Catalog:
        """The clone's catalog, whose it is itself, and the roles of a server without the live one.

        Where the live database is on it, too, others make and drop roles meanwhile.
        """
        roles = "" if self.clone.beside_live else EVERY
        return read_catalog(self.connection, whole=True, itself=True, roles=roles, prepared=True)

    def look(self) -> Fact[DatabaseFacts]:
        """Look at the clone as the live database is looked at."""
        try:
            return Seen(database.facts(self.connection, {}, self.how.version_table))
        except psycopg.Error as error:
            return CannotTell(first_line(error), Cause.UPSTREAM)

    def at(self) -> tuple[str, ...]:
        """The clone's revisions; none where there is no version table.

        Raises:
            ObservationError: They cannot be read.
        """
        name = self.how.version_table
        found = known(database.told(lambda: database.alembic(self.connection, name), name))
        return () if isinstance(found, Absent) else found

    def save(self) -> str:
        """Keep the clone as it is now; the name is for `restore`."""
        return self._alone(self.clone.states.save)

    def restore(self, name: str) -> None:
        """Have the clone as it was."""
        self._alone(lambda: self.clone.states.restore(name))
        self.prints = Prints(self.connection)

    def set_aside(self, name: str) -> str:
        """Have the clone as it was, and as it is now under the name that is returned."""
        aside = self._alone(lambda: self.clone.states.set_aside(name))
        self.prints = Prints(self.connection)
        return aside

    def empty(self) -> None:
        """Have an empty database in the clone's place."""
        self._alone(self.clone.states.empty)
        calls.guard(self.connection)
        self.prints = Prints(self.connection)

    def step(self, do: str, revision: str) -> Answer:
        """Go one revision up or down, or all that go together, in a process of its own.

        Raises:
            CarrierError: It did not end, or nothing is known of its end.
        """
        if self.runner is None:
            raise TypeError("without a runner there is no single step")
        return self.runner.ask(do, revisions=[*(self.together or (revision,))])

    def _alone(self, do: Callable[[], Kept]) -> Kept:
        """Leave the clone for as long as it takes: a database is copied while nobody is in it."""
        self.sessions.close()
        self._witness = self._hand = None
        try:
            return do()
        finally:
            self.connection = self.sessions.enter_context(self.clone.connect())
            self.connection.prepare_threshold = NEVER
