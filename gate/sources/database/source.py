"""The database: its catalog, and the proofs of its workers' work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from gate.connection import forward
from gate.connection.obstacle import CarrierError
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.questions import AskReadOnly, AskRights, AskSessions, AskWhole, AskWork
from gate.sources.fact import CannotTell, Cause, Fact
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[DatabaseFacts]:
    """Read the catalog, all of it where something asks for that."""
    from gate.sources.database import look as database  # noqa: PLC0415 - loaded while connecting

    if not looking.target.database.service:
        return CannotTell("the target names no [database]", Cause.UPSTREAM)
    work = {one.id: one.work for one in looking.asked if isinstance(one, AskWork)}
    try:
        overrides = forward.to_database(looking.target, looking.carrier)
        return database.look(
            looking.target,
            work,
            overrides,
            looking.version_table,
            whole=any(isinstance(one, AskWhole) for one in looking.asked),
            sessions=_behind(looking) if AskSessions() in looking.asked else None,
            rights=any(isinstance(one, AskRights) for one in looking.asked),
            read_only=AskReadOnly() in looking.asked,
            interrupted=looking.carrier.interrupted,
        )
    except CarrierError as error:
        return CannotTell(str(error), error.cause)


def _behind(looking: Looking) -> Callable[[float], object]:
    """Waits for the look at the host: sessions are held beside the sockets that it has found.

    The server is asked behind the host, so that whoever was connected there is in its list, too.
    """
    over = threading.Event()

    def wait() -> None:
        looking.of("host")
        over.set()

    threading.Thread(target=wait, name="look-sessions", daemon=True).start()
    return over.wait


def _belonging(
    facts: DatabaseFacts, was: Mapping[str, str], asked: Mapping[str, str]
) -> DatabaseFacts:
    work = {
        id_: one
        for id_, one in facts.work.items()
        if id_ not in asked or was.get(id_) == asked[id_]
    }
    return facts.model_copy(update={"work": work})


SOURCE = Source(
    name="database",
    rank=20,
    format=2,
    facts=DatabaseFacts,
    look=look,
    after=("host",),
    belonging=_belonging,
)
