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
OPERATORS = f"""
    SELECT 'operator', {qualified("o.oprname")} || format('(%s,%s)',
               NULLIF(o.oprleft, 0)::regtype, NULLIF(o.oprright, 0)::regtype),
           {owner("o.oprowner")},
           concat_ws(' ', o.oprcode, NULLIF(o.oprcom, 0)::regoperator,
                     NULLIF(o.oprnegate, 0)::regoperator, NULLIF(o.oprrest, 0)::regproc,
                     NULLIF(o.oprjoin, 0)::regproc, o.oprcanmerge, o.oprcanhash)
      FROM pg_catalog.pg_operator AS o
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_operator", "o.oid")}
"""  # noqa: S608 - constants
OPERATOR_CLASSES = f"""
    SELECT 'operator class', format('%s using %s', {qualified("o.opcname")}, m.amname),
           {owner("o.opcowner")},
           concat_ws(' ', 'for', format_type(o.opcintype, NULL),
                     CASE WHEN o.opcdefault THEN 'default' END,
                     'storage ' || format_type(NULLIF(o.opckeytype, 0), NULL), 'family', f.opfname)
      FROM pg_catalog.pg_opclass AS o
      JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod
      JOIN pg_catalog.pg_opfamily AS f ON f.oid = o.opcfamily
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.opcnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_opclass", "o.oid")}
"""  # noqa: S608 - constants
OPERATOR_FAMILIES = f"""
    SELECT 'operator family', format('%s using %s', {qualified("f.opfname")}, m.amname),
           {owner("f.opfowner")},
           concat_ws('; ',
               (SELECT string_agg(format('%s %s', a.amopstrategy, a.amopopr::regoperator), ', '
                                  ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
                  FROM pg_catalog.pg_amop AS a WHERE a.amopfamily = f.oid),
               (SELECT string_agg(format('%s %s', p.amprocnum, p.amproc::regprocedure), ', '
                                  ORDER BY p.amprocnum, p.amproc::regprocedure::text)
                  FROM pg_catalog.pg_amproc AS p WHERE p.amprocfamily = f.oid))
      FROM pg_catalog.pg_opfamily AS f
      JOIN pg_catalog.pg_am AS m ON m.oid = f.opfmethod
      JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_opfamily", "f.oid")}
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
"""  # noqa: S608 - constants
WRAPPERS = f"""
    SELECT 'foreign data wrapper', w.fdwname, {owner("w.fdwowner")},
           concat_ws(' ', NULLIF(w.fdwhandler, 0)::regproc, NULLIF(w.fdwvalidator, 0)::regproc,
                     array_to_string(w.fdwoptions, ', '))
      FROM pg_catalog.pg_foreign_data_wrapper AS w
     WHERE {own("pg_foreign_data_wrapper", "w.oid")}
     UNION ALL
    SELECT 'user mapping', format('for %s on %s', u.usename, u.srvname), NULL, ''
      FROM pg_catalog.pg_user_mappings AS u
"""  # noqa: S608 - constants
ACCESS_METHODS = f"""
    SELECT 'access method', m.amname, NULL, concat_ws(' ', m.amtype, m.amhandler)
      FROM pg_catalog.pg_am AS m WHERE m.oid >= {OURS} AND {own("pg_am", "m.oid")}
"""  # noqa: S608 - constants
RARE = [
    *(CASTS, OPERATORS, OPERATOR_CLASSES, OPERATOR_FAMILIES, LANGUAGES, TEXT_SEARCH, WRAPPERS),
    ACCESS_METHODS,
]
