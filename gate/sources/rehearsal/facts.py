"""Facts about a rehearsal: the clone, each revision up and down, bystanders, and the receipt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pydantic

from gate.sources.api.facts import ApiFacts
from gate.sources.canary.facts import Flight
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Fact, Model
from gate.sources.rehearsal.company import Bystander, Neighbour, Together, Undone
from gate.sources.rehearsal.newly import Newly
from gate.sources.rehearsal.search import VectorFacts

EXTENSIONS, SERVER, ROWS = "extension versions", "server version", "rows"
REVISIONS, STATISTICS = "revisions", "statistics"
"""Kinds of what a clone can lack, beside those of the catalog."""


class Lack(Model):
    """A kind of thing that the live database has and the clone has not, or has otherwise.

    Attributes:
        kind: Such as ``grants``, ``owners`` or ``comments``; ``rows`` for tables of which some are
            there, ``revisions`` where the live database is at others.
        objects: What it is about, as the catalog names it.
    """

    kind: str
    objects: tuple[str, ...]


class CloneFacts(Model):
    """The clone and what it can be trusted for.

    Attributes:
        name: The database's name; it is gone when the rehearsal is over.
        source: What it was made from, such as ``pg_dump of shop``.
        seconds: How long that took.
        bytes: Its size.
        rows: Rows by table, as counted after it was made.
        differences: What is not as in the live database, one sentence each.
        lacks: What was not carried, by kind: what needs it cannot be concluded.
        foreign: Roles, tablespaces and extensions of the live server that the clone's has not.
        closed: Foreign tables, wrappers and functions that lead to other servers, and not from
            the clone.
    """

    name: str
    source: str
    seconds: float
    bytes: int
    rows: dict[str, int]
    differences: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()
    foreign: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


class Command(Model):
    """One DDL command, as the event triggers saw it.

    Attributes:
        tag: Such as ``ALTER TABLE``.
        objects: What it made or changed.
        at_s: Seconds since the revision began.
        seconds: How long it took, as far as its end was seen.
        lock_timeout: The session's setting at its start.
    """

    tag: str
    objects: tuple[str, ...]
    at_s: float
    seconds: float
    lock_timeout: str


class TableLock(Model):
    """A lock on a table that was there before, as the outside witness saw it.

    Attributes:
        mode: PostgreSQL's name, such as ``AccessExclusiveLock``.
        waited_s: How long it was waited for.
        held_s: How long it was held, to the sampling interval.
        blocked_by: What was in the way, such as ``idle in transaction: SELECT ...``.
        at_s: Seconds since the revision began at which it was first waited for, or held; ``None``
            where it was too short to be sampled.
    """

    table: str
    mode: str
    waited_s: float
    held_s: float
    blocked_by: tuple[str, ...] = ()
    at_s: float | None = None


class Leg(Model):
    """One revision in one direction.

    Attributes:
        seconds: Duration of the whole command.
        exit_status: Of Alembic; ``None`` where it did not end in time and was killed.
        output: The last of what it said.
        locks: The strongest lock per table.
        rewritten: Tables with another storage: written anew, or what ``remade`` says of them.
        dropped: Tables and columns that are gone.
        commands: DDL commands in order; needs a superuser on the clone's server.
        wal_bytes: Write-ahead log that the server wrote meanwhile.
        building: Indexes seen being built, with their phases.
        notices: What the server said beside its answers, each once.
        started: When it began, by the gate's clock (UTC).
        queued: Whether it held an advisory lock, as those do who expect others of their kind.
        concurrently: Whether something of it ran ``CONCURRENTLY``.
        beyond: What of the live database itself is other than before, such as its owner, and what
            of its server's roles.
    """

    revision: str
    direction: Literal["up", "down"]
    seconds: float
    exit_status: int | None
    output: str
    locks: tuple[TableLock, ...] = ()
    rewritten: tuple[str, ...] = ()
    remade: dict[str, str] = {}
    dropped: tuple[str, ...] = ()
    commands: Fact[tuple[Command, ...]]
    wal_bytes: int = 0
    building: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    started: pydantic.AwareDatetime | None = None
    queued: bool = False
    concurrently: bool = False
    beyond: tuple[str, ...] = ()


class Loss(Model):
    """What a downgrade gives up: a table or a column, and the rows that had content there."""

    object: str
    rows: int


class Receipt(Model):
    """What one revision's downgrade gives back.

    Attributes:
        diff: Differences between the catalog before the upgrade and after the downgrade.
        rows: Kept tables and sequences that are not what they were.
        losses: What is gone with it.
        failed: Why the downgrade did not end well, if it did not.
        again: What is wrong with going up once more.
        with_rows: What goes wrong only when the new tables and columns hold rows.
        newly: What does not come back as it was where rows use what is newly allowed.
        unwritten: What of the new schema no witness could be written to, and why.
        witnesses: Tables and columns that a witness was written to.
        moved: Kept tables whose rows the upgrade changed.
        struck: What goes wrong when the step is cut off half-way and begun again.
        unstruck: Why that was not tried, where it was to be.
        raced: What goes wrong when several migrators apply the step at once.
        beside: How it got on with those who were at work when it came.
        alone: Why ``pg_dump`` had no opinion of it; empty where it had one.
        rows_of: Whose rows the tables held: those of the clone, or none in an empty database.
    """

    revision: str
    diff: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    failed: str = ""
    again: tuple[str, ...] = ()
    with_rows: tuple[str, ...] = ()
    newly: tuple[Newly, ...] = ()
    unwritten: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    unstruck: str = ""
    raced: tuple[str, ...] = ()
    beside: tuple[Neighbour, ...] = ()
    alone: str = ""
    rows_of: Literal["clone", "empty"] = "clone"

    @property
    def clean(self) -> bool:
        """Whether everything that was there before is there again."""
        return not (
            self.diff
            or self.rows
            or self.failed
            or self.again
            or self.with_rows
            or self.struck
            or self.raced
        )

    def about(self, names: Iterable[str]) -> list[str]:
        """Of the sentences about rows, those about tables or columns of these names."""
        return [one for one in self.rows if one.startswith(tuple(f"{name}: " for name in names))]

    def without(self, names: Iterable[str]) -> Receipt:
        """The same without the sentences about rows of these tables and columns."""
        explained = self.about(names)
        left = tuple(one for one in self.rows if one not in explained)
        return self.model_copy(update={"rows": left})


class Back(Model):
    """A way back.

    Attributes:
        to: The revision where it ends, or ``base``.
        steps: What is taken back, newest first.
    """

    to: str
    steps: tuple[str, ...]


class RehearsalFacts(Model):
    """Everything that one rehearsal showed; what was not reached cannot be told, and says why.

    Attributes:
        targets_clone: Whether Alembic read the marker back, and from where.
        strangers: New sessions on the live database meanwhile that are not the gate's.
        began: Revisions that the clone was at.
        up, down: The legs, in the order of their running.
        reached, together: Revisions after the upgrade; what is pending in one command, if several.
        after: The upgraded clone, looked at as the live database is.
        serves: Answers of a release that was started, by item id; absent: it ended by itself.
        fences: What is known of the fence that the release ran behind, by item id.
        logs: The last of what the release said, by item id.
        flights: What came of canaries there, by item id and the canary's.
        vectors: By item id.
        undone: What came of the plan's downgrade from its own tree, by item id; absent: there is
            no such way back.
        receipts: Per revision, newest first.
        heads: Where the upgrade is to end.
        backs: The way back by the name that the contract gives its end.
        problems: What is wrong with a name of a revision, by the name.
        unjudged: Why a revision was not judged, by the revision.
        half: Revisions that were judged by going back and up again alone, and why the history
            cannot be applied from an empty database.
        steps, history: Which revisions are judged, such as ``pending``; how many lead to the heads.
        seconds: Of the whole rehearsal.
        unkept: What Alembic's process had by its first connection, so that each step began anew.
        left: What the rehearsal made and could not remove, one sentence each.
        earlier: The same of earlier ones on this host, whatever their target.
    """

    clone: Fact[CloneFacts]
    targets_clone: Fact[str]
    strangers: tuple[str, ...] = ()
    began: tuple[str, ...] = ()
    up: tuple[Leg, ...] = ()
    reached: Fact[tuple[str, ...]]
    together: Fact[Together] | None = None
    after: Fact[DatabaseFacts]
    bystanders: tuple[Bystander, ...] = ()
    vectors: dict[str, Fact[VectorFacts]] = {}
    serves: dict[str, Fact[ApiFacts]] = {}
    fences: dict[str, str] = {}
    logs: dict[str, str] = {}
    flights: dict[str, dict[str, Fact[Flight]]] = {}
    down: tuple[Leg, ...] = ()
    undone: dict[str, Fact[tuple[Undone, ...]]] = {}
    receipts: Fact[tuple[Receipt, ...]]
    heads: tuple[str, ...] = ()
    backs: dict[str, Back] = {}
    problems: dict[str, str] = {}
    unjudged: dict[str, str] = {}
    half: dict[str, str] = {}
    steps: str = "pending"
    history: int = 0
    seconds: float = 0.0
    unkept: str = ""
    left: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
