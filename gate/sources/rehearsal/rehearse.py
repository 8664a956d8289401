"""One rehearsal from the clone to the receipt; each stage that fails says why the next is open."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import psycopg

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.catalog.read import read_catalog
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError, first_line
from gate.contract.model import Contract
from gate.contract.rehearsal import Alembic, Rehearsal
from gate.errors import ObservationError
from gate.kinds.endpoint import Endpoint
from gate.secrets import known
from gate.sources.database import look as database
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen, told
from gate.sources.migrations.chain import pending
from gate.sources.migrations.facts import Chain
from gate.sources.rehearsal import alembic, rows, serve, trace, vectors
from gate.sources.rehearsal.bystanders import STOP_S, Canary, idle_reader
from gate.sources.rehearsal.clone import Clone, cloned
from gate.sources.rehearsal.facts import Leg, Receipt, RehearsalFacts
from gate.sources.rehearsal.witness import Witness
from gate.target import Target

Tell = Callable[[str], None]

STRANGERS = """
    SELECT coalesce(nullif(application_name, ''), 'a session without a name') || ' as ' || usename
      FROM pg_stat_activity
     WHERE datname = %s AND backend_type = 'client backend' AND backend_start > %s
       AND NOT starts_with(application_name, 'atum-desk-gate')
"""
STORAGE = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relfilenode
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


@dataclasses.dataclass
class _Stage:
    """What a rehearsal has at hand."""

    how: Alembic
    contract: Contract
    target: Target
    carrier: Carrier
    clone: Clone
    connection: psycopg.Connection[Any]
    tell: Tell
    now: str = ""


def rehearse(
    contract: Contract, target: Target, carrier: Carrier, chain: Fact[Chain], tell: Tell
) -> Fact[RehearsalFacts]:
    """Rehearse what the contract's ``[alembic]`` describes, on a clone that is gone afterwards.

    Args:
        contract: Says how Alembic is run and what the rehearsal is to show.
        target: Names where clones may be made.
        carrier: The way to the host: Alembic runs there.
        chain: The revisions of the release that is to be deployed.
        tell: Is told of every stage as it begins.

    Returns:
        The facts; or why there could be no rehearsal at all.
    """
    how, source = contract.alembic, target.rehearsal
    if how is None:
        return Absent("the contract says nothing of Alembic")
    if source is None:
        return CannotTell(
            f"target {target.name} names no place to rehearse: [rehearsal] service = ... in its "
            f"file (a role that may create databases, on another server if you can)",
            Cause.UPSTREAM,
        )
    began = time.monotonic()
    try:
        tell("rehearsal: cloning the database")
        with cloned(target, source, carrier) as (clone, facts), clone.connect() as connection:
            stage = _Stage(how, contract, target, carrier, clone, connection, tell)
            found = _rehearse(stage, chain, RehearsalFacts(
                clone=Seen(facts), obeys=_open("the proof"), reached=_open("the upgrade"),
                after=_open("the upgrade"), receipts=_open("the downgrade"),
            ))  # fmt: skip
    except ObservationError as error:
        cause = error.cause if isinstance(error, CarrierError) else Cause.UPSTREAM
        return CannotTell(str(error), cause)
    except psycopg.Error as error:
        return CannotTell(f"rehearsal: {first_line(error)}", Cause.UPSTREAM)
    return Seen(found.model_copy(update={"seconds": time.monotonic() - began}))


def _open(what: str, why: str = "not reached") -> CannotTell:
    return CannotTell(f"{what}: {why}", Cause.UPSTREAM)


def _rehearse(stage: _Stage, chain: Fact[Chain], facts: RehearsalFacts) -> RehearsalFacts:
    stage.tell("rehearsal: proving that Alembic opens the clone")
    live, row = stage.clone.live, stage.connection.execute("SELECT clock_timestamp()").fetchone()
    try:
        obeys = alembic.prove(stage.how, stage.target, stage.clone, stage.carrier)
    except CarrierError as error:
        obeys = CannotTell(str(error), error.cause)
    except ObservationError as error:
        obeys = CannotTell(str(error), Cause.UPSTREAM)
    with live.connect("strangers") as session:
        same = (
            row
            if stage.clone.beside_live
            else session.execute("SELECT now() - '1 s'::interval").fetchone()
        )
        strangers = [one for (one,) in session.execute(
            STRANGERS, [live.here["dbname"], (same or [None])[0]])]  # fmt: skip
    facts = facts.model_copy(
        update={"obeys": obeys, "strangers": tuple(dict.fromkeys(strangers)), "began": _at(stage)}
    )
    if not isinstance(obeys, Seen):
        return _closed(facts, "nothing was migrated: Alembic was not proven to open the clone")
    if not isinstance(chain, Seen):
        return _closed(facts, f"the revisions cannot be read: {chain}")
    return _up_down_up(stage, chain.value, facts)


def _closed(facts: RehearsalFacts, why: str) -> RehearsalFacts:
    return facts.model_copy(
        update={
            "reached": _open("the upgrade", why),
            "after": _open("the upgraded schema", why),
            "receipts": _open("the downgrade", why),
        }
    )


def _up_down_up(stage: _Stage, chain: Chain, facts: RehearsalFacts) -> RehearsalFacts:
    unknown = [one for one in facts.began if one not in chain.revisions]
    if unknown:
        return _closed(facts, f"no revision file knows {', '.join(unknown)}")
    order = pending(chain, facts.began)
    catalogs = [_whole(stage)]
    kept = rows.columns_of(catalogs[0], stage.how.version_table)
    prints = [rows.fingerprints(stage.connection, kept)]
    legs: list[Leg] = []
    hot = [one for one in stage.how.hot if one in catalogs[0].tables]
    canaries = [Canary(stage.clone, table, does) for table in hot for does in ("reads", "writes")]
    for one in canaries:
        one.start(lambda: stage.now)
    try:
        with idle_reader(stage.clone, tuple(hot), stage.how.reader_s if order else 0):
            for revision in order:
                legs.append(_leg(stage, revision, revision, "up", catalogs[-1]))
                if legs[-1].exit_status != 0:
                    break
                catalogs.append(_whole(stage))
                prints.append(rows.fingerprints(stage.connection, rows.shared(kept, catalogs[-1])))
    finally:
        for one in canaries:
            one.leave()
        until = time.monotonic() + STOP_S
        bystanders = tuple(one.stop(until) for one in canaries)
    facts = facts.model_copy(
        update={"up": tuple(legs), "reached": Seen(_at(stage)), "bystanders": bystanders}
    )
    if legs and legs[-1].exit_status != 0:
        why = f"{legs[-1].revision} could not be applied"
        return facts.model_copy(
            update={
                "after": _open("the upgraded schema", why),
                "receipts": _open("the downgrade", why),
            }
        )
    facts = facts.model_copy(update={"after": _look(stage), "vectors": _vectors(stage)})
    unwritten = rows.leave_witnesses(stage.connection, catalogs[0], catalogs[-1])
    facts = facts.model_copy(update={"unwritten": unwritten})
    if len(_at(stage)) > 1:
        why = f"several heads, {', '.join(_at(stage))}: there is no one way back"
        return facts.model_copy(update={"receipts": _open("the downgrade", why)})
    facts = _down(stage, facts, order=order, catalogs=catalogs, prints=prints, kept=kept)
    return _again(stage, facts, order)


def _leg(stage: _Stage, revision: str, to: str, direction: Any, before: Catalog) -> Leg:
    """Run one revision in one direction under witness."""
    verb = "upgrade" if direction == "up" else "downgrade"
    stage.tell(f"rehearsal: {verb} {to}")
    connection = stage.connection
    existing = {f"public.{one}" if "." not in one else one for one in before.tables}
    trace.install(connection, superuser=stage.clone.superuser)
    storage = dict(connection.execute(STORAGE).fetchall())
    first = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp())::float8, pg_current_wal_lsn()"
    ).fetchone() or (0.0, "0/0")
    began, status, said = time.monotonic(), None, ""
    stage.now = f"{verb} {revision}"
    try:
        with Witness(stage.clone, existing) as witness:
            output = alembic.run(stage.how, stage.target, stage.clone, stage.carrier, verb, to)
        status, said = output.rc, output.stdout.decode("utf-8", "replace")
    except CarrierError as error:
        stage.clone.way.sessions.check()
        said = str(error)
        _end_sessions(stage)
    finally:
        stage.now = ""
    seconds = time.monotonic() - began
    wal = connection.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)::bigint", [first[1]]
    ).fetchone()
    traced = trace.collect(connection, first[0], superuser=stage.clone.superuser)
    moved = [
        name.removeprefix("public.")
        for name, number in connection.execute(STORAGE).fetchall()
        if name in storage and storage[name] != number
    ]
    return Leg(
        revision=revision,
        direction=direction,
        seconds=round(seconds, 3),
        exit_status=status,
        output=said[-alembic.KEPT :],
        locks=witness.locks(traced.locks),
        rewritten=tuple(sorted(moved)),
        dropped=traced.dropped,
        commands=traced.commands,
        wal_bytes=int((wal or [0])[0]),
        building=witness.building,
    )


def _end_sessions(stage: _Stage) -> None:
    """What was killed on the host may live on in the server, with its locks."""
    stage.connection.execute(
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = "
        "current_database() AND NOT starts_with(application_name, 'atum-desk-gate') "
        "AND backend_type = 'client backend'"
    )


def _down(
    stage: _Stage,
    facts: RehearsalFacts,
    *,
    order: tuple[str, ...],
    catalogs: list[Catalog],
    prints: list[dict[str, rows.Print]],
    kept: dict[str, tuple[str, ...]],
) -> RehearsalFacts:
    """Go back revision by revision; the receipt says what each gave back."""
    catalog = catalogs[-1]
    legs: list[Leg] = []
    receipts: list[Receipt] = []
    for number in reversed(range(len(order))):
        revision, below = order[number], catalogs[number]
        lost = rows.losses(stage.connection, catalog, below)
        to = order[number - 1] if number else (facts.began[0] if facts.began else "base")
        legs.append(_leg(stage, revision, to, "down", catalogs[number + 1]))
        catalog = _whole(stage)
        same = {
            table: columns
            for table, columns in rows.shared(kept, below).items()
            if table in catalog.tables and set(columns) <= set(catalog.tables[table].columns)
        }
        now = rows.fingerprints(stage.connection, same)
        receipts.append(
            Receipt(
                revision=revision,
                diff=tuple(diff(below, catalog).lines()),
                rows=rows.changed(prints[number], now),
                losses=lost,
            )
        )
        if legs[-1].exit_status != 0:
            break
    return facts.model_copy(update={"down": tuple(legs), "receipts": Seen(tuple(receipts))})


def _again(stage: _Stage, facts: RehearsalFacts, order: tuple[str, ...]) -> RehearsalFacts:
    """Upgrade once more, then have the release from before work on the new schema."""
    asked = {
        id_: item.serves
        for id_, item in stage.contract.of(Rehearsal, "predeploy").items()
        if item.serves is not None
    }
    if not asked:
        return facts
    if order:
        stage.tell(f"rehearsal: upgrade {order[-1]} again, for the release from before")
        output = alembic.run(
            stage.how, stage.target, stage.clone, stage.carrier, "upgrade", order[-1]
        )
        if output.rc != 0:
            said = known.last(output.stdout.decode("utf-8", "replace"), 300)
            why = _open("the release from before", f"a second upgrade failed: {said}")
            return facts.model_copy(update={"serves": dict.fromkeys(asked, why)})
    stage.tell("rehearsal: the release from before on the new schema")
    endpoints = stage.contract.of(Endpoint, "predeploy")
    for one in stage.contract.not_tried("predeploy"):
        if isinstance(one.before, Endpoint):
            endpoints[one.id] = one.before
    found = {
        id_: serve.smoke(
            one,
            how=stage.how,
            target=stage.target,
            clone=stage.clone,
            carrier=stage.carrier,
            endpoints=endpoints,
        )
        for id_, one in asked.items()
    }
    return facts.model_copy(
        update={
            "serves": {id_: answers for id_, (answers, _) in found.items()},
            "fences": {id_: fence for id_, (_, fence) in found.items()},
        }
    )


def _vectors(stage: _Stage) -> dict[str, Any]:
    return {
        id_: vectors.ask(stage.connection, item.vector)
        for id_, item in stage.contract.of(Rehearsal, "predeploy").items()
        if item.vector is not None
    }


def _whole(stage: _Stage) -> Catalog:
    return read_catalog(stage.connection, whole=True)


def _look(stage: _Stage) -> Fact[DatabaseFacts]:
    """Look at the clone as the live database is looked at."""
    try:
        return Seen(database.facts(stage.connection, {}, stage.how.version_table))
    except psycopg.Error as error:
        return CannotTell(first_line(error), Cause.UPSTREAM)


def _at(stage: _Stage) -> tuple[str, ...]:
    """The clone's revisions; none where there is no version table.

    Raises:
        ObservationError: They cannot be read.
    """
    rows_ = told(database.alembic(stage.connection, stage.how.version_table))
    return () if isinstance(rows_, Absent) else rows_
