"""Names of the catalog, quoted for SQL."""

from __future__ import annotations

from psycopg import sql

from gate.catalog.names import parts


def identifier(name: str) -> sql.Identifier:
    """A name for SQL; always with the schema, so that no search path matters."""
    return sql.Identifier(*parts(name))


def quoted(name: str) -> str:
    """A name as a text that PostgreSQL reads as ``regclass``."""
    return ".".join('"{}"'.format(one.replace('"', '""')) for one in parts(name))
