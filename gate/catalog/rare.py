"""Kinds of objects that few databases have of their own, as ``kind, name, owner, definition``.

What came with the cluster has a low OID; what came with an extension stands for nothing itself.
"""

from __future__ import annotations

from gate.catalog.others import owner
from gate.catalog.queries import USER_SCHEMAS, own, qualified

OURS = 16384
"""The first OID of what was made after the cluster."""

CASTS = f"""
    SELECT 'cast', format('%s as %s', format_type(c.castsource, NULL),
                          format_type(c.casttarget, NULL)), NULL,
           concat_ws(' ', c.castmethod, c.castcontext, NULLIF(c.castfunc, 0)::regprocedure)
      FROM pg_catalog.pg_cast AS c WHERE c.oid >= {OURS} AND {own("pg_cast", "c.oid", "ei")}
"""  # noqa: S608 - constants
LANGUAGES = f"""
    SELECT 'language', l.lanname, {owner("l.lanowner")},
           concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'trusted' END,
                     NULLIF(l.lanplcallfoid, 0)::regproc, NULLIF(l.laninline, 0)::regproc,
                     NULLIF(l.lanvalidator, 0)::regproc)
      FROM pg_catalog.pg_language AS l WHERE l.oid >= {OURS} AND {own("pg_language", "l.oid")}
"""  # noqa: S608 - constants
TEXT_SEARCH = f"""
    SELECT 'text search configuration', {qualified("t.cfgname")}, {owner("t.cfgowner")},
           concat_ws(' ', p.prsname, (
               SELECT string_agg(format('%s %s %s', m.maptokentype, m.mapseqno,
                                        m.mapdict::regdictionary), ', '
                                 ORDER BY m.maptokentype, m.mapseqno)
                 FROM pg_catalog.pg_ts_config_map AS m WHERE m.mapcfg = t.oid))
      FROM pg_catalog.pg_ts_config AS t
      JOIN pg_catalog.pg_ts_parser AS p ON p.oid = t.cfgparser
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.cfgnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_ts_config", "t.oid")}
     UNION ALL
    SELECT 'text search dictionary', {qualified("d.dictname")}, {owner("d.dictowner")},
           concat_ws(' ', e.tmplname, d.dictinitoption)
      FROM pg_catalog.pg_ts_dict AS d
      JOIN pg_catalog.pg_ts_template AS e ON e.oid = d.dicttemplate
      JOIN pg_catalog.pg_namespace AS n ON n.oid = d.dictnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_ts_dict", "d.oid")}
     UNION ALL
    SELECT 'text search parser', {qualified("p.prsname")}, NULL,
           concat_ws(' ', p.prsstart, p.prstoken, p.prsend, NULLIF(p.prsheadline, 0)::regproc,
                     p.prslextype)
      FROM pg_catalog.pg_ts_parser AS p
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.prsnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_ts_parser", "p.oid")}
     UNION ALL
    SELECT 'text search template', {qualified("e.tmplname")}, NULL,
           concat_ws(' ', NULLIF(e.tmplinit, 0)::regproc, e.tmpllexize)
      FROM pg_catalog.pg_ts_template AS e
      JOIN pg_catalog.pg_namespace AS n ON n.oid = e.tmplnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_ts_template", "e.oid")}
"""  # noqa: S608 - constants
ACCESS_METHODS = f"""
    SELECT 'access method', m.amname, NULL, concat_ws(' ', m.amtype, m.amhandler)
      FROM pg_catalog.pg_am AS m WHERE m.oid >= {OURS} AND {own("pg_am", "m.oid")}
"""  # noqa: S608 - constants
CONVERSIONS = f"""
    SELECT 'conversion', {qualified("v.conname")}, {owner("v.conowner")},
           concat_ws(' ', pg_catalog.pg_encoding_to_char(v.conforencoding), 'to',
                     pg_catalog.pg_encoding_to_char(v.contoencoding), 'by', v.conproc,
                     CASE WHEN v.condefault THEN 'default' END)
      FROM pg_catalog.pg_conversion AS v
      JOIN pg_catalog.pg_namespace AS n ON n.oid = v.connamespace
     WHERE {USER_SCHEMAS} AND {own("pg_conversion", "v.oid")}
"""  # noqa: S608 - constants
TRANSFORMS = f"""
    SELECT 'transform', format('for %s language %s', format_type(r.trftype, NULL), l.lanname), NULL,
           concat_ws(' ', 'from ' || NULLIF(r.trffromsql, 0)::regprocedure,
                     'to ' || NULLIF(r.trftosql, 0)::regprocedure)
      FROM pg_catalog.pg_transform AS r JOIN pg_catalog.pg_language AS l ON l.oid = r.trflang
     WHERE {own("pg_transform", "r.oid")}
"""  # noqa: S608 - constants
LARGE_OBJECTS = f"""
    SELECT 'large object', o.oid::text, {owner("o.lomowner")}, 'large object'
      FROM pg_catalog.pg_largeobject_metadata AS o WHERE o.lomacl IS NOT NULL
"""  # noqa: S608 - constants
RARE = [CASTS, LANGUAGES, TEXT_SEARCH, ACCESS_METHODS, CONVERSIONS, TRANSFORMS, LARGE_OBJECTS]
