"""Why the database could not tell a fact, by what it answered."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from gate.connection.obstacle import first_line
from gate.connection.postgres import Ended
from gate.sources.fact import CannotTell, Cause

TIMEOUTS = (errors.QueryCanceled, errors.LockNotAvailable, errors.ConnectionTimeout)
SAID = (
    (
        Cause.PERMISSION,
        re.compile(r"password|pg_hba\.conf|authentication failed|no such user|permission denied"
                   r"|certificate"),
    ),
    (Cause.TIMEOUT, re.compile(r"timeout|timed out")),
    (
        Cause.UPSTREAM,
        re.compile(r"FATAL|invalid response|expected authentication|definition of service"
                   r"|does not support SSL|too many|unexpected message|lost synchronization"),
    ),
)  # fmt: skip
"""What libpq says of a connection that did not come about; it gives no SQLSTATE there."""


def cannot_tell(error: Exception, where: str = "") -> CannotTell:
    """Return the fact that an error leaves.

    Args:
        error: psycopg's, or whatever an answer led to that is none of PostgreSQL's.
        where: What was asked; put in front.
    """
    said = first_line(error)
    if not isinstance(error, psycopg.Error):
        said = f"the answer is not PostgreSQL's: {type(error).__name__}: {said}"
    return CannotTell(f"{where}: {said}" if where else said, _cause(error))


def _cause(error: Exception) -> Cause:
    if isinstance(error, Ended):
        return error.cause
    if isinstance(error, TIMEOUTS):
        return Cause.TIMEOUT
    if isinstance(error, errors.InsufficientPrivilege):
        return Cause.PERMISSION
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        text = str(error)
        return next((cause for cause, one in SAID if one.search(text)), Cause.UNREACHABLE)
    return Cause.UPSTREAM
