"""Tables, columns, constraints, indexes, enums and extensions: one query per kind."""

from __future__ import annotations

USER_SCHEMAS = """
    n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_(toast|temp)'
"""


def plain(name: str) -> str:
    """SQL of a part of a name, as `gate.catalog.names.plain` writes it."""
    return f"""CASE WHEN {name} ~ '[."]' THEN '"' || replace({name}, '"', '""') || '"'
                    ELSE {name}::text END"""


def qualified(name: str, schema: str = "n.nspname") -> str:
    """SQL of a name, with its schema in front where that is not ``public``."""
    return f"CASE {schema} WHEN 'public' THEN '' ELSE {plain(schema)} || '.' END || {plain(name)}"


def own(catalog: str, oid: str, made_by: str = "e") -> str:
    """SQL that holds for an object of a system catalog that belongs to no extension.

    Args:
        catalog: Its system catalog, such as ``pg_class``.
        oid: SQL of its OID.
        made_by: Kinds of dependency that exclude; ``ei`` also what comes with another object.
    """
    return f"""NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS x
         WHERE x.classid = 'pg_catalog.{catalog}'::regclass AND x.objid = {oid}
           AND x.deptype IN ({", ".join(map(repr, made_by))})
    )"""


def options(given: str) -> str:
    """SQL of an attribute's options; a version that some servers count there is none of them."""
    return f"""(SELECT string_agg(one, ', ' ORDER BY one)
                  FROM unnest({given}) AS one WHERE one !~ '^pg_attver=')"""  # noqa: S608


def listed(given: str) -> str:
    """SQL of an array's elements; their order does not matter, and a dump changes it."""
    return f"(SELECT string_agg(one, ', ' ORDER BY one) FROM unnest({given}) AS one)"  # noqa: S608


NEWER = {
    "a.attcompression": 14,
    "g.rngmultitypid": 14,
    "t.typsubscript": 14,
    "f.prosqlbody": 14,
    "s.stxstattarget": 13,
}
"""Columns of system catalogs that older servers do not have, and the version that brought them."""


def suited(query: str, version: int) -> str:
    """A query as a server of a major version understands it: what it does not have is null."""
    for column, since in NEWER.items():
        query = query if version >= since else query.replace(column, "NULL")
    return query


NAME = qualified("c.relname")
# What PostgreSQL prints of types, defaults and expressions depends on these.
SESSION = """
    SELECT set_config(name, value, true)
      FROM (VALUES ('search_path', 'public'), ('quote_all_identifiers', 'off'),
                   ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'),
                   ('extra_float_digits', '1'), ('bytea_output', 'hex'),
                   ('transaction_read_only', 'on')) AS setting(name, value)
"""

# Schemas that the role may not use, and tables that somebody else locks: whoever looked at one
# would wait, and all others with it.
OBSTACLES = f"""
    SELECT 'schema' AS kind, n.nspname::text AS name, NULL::oid AS oid
      FROM pg_catalog.pg_namespace AS n
     WHERE {USER_SCHEMAS} AND NOT has_schema_privilege(n.oid, 'USAGE')
     UNION ALL
    SELECT DISTINCT 'table', {NAME}, c.oid
      FROM pg_catalog.pg_locks AS l
      JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
       AND l.pid <> pg_backend_pid() AND c.relkind IN ('r', 'p') AND {USER_SCHEMAS}
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""  # noqa: S608 - constants
KEPT = f"""'toast with (' || (
                   SELECT {listed("u.reloptions")} FROM pg_catalog.pg_class AS u
                    WHERE u.oid = c.reltoastrelid) || ')',
               'clustered on ' || (
                   SELECT r.indexrelid::regclass FROM pg_catalog.pg_index AS r
                    WHERE r.indrelid = c.oid AND r.indisclustered),
               CASE c.relreplident
                    WHEN 'f' THEN 'replica identity full'
                    WHEN 'n' THEN 'replica identity nothing'
                    WHEN 'i' THEN 'replica identity index ' || (
                        SELECT r.indexrelid::regclass FROM pg_catalog.pg_index AS r
                         WHERE r.indrelid = c.oid AND r.indisreplident)
               END"""  # noqa: S608 - constants
"""How rows are kept, found and told to others, of tables and materialized views."""
TABLES = f"""
    SELECT c.oid, {NAME} AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
           c.relpersistence AS persistence, c.relrowsecurity AS row_security,
           c.relforcerowsecurity AS force_row_security, c.reloptions AS options,
           c.reltuples::float8 AS rows, pg_catalog.pg_total_relation_size(c.oid) AS bytes,
           concat_ws(', ',
               'partitioned by ' || CASE c.relkind WHEN 'p'
                                    THEN pg_catalog.pg_get_partkeydef(c.oid) END,
               CASE WHEN c.relispartition THEN 'partition of ' ELSE 'inherits ' END || i.parents,
               pg_catalog.pg_get_expr(c.relpartbound, c.oid)) AS partition,
           concat_ws(', ',
               'of type ' || NULLIF(c.reloftype, 0)::regtype,
               -- What a partitioned table names is for its partitions to come, heap as well.
               'using ' || CASE WHEN c.relkind = 'p' OR m.amname <> 'heap' THEN m.amname END,
               'tablespace ' || s.spcname,
               {KEPT}) AS placed
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
      LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
      LEFT JOIN (
           SELECT h.inhrelid, string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno)
                  AS parents
             FROM pg_catalog.pg_inherits AS h GROUP BY 1
      ) AS i ON i.inhrelid = c.oid
     WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMAS} AND {own("pg_class", "c.oid")}
       AND c.oid <> ALL(%s)
     ORDER BY 2
"""  # noqa: S608 - constants
COLLATION = f"""CASE WHEN a.attcollation = t.typcollation THEN ''
                WHEN n.nspname = 'pg_catalog' THEN l.collname
                ELSE {qualified("l.collname")} END"""
TRAITS = f"""
               CASE WHEN a.attstorage <> t.typstorage
                    THEN CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                         WHEN 'm' THEN 'main' ELSE 'extended' END END,
               CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
               'statistics ' || NULLIF(a.attstattarget, -1),
               {options("a.attoptions")}"""
# A NOT NULL is a constraint since PostgreSQL 18; its name is told where it is not the usual one:
# that of an inherited one is its table's business, and a dump leaves it out.
NOT_NULL = """
           SELECT k.conrelid, k.conkey[1] AS number, concat_ws(' ', 'not null',
                      CASE WHEN k.coninhcount = 0
                                AND k.conname <> concat(r.relname, '_', o.attname, '_not_null')
                           THEN 'named ' || k.conname END,
                      CASE WHEN k.connoinherit THEN 'no inherit' END,
                      CASE WHEN NOT k.convalidated THEN 'not validated' END) AS told
             FROM pg_catalog.pg_constraint AS k
             JOIN pg_catalog.pg_class AS r ON r.oid = k.conrelid
             JOIN pg_catalog.pg_attribute AS o
               ON o.attrelid = k.conrelid AND o.attnum = k.conkey[1]
            WHERE k.contype = 'n'
              AND (k.connoinherit OR NOT k.convalidated
                   OR k.coninhcount = 0
                  AND k.conname <> concat(r.relname, '_', o.attname, '_not_null'))"""
COLUMNS = f"""
    SELECT a.attrelid, a.attname AS name,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable,
           pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default,
           a.attidentity AS identity, a.attgenerated AS generated,
           {COLLATION} AS collation,
           concat_ws(', ', {TRAITS},
               CASE WHEN a.attinhcount > 0 AND NOT a.attislocal AND NOT c.relispartition
                    THEN 'inherited' END,
               k.told) AS storage
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
      LEFT JOIN ({NOT_NULL}) AS k ON k.conrelid = a.attrelid AND k.number = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY(%s)
     ORDER BY a.attrelid, a.attnum
"""  # noqa: S608 - constants
# A foreign key of partitioned tables has copies: one per partition, and more for the partitions of
# the table that it leads to, which get the next name that is free when one is attached.
COPIED = "(k.contype = 'f' AND k.conparentid <> 0)"
COPY_INSIDE = f"""{COPIED} AND (
               WITH RECURSIVE above AS (
                   SELECT p.conparentid, p.confrelid FROM pg_catalog.pg_constraint AS p
                    WHERE p.oid = k.conparentid
                    UNION ALL
                   SELECT p.conparentid, p.confrelid FROM pg_catalog.pg_constraint AS p
                     JOIN above ON p.oid = above.conparentid
               ) SELECT bool_or(above.confrelid <> k.confrelid) FROM above)"""  # noqa: S608
# Kind n, a NOT NULL as a constraint (PostgreSQL 18), is told by the column itself.
CONSTRAINTS = f"""
    SELECT k.conrelid, k.conname AS name, k.convalidated AS validated,
           pg_catalog.pg_get_constraintdef(k.oid) AS definition,
           NOT (k.coninhcount > 0 AND NOT k.conislocal AND NOT c.relispartition) AS own,
           {COPIED} AS copied
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
     WHERE k.contype <> 'n' AND k.conrelid = ANY(%s) AND ({COPY_INSIDE}) IS NOT TRUE
     ORDER BY k.conrelid, k.conname
"""  # noqa: S608 - constants
INDEXES = f"""
    SELECT {qualified("i.relname")} AS name, {NAME} AS table, m.amname AS method,
           x.indisunique AS unique, x.indisvalid AS valid, x.indisready AS ready,
           x.indnkeyatts AS keys, i.reloptions AS options,
           (to_jsonb(x) ->> 'indnullsnotdistinct') IS DISTINCT FROM 'true' AS nulls_distinct,
           COALESCE(pg_catalog.pg_get_expr(x.indpred, x.indrelid), '') AS predicate,
           EXISTS (
               SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.conrelid = x.indrelid AND k.conindid = x.indexrelid
                  AND k.contype IN ('p', 'u', 'x')
           ) AS constraint,
           concat_ws(', ',
               'tablespace ' || s.spcname,
               CASE WHEN i.relkind = 'I' THEN 'partitioned' END,
               'partition of ' || h.inhparent::regclass,
               (SELECT string_agg(format('statistics %%s of %%s', b.attstattarget, b.attnum), ', '
                                  ORDER BY b.attnum)
                  FROM pg_catalog.pg_attribute AS b
                 WHERE b.attrelid = i.oid AND b.attstattarget <> -1)) AS placed,
           ARRAY(
               SELECT pg_catalog.pg_get_indexdef(x.indexrelid, p.n, false)
                      || CASE WHEN p.n > x.indnkeyatts OR x.indcollation[p.n - 1] IN (
                                       0, COALESCE(a.attcollation, t.typcollation)) THEN ''
                              ELSE ' collate ' || x.indcollation[p.n - 1]::regcollation END
                      || CASE WHEN p.n > x.indnkeyatts
                                OR o.opcdefault AND {options("b.attoptions")} IS NULL
                              THEN '' ELSE ' ' || o.opcname END
                      || COALESCE(' (' || {options("b.attoptions")} || ')', '')
                      || CASE WHEN p.n > x.indnkeyatts THEN ''
                              WHEN x.indoption[p.n - 1] & 3 = 3 THEN ' desc'
                              WHEN x.indoption[p.n - 1] & 3 = 1 THEN ' desc nulls last'
                              WHEN x.indoption[p.n - 1] & 3 = 2 THEN ' nulls first'
                              ELSE '' END
                 FROM generate_series(1, x.indnatts) AS p(n)
                 JOIN pg_catalog.pg_attribute AS b
                   ON b.attrelid = x.indexrelid AND b.attnum = p.n
                 JOIN pg_catalog.pg_type AS t ON t.oid = b.atttypid
                 LEFT JOIN pg_catalog.pg_attribute AS a
                   ON a.attrelid = x.indrelid AND a.attnum = x.indkey[p.n - 1] AND a.attnum > 0
                 LEFT JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[p.n - 1]
                ORDER BY p.n
           ) AS columns
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
      LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = i.reltablespace
      LEFT JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = i.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
     WHERE x.indrelid = ANY(%s)
     ORDER BY 1
"""  # noqa: S608 - constants
MATERIALIZED = "SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'm' AND relnamespace <> 11"
ENUMS = f"""
    SELECT {qualified("t.typname")} AS name, pg_catalog.pg_get_userbyid(t.typowner)::text AS owner,
           array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
               FILTER (WHERE e.enumlabel IS NOT NULL) AS labels
      FROM pg_catalog.pg_type AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
      LEFT JOIN pg_catalog.pg_enum AS e ON e.enumtypid = t.oid
     WHERE t.typtype = 'e' AND {USER_SCHEMAS} AND {own("pg_type", "t.oid")}
     GROUP BY 1, 2 ORDER BY 1
"""  # noqa: S608 - constants
EXTENSIONS = """
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
     ORDER BY 1
"""
