"""States of the clone that are kept: copies beside it, which take its place under its name."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from gate.sources.rehearsal import copies, mark

EMPTY = "template0"
LISTS = (
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
)
"""Settings that hold a list of names, each quoted already (as pg_dump knows them)."""
SETTINGS = """
    SELECT r.rolname, o.pair
      FROM pg_db_role_setting AS s
      JOIN pg_database AS d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles AS r ON r.oid = s.setrole, unnest(s.setconfig) AS o(pair)
     WHERE d.datname = %s
"""

RIGHTS = """
    SELECT coalesce(r.rolname, ''), x.privilege_type, x.is_grantable
      FROM pg_database AS d
      LEFT JOIN LATERAL aclexplode(d.datacl) AS x ON true
      LEFT JOIN pg_roles AS r ON r.oid = x.grantee
     WHERE d.datname = %s AND d.datacl IS NOT NULL
"""
"""Who has which rights on a database; a row of NULLs where nobody has any, none as it is usual."""
OWN = """
    SELECT r.rolname, d.datdba <> x.datdba, d.datconnlimit, d.datconnlimit <> x.datconnlimit,
           d.datistemplate
      FROM pg_database AS d LEFT JOIN pg_roles AS r ON r.oid = d.datdba, pg_database AS x
     WHERE d.datname = %s AND x.datname = %s
"""
"""Whose a database is and how many may come in, where that is not as with another one."""


class States:
    """Copies of one clone, made and dropped over the session that holds its name.

    Attributes:
        names: Databases that are there, the clone's own left out.
    """

    def __init__(self, admin: psycopg.Connection[Any], clone: str, live: str) -> None:
        """Keep none yet.

        Args:
            admin: The session that holds the clone's name; it is on another database.
            clone: The clone's name.
            live: Name of the database that it is a clone of, for the mark.
        """
        self.names: list[str] = []
        self._admin, self._clone, self._live = admin, clone, live

    def save(self) -> str:
        """Copy the clone as it is; nobody may be connected to it.

        Returns:
            What the copy is called.
        """
        return self._copy(self._clone)

    def copy(self, name: str) -> str:
        """Copy a copy.

        Returns:
            What it is called.
        """
        return self._copy(name)

    def restore(self, name: str) -> None:
        """Let a copy take the clone's place; the copy is gone then, and so is what was there."""
        mark.drop(self._admin, self._clone)
        self._admin.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(name), sql.Identifier(self._clone)
            )
        )
        self.names.remove(name)

    def set_aside(self, name: str) -> str:
        """Let a copy take the clone's place; the clone is a copy then, without being copied.

        Returns:
            What it is called.
        """
        aside = mark.new_name()
        mark.hold(self._admin, aside)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        self.names.append(aside)
        for was, now in ((self._clone, aside), (name, self._clone)):
            self._admin.execute(rename.format(sql.Identifier(was), sql.Identifier(now)))
        self.names.remove(name)
        return aside

    def forget(self, name: str) -> None:
        """Drop a copy."""
        mark.drop(self._admin, name)
        self.names.remove(name)

    def empty(self) -> None:
        """Let an empty database take the clone's place."""
        name = self._copy(EMPTY)
        self.restore(name)

    def _copy(self, source: str) -> str:
        name, like = mark.new_name(), self._clone if source == EMPTY else source
        mark.hold(self._admin, name)
        self.names.append(name)
        copies.copy(self._admin, name, source)
        mark.write(self._admin, name, self._live)
        for role, pair in self._admin.execute(SETTINGS, [like]).fetchall():
            self._admin.execute(setting(name, pair, role))
        if source == like:
            self._carry_own(name, like)
            self._carry_rights(name, like)
        return name

    def _carry_own(self, name: str, like: str) -> None:
        """A copy is its maker's and lets anybody in, whatever a revision made of the clone."""
        row = self._admin.execute(OWN, [like, name]).fetchone()
        if row is None:
            return
        owner, given, limit, limited, template = row
        for differs, what in (
            (given and owner, sql.SQL("OWNER TO {}").format(sql.Identifier(owner or ""))),
            (limited, sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(limit))),
            (template, sql.SQL("IS_TEMPLATE true")),
        ):
            if differs:
                text = sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(name), what)
                self._admin.execute(text)

    def _carry_rights(self, name: str, like: str) -> None:
        """A copy has the usual rights, whatever a revision granted on the clone or revoked."""
        rights = self._admin.execute(RIGHTS, [like]).fetchall()
        database = sql.Identifier(name)
        for one in ("PUBLIC", "CURRENT_USER") if rights else ():
            self._admin.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, sql.SQL(one))
            )
        for role, privilege, grantable in rights:
            if privilege is None:
                continue
            self._admin.execute(
                sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                    sql.SQL(privilege), database,
                    sql.Identifier(role) if role else sql.SQL("PUBLIC"),
                    sql.SQL(" WITH GRANT OPTION" if grantable else ""),
                )
            )  # fmt: skip


def setting(database: str, pair: str, role: str | None = None) -> sql.Composed:
    """Make a setting of a database, or of a role in it, from ``name=value`` as PostgreSQL keeps it.

    Its value is written as it was kept: a list of names is one already.
    """
    name, _, value = pair.partition("=")
    told = sql.SQL(value) if name in LISTS and value else sql.Literal(value)
    whose = sql.SQL("DATABASE {}").format(sql.Identifier(database))
    if role is not None:
        whose = sql.SQL("ROLE {} IN DATABASE {}").format(
            sql.Identifier(role), sql.Identifier(database)
        )
    return sql.SQL("ALTER {} SET {} = {}").format(whose, _dotted(name), told)


def _dotted(name: str) -> sql.Composable:
    return sql.SQL(".").join(sql.Identifier(one) for one in name.split("."))
