"""Facts about a PostgreSQL database: the server, the session, and the catalog."""

from __future__ import annotations

import datetime as dt

from gate.catalog.model import Catalog
from gate.sources.database.sessions import Sessions
from gate.sources.fact import CannotTell, Cause, Fact, Model
from gate.sources.queues.facts import QueueFacts

UNASKED = CannotTell("this look did not ask for it", Cause.UPSTREAM)


class WorkFacts(Model):
    """Proof of work of one worker, read from the database.

    Attributes:
        queue: Its queue, where it has one.
        cycle_s: Seconds since its last cycle left a trace in its table; absent on an empty table.
        poll_s: Seconds since one of the worker's own sessions last sent a statement
            (``pg_stat_activity``); absent where no session of it is connected.
    """

    queue: Fact[QueueFacts] | None = None
    cycle_s: Fact[float] | None = None
    poll_s: Fact[float] | None = None


class DatabaseFacts(Model):
    """Everything that one look at the database answered.

    Attributes:
        server_version: As ``SHOW server_version`` says it.
        clock: The server's time of the look (UTC).
        started: When the server came up (UTC).
        zone: Time zone of a session without a setting of its own: the database's, else the
            server's.
        read_only: Whether the session could not have written.
        superuser: Whether the gate came as a superuser, which it should not.
        alembic: Rows of ``alembic_version``, sorted; absent where there is no such table.
        work: By work item id.
        sessions: Who is connected, where that was asked for.
        rights: What the gate's role might write, were its session another one, in words such as
            ``INSERT on public.orders``.
        read_only_by: Where it is set that transactions only read unless they say otherwise, such as
            ``configuration file``; empty where it is not.
    """

    server_version: str
    database: str
    user: str
    superuser: bool
    read_only: bool
    clock: dt.datetime
    started: dt.datetime
    in_recovery: bool
    zone: Fact[str] = UNASKED
    catalog: Catalog
    alembic: Fact[tuple[str, ...]]
    work: dict[str, WorkFacts]
    sessions: Fact[Sessions] | None = None
    rights: Fact[tuple[str, ...]] = UNASKED
    read_only_by: Fact[str] = UNASKED
