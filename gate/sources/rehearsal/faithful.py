"""What a clone lacks of its original: owners, grants, comments, settings, versions."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from gate.catalog.diff import diff
from gate.catalog.read import read_catalog
from gate.sources.rehearsal.facts import EXTENSIONS, SERVER, Lack

# Whoever owns something, was granted something, or has a policy.
ROLES = """
    SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend AS d
      JOIN pg_catalog.pg_roles AS r ON r.oid = d.refobjid
     WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
       AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
     UNION
    SELECT r.rolname FROM pg_catalog.pg_roles AS r
     WHERE r.oid >= 16384 AND EXISTS (
               SELECT FROM pg_catalog.pg_db_role_setting AS s
                WHERE s.setrole = r.oid AND s.setdatabase = (
                          SELECT oid FROM pg_catalog.pg_database
                           WHERE datname = current_database()))
     UNION
    SELECT rolname FROM pg_catalog.pg_roles AS r  -- nothing depends on who made the cluster
     WHERE r.oid = 10 AND (
               EXISTS (SELECT FROM pg_catalog.pg_class WHERE relowner = r.oid AND oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typowner = r.oid AND oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proowner = r.oid AND oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_namespace
                        WHERE nspowner = r.oid AND oid >= 16384))
"""
TABLESPACES = """
    SELECT DISTINCT s.spcname FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
"""
SERVER_WIDE = """
    SELECT 'role', rolname FROM pg_catalog.pg_roles
     UNION ALL
    SELECT 'tablespace', spcname FROM pg_catalog.pg_tablespace
     UNION ALL
    SELECT 'extension', name FROM pg_catalog.pg_available_extensions
"""
KINDS = ("grant", "default grant", "comment", "setting", "security label", "subscription")
ITSELF = "grant on database itself"
"""Rights on the database: a clone has another name, and no migration speaks of it."""
OWNER = re.compile(r"(.*), owner (.*)")
LARGEST = 500
"""How many things of each sort a receipt names."""


def missing_roles(live: psycopg.Connection[Any], admin: psycopg.Connection[Any]) -> list[str]:
    """Roles that the live database speaks of and the clone's server does not have."""
    spoken = {name for (name,) in live.execute(ROLES)}
    there = {name for (name,) in admin.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return sorted(spoken - there)


def missing_tablespaces(live: psycopg.Connection[Any], admin: psycopg.Connection[Any]) -> list[str]:
    """Tablespaces that something of the live database is in and the clone's server lacks."""
    there = {name for (name,) in admin.execute("SELECT spcname FROM pg_catalog.pg_tablespace")}
    return sorted({name for (name,) in live.execute(TABLESPACES)} - there)


def missing_extensions(live: psycopg.Connection[Any], admin: psycopg.Connection[Any]) -> list[str]:
    """Extensions of the live database that the clone's server does not have to offer."""
    offered = "SELECT name FROM pg_catalog.pg_available_extensions"
    there = {name for (name,) in admin.execute(offered)}
    has = {name for (name,) in live.execute("SELECT extname FROM pg_catalog.pg_extension")}
    return sorted(has - there)


def foreign(live: psycopg.Connection[Any], clone: psycopg.Connection[Any]) -> tuple[str, ...]:
    """What the live server has for every database and the clone's server has not."""
    there = {(str(kind), str(name)) for kind, name in live.execute(SERVER_WIDE)}
    here = {(str(kind), str(name)) for kind, name in clone.execute(SERVER_WIDE)}
    return tuple(f"{kind} {name}" for kind, name in sorted(there - here)[:LARGEST])


def receipt(live: psycopg.Connection[Any], clone: psycopg.Connection[Any]) -> tuple[Lack, ...]:
    """Compare the clone with its original, kind by kind.

    Returns:
        What is not the same: the kind, and the object that it is about.
    """
    found = diff(read_catalog(live, whole=True), read_catalog(clone, whole=True))
    lacks: dict[str, list[str]] = {}
    for key in (*found.missing, *found.extra, *found.changed):
        kind = next((one for one in KINDS if key.startswith(f"{one} ")), "")
        if kind and not key.startswith(ITSELF):
            lacks.setdefault(f"{kind}s", []).append(key)
    for key, (was, now) in found.changed.items():
        if any(key.startswith(f"{one} ") for one in KINDS):
            continue
        if key.startswith("extension "):
            versions = f"{key}: {was} live, {now} here"
            lacks.setdefault(EXTENSIONS, []).append(versions)
            continue
        owned, owns = OWNER.fullmatch(was), OWNER.fullmatch(now)
        if owned and owns and owned[2] != owns[2]:
            lacks.setdefault("owners", []).append(key)
        if not (owned and owns) or owned[1] != owns[1]:
            lacks.setdefault("definitions", []).append(key)
    others = [key for key in (*found.missing, *found.extra) if not key.startswith(KINDS)]
    if others:
        lacks.setdefault("objects", []).extend(others)
    here, there = clone.info.server_version // 10000, live.info.server_version // 10000
    if here != there:
        lacks[SERVER] = [f"PostgreSQL {there} live, {here} here"]
    return tuple(
        Lack(kind=kind, objects=tuple(sorted(keys)[:LARGEST])) for kind, keys in lacks.items()
    )
