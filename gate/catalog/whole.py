"""Every kind of object that is no table or part of one, in one question."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import psycopg

from gate.catalog import operators, outside
from gate.catalog.expression import normal
from gate.catalog.others import OTHERS
from gate.catalog.queries import suited
from gate.catalog.rare import RARE
from gate.catalog.rights import DATABASE, RIGHTS, parameters
from gate.catalog.types import TYPES

BODY = "parsed body "
"""Before the text of such a function."""
QUERIES = (
    *(*OTHERS, TYPES, *RARE, *operators.ALL, *RIGHTS),
    *(outside.FOREIGN_TABLES, outside.SERVERS, outside.FEEDS),
)


def read_others(
    ask: Callable[..., psycopg.Cursor[dict[str, Any]]], version: int, *, itself: bool, roles: str
) -> list[dict[str, Any]]:
    """Read them as ``kind, name, owner, definition``.

    Args:
        ask: Executes a query, with the settings of `gate.catalog.queries.SESSION`.
        version: Major version of the server.
        itself: Also whose the database itself is, and who gets in.
        roles: A query of `gate.catalog.roles`: also the roles that it tells, if any.
    """
    row = ask(outside.SUBSCRIPTION_COLUMNS).fetchone() or {}
    queries = [
        *QUERIES,
        outside.published(version),
        outside.SUBSCRIPTIONS.format(pairs=row["pairs"]),
        *parameters(version),
        *([DATABASE] if itself else []),
    ]
    rows = ask(suited(" UNION ALL ".join(queries), version)).fetchall()
    rows += ask(roles).fetchall() if roles else []
    return [_short(one) for one in rows]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A function whose body is parsed is told by the MD5 of its normal form."""
    text = row["definition"] or ""
    if row["kind"] not in ("function", "procedure") or BODY not in text:
        return row
    told, _, body = text.partition(BODY)
    digest = hashlib.md5(normal(body).encode(), usedforsecurity=False).hexdigest()
    return {**row, "definition": f"{told}md5 {digest}"}
