"""Every kind of object that is no table or part of one, as ``kind, name, owner, definition``.

Definitions hold no OIDs and no column numbers. Function bodies are told by their MD5. What few
databases have is in `gate.catalog.rare`. Not read, since not any role may: subscriptions and the
options of user mappings.
"""

from __future__ import annotations

from gate.catalog.queries import NAME, USER_SCHEMAS, own, qualified

FROM_CLASS = """FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"""
OWN_CLASS = f"{USER_SCHEMAS} AND {own('pg_class', 'c.oid')}"
ATTRIBUTES = """(
               SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                 ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped)"""


def owner(column: str) -> str:
    """SQL of a role's name."""
    return f"pg_catalog.pg_get_userbyid({column})::text"


def fires(column: str) -> str:
    """SQL of when a trigger or rule fires, where it is not the usual."""
    return f"""CASE {column} WHEN 'D' THEN ' disabled' WHEN 'R' THEN ' on replica'
                    WHEN 'A' THEN ' always' ELSE '' END"""


SCHEMAS = f"""
    SELECT 'schema' AS kind, n.nspname::text AS name, {owner("n.nspowner")} AS owner,
           'schema' AS definition
      FROM pg_catalog.pg_namespace AS n
     WHERE {USER_SCHEMAS} AND {own("pg_namespace", "n.oid")}
"""  # noqa: S608 - constants
SEQUENCES = f"""
    SELECT 'sequence', {NAME}, CASE WHEN o.name IS NULL THEN {owner("c.relowner")} END,
           concat(CASE c.relpersistence WHEN 'u' THEN 'unlogged ' END,
                  format('%s start %s min %s max %s increment %s cache %s',
                         format_type(s.seqtypid, NULL), s.seqstart, s.seqmin, s.seqmax,
                         s.seqincrement, s.seqcache),
                  CASE WHEN s.seqcycle THEN ' cycle' END, ' owned by ' || o.name)
      {FROM_CLASS} JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
      LEFT JOIN (
           SELECT d.objid, {qualified("r.relname", "p.nspname")} || '.' || a.attname AS name
             FROM pg_catalog.pg_depend AS d
             JOIN pg_catalog.pg_class AS r ON r.oid = d.refobjid
             JOIN pg_catalog.pg_namespace AS p ON p.oid = r.relnamespace
             JOIN pg_catalog.pg_attribute AS a
               ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = d.classid
              AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
      ) AS o ON o.objid = c.oid
     WHERE {OWN_CLASS}
"""  # noqa: S608 - constants
VIEWS = f"""
    SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, {NAME},
           {owner("c.relowner")},
           concat(pg_catalog.pg_get_viewdef(c.oid),
                  ' with (' || array_to_string(c.reloptions, ', ') || ')',
                  CASE WHEN NOT c.relispopulated THEN ' not populated' END)
      {FROM_CLASS}
     WHERE c.relkind IN ('v', 'm') AND {OWN_CLASS}
"""
FOREIGN_TABLES = f"""
    SELECT 'foreign table', {NAME}, {owner("c.relowner")},
           concat(s.srvname, ' (', {ATTRIBUTES.format("c.oid")}, ') ',
                  array_to_string(f.ftoptions, ', '))
      {FROM_CLASS} JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
      JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
     WHERE {OWN_CLASS}
"""
FOREIGN_SERVERS = f"""
    SELECT 'foreign server', s.srvname, {owner("s.srvowner")},
           concat_ws(' ', w.fdwname, s.srvtype, s.srvversion, array_to_string(s.srvoptions, ', '))
      FROM pg_catalog.pg_foreign_server AS s
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
     WHERE {own("pg_foreign_server", "s.oid")}
"""  # noqa: S608 - constants
FUNCTIONS = f"""
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           {qualified("f.proname")} || '(' || pg_get_function_identity_arguments(f.oid) || ')',
           {owner("f.proowner")},
           concat_ws(' ', 'returns ' || pg_get_function_result(f.oid), l.lanname,
               CASE WHEN f.prokind <> 'a' THEN 'md5 ' || md5(pg_get_functiondef(f.oid))
                    ELSE (SELECT concat_ws(' ', a.aggtransfn, format_type(a.aggtranstype, NULL),
                                           NULLIF(a.aggfinalfn, 0), NULLIF(a.aggcombinefn, 0),
                                           a.agginitval)
                            FROM pg_catalog.pg_aggregate AS a WHERE a.aggfnoid = f.oid) END)
      FROM pg_catalog.pg_proc AS f
      JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
      JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
     WHERE {USER_SCHEMAS} AND {own("pg_proc", "f.oid", "ei")}
"""  # noqa: S608 - constants
TRIGGERS = f"""
    SELECT 'trigger', {NAME} || '.' || t.tgname, NULL,
           pg_catalog.pg_get_triggerdef(t.oid) || {fires("t.tgenabled")}
      {FROM_CLASS} JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
     WHERE NOT t.tgisinternal AND {OWN_CLASS} AND {own("pg_trigger", "t.oid")}
"""
# The triggers that hold a foreign key: seen only where somebody switched them off.
KEY_TRIGGERS = f"""
    SELECT 'trigger', {NAME} || ' of constraint ' || k.conname, NULL,
           string_agg(f.proname || {fires("t.tgenabled")}, ', ' ORDER BY f.proname)
      {FROM_CLASS} JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
      JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint
      JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
     WHERE t.tgisinternal AND t.tgenabled <> 'O' AND {OWN_CLASS}
     GROUP BY n.nspname, c.relname, k.conname
"""
EVENT_TRIGGERS = f"""
    SELECT 'event trigger', e.evtname, {owner("e.evtowner")},
           concat(e.evtevent, ' (' || array_to_string(e.evttags, ', ') || ')',
                  ' execute ' || e.evtfoid::regprocedure, {fires("e.evtenabled")})
      FROM pg_catalog.pg_event_trigger AS e WHERE {own("pg_event_trigger", "e.oid")}
"""  # noqa: S608 - constants
RULES = f"""
    SELECT 'rule', {NAME} || '.' || r.rulename, NULL,
           pg_catalog.pg_get_ruledef(r.oid) || {fires("r.ev_enabled")}
      {FROM_CLASS} JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid
     WHERE r.rulename <> '_RETURN' AND {OWN_CLASS}
"""
STATISTICS = f"""
    SELECT 'statistics', {qualified("s.stxname")}, {owner("s.stxowner")},
           pg_catalog.pg_get_statisticsobjdef(s.oid)
      FROM pg_catalog.pg_statistic_ext AS s
      JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_statistic_ext", "s.oid")}
"""  # noqa: S608 - constants
TYPES = f"""
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, {qualified("t.typname")},
           {owner("t.typowner")},
           CASE t.typtype
                WHEN 'd' THEN concat(
                    format_type(t.typbasetype, t.typtypmod),
                    CASE WHEN t.typcollation NOT IN (0, b.typcollation)
                         THEN ' collate ' || t.typcollation::regcollation END,
                    CASE WHEN t.typnotnull THEN ' not null' END, ' default ' || t.typdefault,
                    (SELECT string_agg(format(' constraint %s %s', k.conname,
                                              pg_catalog.pg_get_constraintdef(k.oid)), ''
                                       ORDER BY k.conname)
                       FROM pg_catalog.pg_constraint AS k
                      WHERE k.contypid = t.oid AND k.contype <> 'n'))
                WHEN 'c' THEN '(' || {ATTRIBUTES.format("t.typrelid")} || ')'
                WHEN 'r' THEN 'range of ' || (
                    SELECT concat_ws(', ', format_type(g.rngsubtype, NULL), o.opcname,
                                     NULLIF(g.rngsubdiff, 0))
                      FROM pg_catalog.pg_range AS g
                      JOIN pg_catalog.pg_opclass AS o ON o.oid = g.rngsubopc
                     WHERE g.rngtypid = t.oid)
                ELSE 'base type by ' || t.typinput END
      FROM pg_catalog.pg_type AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
      LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
     WHERE (t.typtype IN ('d', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
            OR t.typtype = 'b' AND t.typcategory <> 'A')
       AND {USER_SCHEMAS} AND {own("pg_type", "t.oid")}
"""  # noqa: S608 - constants
COLLATIONS = f"""
    SELECT 'collation', {qualified("l.collname")}, {owner("l.collowner")},
           (to_jsonb(l) - ARRAY['oid', 'collname', 'collnamespace', 'collowner',
                                'collversion'])::text
      FROM pg_catalog.pg_collation AS l
      JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_collation", "l.oid")}
"""  # noqa: S608 - constants
PUBLICATIONS = f"""
    SELECT 'publication', p.pubname, {owner("p.pubowner")},
           concat_ws(' ', (to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner'])::text,
               (SELECT string_agg({NAME}, ', ' ORDER BY {NAME})
                  {FROM_CLASS} JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = c.oid
                 WHERE r.prpubid = p.oid))
      FROM pg_catalog.pg_publication AS p
"""  # noqa: S608 - constants
# An extension's own comment comes with it; what has a low OID came with the cluster.
COMMENTS = """
    SELECT 'comment',
           concat('on ', i.type, ' ', regexp_replace(i.identity, '\\mpublic\\.', '', 'g')),
           NULL, d.description
      FROM pg_catalog.pg_description AS d,
           pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
     WHERE d.objoid >= 16384 AND d.classoid <> 'pg_catalog.pg_extension'::regclass
       AND i.schema IS DISTINCT FROM 'pg_temp'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
                        WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e')
"""
OTHERS = [
    *(SCHEMAS, SEQUENCES, VIEWS, FOREIGN_TABLES, FOREIGN_SERVERS, FUNCTIONS, TRIGGERS),
    *(KEY_TRIGGERS, EVENT_TRIGGERS, RULES, STATISTICS, TYPES, COLLATIONS, PUBLICATIONS, COMMENTS),
]
