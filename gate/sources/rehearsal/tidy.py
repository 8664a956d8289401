"""Take away what the rehearsal's own rows left in tables that were empty, as far as that goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier, quoted
from gate.sources.rehearsal import rows


def tidy(
    connection: psycopg.Connection[Any], tables: Iterable[str], positions: Mapping[str, int]
) -> None:
    """Empty tables and put sequences back; whoever wants to rely on it compares afterwards.

    Args:
        connection: On the clone.
        tables: Had no row before.
        positions: Of the sequences before; those that are left out had given no value.
    """
    now = rows.positions(connection)
    try:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for name in tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(identifier(name)))
            for name in now:
                if name in positions and now[name] != positions[name]:
                    connection.execute("SELECT setval(%s, %s)", [quoted(name), positions[name]])
                elif name not in positions:
                    connection.execute(
                        "SELECT setval(s.seqrelid, s.seqstart, false) FROM pg_sequence AS s "
                        "WHERE s.seqrelid = %s::regclass", [quoted(name)]
                    )  # fmt: skip
    except psycopg.Error:
        return  # then it is not as it was, and that is seen
