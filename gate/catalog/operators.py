"""Operators, their classes and families, as ``kind, name, owner, definition``."""

from __future__ import annotations

from gate.catalog.others import owner
from gate.catalog.queries import USER_SCHEMAS, own, qualified

# What belongs to a class itself, and not to its family alone.
MEMBERS = """(
                         SELECT string_agg(pg_catalog.pg_describe_object(
                                               x.classid, x.objid, 0), ', '
                                    ORDER BY pg_catalog.pg_describe_object(x.classid, x.objid, 0))
                           FROM pg_catalog.pg_depend AS x
                          WHERE x.refclassid = 'pg_catalog.pg_opclass'::regclass
                            AND x.refobjid = o.oid AND x.deptype = 'i')"""
# One that another speaks of, and nobody made, has a row without a function.
OPERATORS = f"""
    SELECT 'operator', {qualified("o.oprname")} || format('(%s,%s)',
               NULLIF(o.oprleft, 0)::regtype, NULLIF(o.oprright, 0)::regtype),
           {owner("o.oprowner")},
           concat_ws(' ', o.oprcode, NULLIF(o.oprcom, 0)::regoperator,
                     NULLIF(o.oprnegate, 0)::regoperator, NULLIF(o.oprrest, 0)::regproc,
                     NULLIF(o.oprjoin, 0)::regproc, o.oprcanmerge, o.oprcanhash)
      FROM pg_catalog.pg_operator AS o
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
     WHERE o.oprcode <> 0 AND {USER_SCHEMAS} AND {own("pg_operator", "o.oid")}
"""  # noqa: S608 - constants
OPERATOR_CLASSES = f"""
    SELECT 'operator class', format('%s using %s', {qualified("o.opcname")}, m.amname),
           {owner("o.opcowner")},
           concat_ws(' ', 'for', format_type(o.opcintype, NULL),
                     CASE WHEN o.opcdefault THEN 'default' END,
                     'storage ' || format_type(NULLIF(o.opckeytype, 0), NULL), 'family', f.opfname,
                     {MEMBERS})
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
               (SELECT string_agg(concat_ws(' ', a.amopstrategy, a.amopopr::regoperator,
                                            'order by ' || s.opfname), ', '
                                  ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
                  FROM pg_catalog.pg_amop AS a
                  LEFT JOIN pg_catalog.pg_opfamily AS s ON s.oid = a.amopsortfamily
                 WHERE a.amopfamily = f.oid),
               (SELECT string_agg(format('%s (%s, %s) %s', p.amprocnum,
                                         p.amproclefttype::regtype, p.amprocrighttype::regtype,
                                         p.amproc::regprocedure), ', '
                                  ORDER BY p.amprocnum, p.amproc::regprocedure::text,
                                           p.amproclefttype::regtype::text)
                  FROM pg_catalog.pg_amproc AS p WHERE p.amprocfamily = f.oid))
      FROM pg_catalog.pg_opfamily AS f
      JOIN pg_catalog.pg_am AS m ON m.oid = f.opfmethod
      JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
     WHERE {USER_SCHEMAS} AND {own("pg_opfamily", "f.oid")}
"""  # noqa: S608 - constants
ALL = [OPERATORS, OPERATOR_CLASSES, OPERATOR_FAMILIES]
