"""Kinds of object that are no table or part of one, as ``kind, name, owner, definition``.

Definitions hold no OIDs and no column numbers. Function bodies are told by their MD5. Types are in
`gate.catalog.types`, what is fed and fetched in `gate.catalog.outside`, what few databases have in
`gate.catalog.rare` and `gate.catalog.operators`.
"""

from __future__ import annotations

from gate.catalog.queries import (
    COLLATION,
    KEPT,
    NAME,
    TRAITS,
    USER_SCHEMAS,
    listed,
    own,
    plain,
    qualified,
)

FROM_CLASS = """FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"""
OWN_CLASS = f"{USER_SCHEMAS} AND {own('pg_class', 'c.oid')}"


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
                  ' with (' || {listed("c.reloptions")} || ')',
                  ' using ' || NULLIF(m.amname, 'heap'), ' tablespace ' || s.spcname,
                  ' ' || CASE c.relkind WHEN 'm' THEN NULLIF(concat_ws(', ', {KEPT}), '') END,
                  CASE WHEN NOT c.relispopulated THEN ' not populated' END)
      {FROM_CLASS}
      LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
      LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
     WHERE c.relkind IN ('v', 'm') AND {OWN_CLASS}
"""
# Columns of what is no table: those of views where something is set of them, and all of foreign
# tables.
COLUMNS = f"""
    SELECT 'column', {qualified("c.relname", "e.nspname")} || '.' || {plain("a.attname")}, NULL,
           concat_ws(' ', CASE c.relkind WHEN 'f' THEN format_type(a.atttypid, a.atttypmod) END,
               'collate ' || NULLIF({COLLATION}, ''),
               CASE WHEN a.attnotnull THEN 'not null' END,
               CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' END
                   || pg_catalog.pg_get_expr(d.adbin, d.adrelid), {TRAITS},
               'options (' || {listed("a.attfdwoptions")} || ')')
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS e ON e.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE a.attnum > 0 AND NOT a.attisdropped AND {USER_SCHEMAS.replace("n.", "e.")}
       AND {own("pg_class", "c.oid")}
       AND (c.relkind = 'f' OR c.relkind IN ('v', 'm') AND (
               d.oid IS NOT NULL OR a.attstattarget <> -1 OR a.attoptions IS NOT NULL
               OR c.relkind = 'm' AND a.attstorage <> t.typstorage
               OR c.relkind = 'm' AND a.attcompression <> ''))
"""  # noqa: S608 - constants
AGGREGATE = """concat_ws(' ', 'parallel', f.proparallel, (
                   SELECT concat_ws(' ', a.aggkind, a.aggnumdirectargs, a.aggtransfn,
                              format_type(a.aggtranstype, NULL), a.aggtransspace,
                              'final ' || NULLIF(a.aggfinalfn, 0)::regproc, a.aggfinalextra,
                              a.aggfinalmodify, 'combine ' || NULLIF(a.aggcombinefn, 0)::regproc,
                              'serial ' || NULLIF(a.aggserialfn, 0)::regproc,
                              'deserial ' || NULLIF(a.aggdeserialfn, 0)::regproc,
                              'moving ' || NULLIF(a.aggmtransfn, 0)::regproc,
                              NULLIF(a.aggminvtransfn, 0)::regproc,
                              NULLIF(a.aggmfinalfn, 0)::regproc, a.aggmfinalextra,
                              a.aggmfinalmodify, format_type(NULLIF(a.aggmtranstype, 0), NULL),
                              NULLIF(a.aggmtransspace, 0),
                              'sort ' || NULLIF(a.aggsortop, 0)::regoperator,
                              'start ' || a.agginitval, 'moving start ' || a.aggminitval)
                     FROM pg_catalog.pg_aggregate AS a WHERE a.aggfnoid = f.oid))"""
# Defaults are expressions, and not always worded as they were: they stand beside the MD5.
WITH_DEFAULTS = """(
                   SELECT format('md5 %s of (%s)', md5(overlay(d.text PLACING ''
                                     FROM position(d.arguments IN d.text)
                                     FOR length(d.arguments))), d.arguments)
                     FROM (SELECT pg_get_functiondef(f.oid) AS text,
                                  pg_get_function_arguments(f.oid) AS arguments) AS d)"""
FUNCTIONS = f"""
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           {qualified("f.proname")} || '(' || pg_get_function_identity_arguments(f.oid) || ')',
           {owner("f.proowner")},
           concat_ws(' ', 'returns ' || pg_get_function_result(f.oid), l.lanname,
               CASE WHEN f.prosqlbody IS NOT NULL THEN 'parsed body ' || pg_get_functiondef(f.oid)
                    WHEN f.pronargdefaults > 0 THEN {WITH_DEFAULTS}
                    WHEN f.prokind <> 'a' THEN 'md5 ' || md5(pg_get_functiondef(f.oid))
                    ELSE {AGGREGATE} END)
      FROM pg_catalog.pg_proc AS f
      JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
      JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
     WHERE {USER_SCHEMAS} AND {own("pg_proc", "f.oid", "ei")}
"""  # noqa: S608 - constants
# A partition's copy of a trigger is internal before PostgreSQL 15; it is told where it fires at
# other times than the trigger of the whole, which may be such a copy itself.
TRIGGERS = f"""
    SELECT 'trigger', {NAME} || '.' || {plain("t.tgname")}, NULL,
           pg_catalog.pg_get_triggerdef(t.oid) || {fires("t.tgenabled")}
      {FROM_CLASS} JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
     WHERE (NOT t.tgisinternal OR EXISTS (
                SELECT FROM pg_catalog.pg_trigger AS w
                 WHERE w.oid = t.tgparentid AND w.tgenabled <> t.tgenabled)
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint AS k
                 WHERE k.oid = t.tgconstraint AND k.contype <> 't'))
       AND {OWN_CLASS} AND {own("pg_trigger", "t.oid")}
"""  # noqa: S608 - constants
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
      FROM pg_catalog.pg_event_trigger AS e JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname <> 'information_schema' AND {own("pg_event_trigger", "e.oid")}
"""  # noqa: S608 - constants; a rehearsal's own are in that schema
# The one of a view is told as the view.
RULES = f"""
    SELECT 'rule', {NAME} || '.' || {plain("r.rulename")}, NULL,
           pg_catalog.pg_get_ruledef(r.oid) || {fires("r.ev_enabled")}
      {FROM_CLASS} JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid
     WHERE r.ev_type <> '1' AND {OWN_CLASS}
"""
STATISTICS = f"""
    SELECT 'statistics', {qualified("s.stxname")}, {owner("s.stxowner")},
           concat(pg_catalog.pg_get_statisticsobjdef(s.oid),
                  ' statistics ' || NULLIF(s.stxstattarget, -1))
      FROM pg_catalog.pg_statistic_ext AS s
      JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_statistic_ext", "s.oid")}
"""  # noqa: S608 - constants
# Where a locale of ICU stands was changed by PostgreSQL 15 and 17.
COLLATIONS = f"""
    SELECT 'collation', {qualified("l.collname")}, {owner("l.collowner")},
           jsonb_strip_nulls(to_jsonb(l) - ARRAY['oid', 'collname', 'collnamespace', 'collowner',
                   'collversion', 'collencoding', 'collcollate', 'collctype', 'colliculocale']
               || CASE l.collprovider WHEN 'c'
                  THEN jsonb_build_object('collcollate', l.collcollate, 'collctype', l.collctype)
                  ELSE jsonb_build_object('colllocale',
                           COALESCE(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale',
                                    l.collcollate)) END)::text
      FROM pg_catalog.pg_collation AS l
      JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_collation", "l.oid")}
"""  # noqa: S608 - constants
# An extension's own comment comes with it, as its control file has it; what has a low OID came with
# the cluster, but for the schema public. That of a subscription stays when it is dropped, and older
# servers fail to name it then; whether it is there, its origin tells anybody.
COMMENTS = """
    SELECT 'comment',
           concat('on ', i.type, ' ', regexp_replace(i.identity, '\\mpublic\\.', '', 'g')),
           NULL, d.description
      FROM pg_catalog.pg_description AS d,
           pg_catalog.pg_identify_object(
               CASE WHEN d.classoid <> 'pg_catalog.pg_subscription'::regclass OR EXISTS (
                             SELECT FROM pg_catalog.pg_replication_origin AS o
                              WHERE o.roname = 'pg_' || d.objoid)
                    THEN d.classoid END, d.objoid, d.objsubid) AS i
     WHERE d.objoid >= 16384 AND d.classoid <> 'pg_catalog.pg_extension'::regclass
       AND i.identity IS NOT NULL
       AND i.schema IS DISTINCT FROM 'pg_temp'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
                        WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e')
     UNION ALL
    SELECT 'comment', 'on schema public', NULL, d.description
      FROM pg_catalog.pg_description AS d
     WHERE d.objoid = to_regnamespace('public') AND d.objoid < 16384
       AND d.classoid = 'pg_catalog.pg_namespace'::regclass
       AND d.description <> 'standard public schema'
     UNION ALL
    SELECT 'comment', 'on extension ' || e.extname, NULL, d.description
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_description AS d
        ON d.objoid = e.oid AND d.classoid = 'pg_catalog.pg_extension'::regclass
     WHERE NOT EXISTS (
               SELECT FROM pg_catalog.pg_available_extensions() AS o
                WHERE o.name = e.extname AND o.comment = d.description)
"""
LABELS = """
    SELECT 'security label',
           concat('of ', s.provider, ' on ', i.type, ' ',
                  regexp_replace(i.identity, '\\mpublic\\.', '', 'g')), NULL, s.label
      FROM pg_catalog.pg_seclabel AS s,
           pg_catalog.pg_identify_object(s.classoid, s.objoid, s.objsubid) AS i
"""
# What goes when an extension goes.
LEANING = """
    SELECT 'dependence',
           concat('of ', i.type, ' ', regexp_replace(i.identity, '\\mpublic\\.', '', 'g'),
                  ' on extension ', e.extname), NULL, 'depends on extension'
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid,
           pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS i
     WHERE d.deptype = 'x' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
"""
OTHERS = [
    *(SCHEMAS, SEQUENCES, VIEWS, COLUMNS, FUNCTIONS, TRIGGERS, KEY_TRIGGERS, EVENT_TRIGGERS),
    *(RULES, STATISTICS, COLLATIONS, COMMENTS, LABELS, LEANING),
]
