"""Ask a database statements of a contract's own: one session, a reading transaction for each.

A statement goes alone, by the extended protocol, which takes one and no more; its transaction can
only read, and is rolled back.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping

import psycopg
from psycopg import generators, pq

from gate.connection.postgres import Guard, Session, connect
from gate.errors import ObservationError
from gate.sources.database.look import IN_UTC, session_parameters
from gate.sources.database.refusal import cannot_tell
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.queries.facts import AskQuery, QueryFacts
from gate.sources.queries.partial import refuse_in_part
from gate.sources.queries.rows import Rows, Value, kept
from gate.target import Target

MOST_ROWS = 1000
"""An answer of more rows tells nothing."""
INTEGERS, REALS = {20, 21, 23, 26, 28}, {700, 701, 1700}
"""Numbers of PostgreSQL's own types."""
BOOL = 16


def look(
    target: Target,
    asked: Mapping[str, AskQuery],
    overrides: Mapping[str, str],
    interrupted: threading.Event,
) -> Fact[QueryFacts]:
    """Ask every statement by itself; what goes wrong with one is that one's alone."""
    where = f"database service {target.database.service!r}"
    guard = Guard(target.deadlines.database_s, interrupted)
    try:
        given = session_parameters(target, overrides)
        with connect(guard, target.deadlines.connect_s, **given) as session:
            session.execute(IN_UTC)  # the gate's own PGTZ comes before what is asked for
            answers = {}
            for number, (id_, one) in enumerate(asked.items()):
                share_ms = max(1, int(guard.left_s * 900 / (len(asked) - number)))
                answers[id_] = _answer(session, one, share_ms)
            return Seen(QueryFacts(answers=answers))
    except Exception as error:  # noqa: BLE001 - whatever an answer leads to
        return cannot_tell(error, where)


def _answer(session: Session, asked: AskQuery, share_ms: int) -> Fact[Rows]:
    try:
        session.execute("BEGIN TRANSACTION READ ONLY")
        row = session.execute(
            "SELECT clock_timestamp(), set_config('statement_timeout', %s, true)", [str(share_ms)]
        ).fetchone()
        if asked.sees_all:  # the server refuses then what it would answer in part
            session.execute("SET LOCAL row_security = off")
        refuse_in_part(session, asked.sql)
        clock = (row or [dt.datetime.now(dt.timezone.utc)])[0]
        return Seen(_rows(_asked(session, asked.sql), clock))
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    except Exception as error:  # noqa: BLE001 - as above
        return cannot_tell(error, "the query")
    finally:
        if not session.closed:
            session.execute("ROLLBACK")


def _asked(session: Session, statement: str) -> pq.abc.PGresult:
    """Send one statement, and no second one.

    Raises:
        psycopg.Error: The server refuses it.
    """
    session.pgconn.send_query_params(statement.encode(), None)
    result: pq.abc.PGresult = session.wait(generators.execute(session.pgconn))[-1]
    if result.status != pq.ExecStatus.TUPLES_OK:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)
        raise ObservationError("the statement answers no rows")
    return result


def _rows(result: pq.abc.PGresult, clock: dt.datetime) -> Rows:
    if result.ntuples > MOST_ROWS:
        raise ObservationError(f"it answers {result.ntuples} rows, more than {MOST_ROWS}")
    return Rows(
        columns=tuple((result.fname(one) or b"").decode() for one in range(result.nfields)),
        rows=tuple(
            tuple(_value(result, row, column) for column in range(result.nfields))
            for row in range(result.ntuples)
        ),
        clock=clock,
    )


def _value(result: pq.abc.PGresult, row: int, column: int) -> Value:
    """A value as PostgreSQL prints it, by its type."""
    data, type_ = result.get_value(row, column), result.ftype(column)
    if data is None:
        return None
    text = bytes(data).decode("utf-8", "backslashreplace")
    if type_ == BOOL:
        return text == "t"
    if type_ in INTEGERS:
        return int(text)
    if type_ in REALS and text.lower().lstrip("-") not in ("nan", "infinity"):
        return int(text) if text.lstrip("-").isdigit() else float(text)
    return kept(text)
