"""Types: domains, composite and range types, base types; as ``kind, name, owner, definition``."""

from __future__ import annotations

from gate.catalog.others import owner
from gate.catalog.queries import USER_SCHEMAS, own, qualified

# The text that is kept is as long as names in it mean what they meant when it was set.
DEFAULT = """COALESCE(pg_catalog.pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::regclass),
                             t.typdefault)"""
DOMAIN = f"""concat(
                    format_type(t.typbasetype, t.typtypmod),
                    CASE WHEN t.typcollation NOT IN (0, b.typcollation)
                         THEN ' collate ' || t.typcollation::regcollation END,
                    CASE WHEN t.typnotnull THEN ' not null' END, ' default ' || {DEFAULT},
                    (SELECT string_agg(format(' constraint %s %s', k.conname,
                                              pg_catalog.pg_get_constraintdef(k.oid)), ''
                                       ORDER BY k.conname)
                       FROM pg_catalog.pg_constraint AS k
                      WHERE k.contypid = t.oid AND (
                            k.contype <> 'n' OR k.conname <> t.typname || '_not_null')))"""  # noqa: S608 - constants
COMPOSITE = """(
                    SELECT '(' || string_agg(concat(
                               quote_ident(a.attname), ' ',
                               format_type(a.atttypid, a.atttypmod),
                               CASE WHEN a.attcollation <> u.typcollation
                                    THEN ' collate ' || a.attcollation::regcollation END), ', '
                               ORDER BY a.attnum) || ')'
                      FROM pg_catalog.pg_attribute AS a
                      JOIN pg_catalog.pg_type AS u ON u.oid = a.atttypid
                     WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)"""
RANGE = """(
                    SELECT concat_ws(' ', 'range of', format_type(g.rngsubtype, NULL), o.opcname,
                               CASE WHEN g.rngcollation NOT IN (0, u.typcollation)
                                    THEN 'collate ' || g.rngcollation::regcollation END,
                               'canonical ' || NULLIF(g.rngcanonical, 0)::regproc,
                               'difference ' || NULLIF(g.rngsubdiff, 0)::regproc,
                               'multirange ' || format_type(g.rngmultitypid, NULL))
                      FROM pg_catalog.pg_range AS g
                      JOIN pg_catalog.pg_type AS u ON u.oid = g.rngsubtype
                      JOIN pg_catalog.pg_opclass AS o ON o.oid = g.rngsubopc
                     WHERE g.rngtypid = t.oid)"""
BASE = """concat_ws(' ', 'base type by', t.typinput, t.typoutput,
                    NULLIF(t.typreceive, 0)::regproc, NULLIF(t.typsend, 0)::regproc,
                    'modifiers ' || NULLIF(t.typmodin, 0)::regproc,
                    NULLIF(t.typmodout, 0)::regproc,
                    'analyze ' || NULLIF(t.typanalyze, 0)::regproc,
                    'subscript ' || NULLIF(t.typsubscript::oid, 0)::regproc,
                    'length', t.typlen, CASE WHEN t.typbyval THEN 'by value' END,
                    'aligned', t.typalign, 'stored', t.typstorage, 'category', t.typcategory,
                    CASE WHEN t.typispreferred THEN 'preferred' END, 'delimiter', t.typdelim,
                    'of ' || format_type(NULLIF(t.typelem, 0), NULL),
                    CASE WHEN t.typcollation <> 0 THEN 'collatable' END,
                    'default ' || t.typdefault)"""
TYPES = f"""
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, {qualified("t.typname")},
           {owner("t.typowner")},
           CASE t.typtype WHEN 'd' THEN {DOMAIN}
                WHEN 'c' THEN COALESCE({COMPOSITE}, '()')
                WHEN 'r' THEN {RANGE}
                WHEN 'p' THEN 'shell'
                ELSE {BASE} END
      FROM pg_catalog.pg_type AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
      LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
     WHERE (t.typtype IN ('d', 'r', 'p') OR t.typtype = 'c' AND c.relkind = 'c'
            OR t.typtype = 'b' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_type AS e WHERE e.oid = t.typelem AND e.typarray = t.oid))
       AND {USER_SCHEMAS} AND {own("pg_type", "t.oid")}
"""  # noqa: S608 - constants
