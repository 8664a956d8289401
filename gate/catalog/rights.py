"""Who may do what, and what is set for whom, as ``kind, name, owner, definition``."""

from __future__ import annotations

from gate.catalog.others import FROM_CLASS, OWN_CLASS, owner
from gate.catalog.queries import NAME, plain, qualified

GRANTEE = """CASE {column} WHEN 0 THEN 'PUBLIC'
                    ELSE pg_catalog.pg_get_userbyid({column})::text END"""
PRIVILEGES = """string_agg(concat(e.privilege_type,
                            CASE WHEN e.is_grantable THEN ' with grant option' END,
                            CASE WHEN e.grantor <> {owner}
                                 THEN ' by ' || pg_catalog.pg_get_userbyid(e.grantor) END),
                            ', ' ORDER BY e.privilege_type, e.grantor)"""

POLICIES = f"""
    SELECT 'policy', {NAME} || '.' || {plain("p.polname")}, NULL,
           concat(CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, ' for ',
                  CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
                       WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
                  ' to ', (SELECT string_agg({GRANTEE.format(column="r")}, ', ' ORDER BY 1)
                             FROM unnest(p.polroles) AS r),
                  ' using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                  ' with check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
      {FROM_CLASS} JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid
     WHERE {OWN_CLASS}
"""  # noqa: S608 - constants
# Rights are compared with those that come with the kind of object, or that its extension or the
# cluster gave it: what was granted and taken back, and what was never touched, are the same.
THEIRS = "n.nspname !~ '^(information_schema$|pg_(temp|toast))'"
"""Where rights are somebody's: what is in ``pg_catalog`` can be granted and taken away, too."""
USUAL = "COALESCE({init}.initprivs, acldefault({code}, {owner}))"
FROM_NAMED = """FROM pg_catalog.{0} AS {1}
      JOIN pg_catalog.pg_namespace AS n ON n.oid = {1}.{2}namespace"""
CLASS = """CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, {}, CASE c.relkind
                    WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner, c.relacl"""
ROUTINE = """'function', {} || '(' || pg_get_function_identity_arguments(f.oid) || ')',
                    'f', f.proowner, f.proacl"""
ITSELF = "FROM pg_catalog.pg_database AS d WHERE d.datname = current_database() AND d.datacl"
HELD = [
    (CLASS.format(NAME), f"{FROM_CLASS} WHERE {THEIRS} AND c.relacl", "pg_class", "c.oid"),
    (
        f"'schema', {plain('n.nspname')}, 'n', n.nspowner, n.nspacl",
        f"FROM pg_catalog.pg_namespace AS n WHERE {THEIRS} AND n.nspacl",
        "pg_namespace",
        "n.oid",
    ),
    (
        ROUTINE.format(qualified("f.proname")),
        f"{FROM_NAMED.format('pg_proc', 'f', 'pro')} WHERE {THEIRS} AND f.proacl",
        "pg_proc",
        "f.oid",
    ),
    (
        f"'type', {qualified('t.typname')}, 'T', t.typowner, t.typacl",
        f"{FROM_NAMED.format('pg_type', 't', 'typ')} WHERE {THEIRS} AND t.typacl",
        "pg_type",
        "t.oid",
    ),
    (
        "'language', l.lanname, 'l', l.lanowner, l.lanacl",
        "FROM pg_catalog.pg_language AS l WHERE l.lanacl",
        "pg_language",
        "l.oid",
    ),
    (
        "'foreign data wrapper', w.fdwname, 'F', w.fdwowner, w.fdwacl",
        "FROM pg_catalog.pg_foreign_data_wrapper AS w WHERE w.fdwacl",
        "pg_foreign_data_wrapper",
        "w.oid",
    ),
    (
        "'foreign server', s.srvname, 'S', s.srvowner, s.srvacl",
        "FROM pg_catalog.pg_foreign_server AS s WHERE s.srvacl",
        "pg_foreign_server",
        "s.oid",
    ),
    (
        "'large object', o.oid::text, 'L', o.lomowner, o.lomacl",
        "FROM pg_catalog.pg_largeobject_metadata AS o WHERE o.lomacl",
        "pg_largeobject",
        "o.oid",
    ),
    ("'database', 'itself', 'd', d.datdba, d.datacl", ITSELF, "pg_database", "d.oid"),
]
"""Kind, name, letter, owner and rights; where they are; their system catalog; their OID."""


def _held(what: str, where: str, catalog: str, oid: str) -> str:
    letter, owner, rights = " ".join(what.split()).rsplit(", ", 3)[1:]
    joined, _, condition = where.partition(" WHERE ")
    return f"""
               SELECT {what}, {USUAL.format(init="u", code=letter, owner=owner)}
                 {joined}
                 LEFT JOIN pg_catalog.pg_init_privs AS u
                   ON u.objoid = {oid} AND u.objsubid = 0
                  AND u.classoid = 'pg_catalog.{catalog}'::regclass
                WHERE {condition} IS NOT NULL
                  AND {rights} IS DISTINCT FROM u.initprivs"""  # noqa: S608


COLUMNS = f"""
               SELECT 'column', {NAME} || '.' || {plain("a.attname")}, 'c', c.relowner, a.attacl,
                      {USUAL.format(init="u", code="'c'", owner="c.relowner")}
                 {FROM_CLASS} JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
                 LEFT JOIN pg_catalog.pg_init_privs AS u
                   ON u.objoid = c.oid AND u.objsubid = a.attnum
                  AND u.classoid = 'pg_catalog.pg_class'::regclass
                WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND {THEIRS}
                  AND a.attacl IS DISTINCT FROM u.initprivs"""  # noqa: S608 - constants
GRANTS = f"""
    SELECT 'grant', concat('on ', g.kind, ' ', g.name, ' to ', {GRANTEE.format(column="grantee")}),
           NULL, COALESCE(g.privileges, 'none of the usual')
      FROM (
           WITH held(kind, name, code, owner, acl, usual) AS MATERIALIZED (
               {" UNION ALL ".join([*(_held(*one) for one in HELD), COLUMNS])}
           )
           SELECT kind, name, grantee, is_.privileges, usual.privileges AS usual
             FROM (SELECT h.kind, h.name, e.grantee,
                          {PRIVILEGES.format(owner="h.owner")} AS privileges
                     FROM held AS h, aclexplode(h.acl) AS e GROUP BY 1, 2, 3) AS is_
             FULL JOIN (
                   SELECT h.kind, h.name, e.grantee,
                          {PRIVILEGES.format(owner="h.owner")} AS privileges
                     FROM held AS h, aclexplode(h.usual) AS e
                    GROUP BY 1, 2, 3) AS usual USING (kind, name, grantee)
      ) AS g
     WHERE g.privileges IS DISTINCT FROM g.usual
"""  # noqa: S608 - constants
SINCE = 15
PARAMETERS = f"""
    SELECT 'grant', concat('on parameter ', p.parname, ' to ',
                           {GRANTEE.format(column="e.grantee")}), NULL,
           {PRIVILEGES.format(owner="10")}
      FROM pg_catalog.pg_parameter_acl AS p, aclexplode(p.paracl) AS e
     WHERE e.grantee <> 10
     GROUP BY p.parname, e.grantee
"""  # noqa: S608 - constants


def parameters(version: int) -> list[str]:
    """Rights to set parameters, which PostgreSQL 15 and newer know."""
    return [PARAMETERS] if version >= SINCE else []


DEFAULTS = f"""
    SELECT 'default grant', concat(
               'of ', pg_catalog.pg_get_userbyid(d.defaclrole), ' in ' || n.nspname, ' on ',
               CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                    WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
                    ELSE d.defaclobjtype::text END,
               ' to ', COALESCE({GRANTEE.format(column="e.grantee")}, 'nobody')),
           NULL, COALESCE(NULLIF({PRIVILEGES.format(owner="d.defaclrole")}, ''), 'none')
      FROM pg_catalog.pg_default_acl AS d
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
      LEFT JOIN LATERAL aclexplode(d.defaclacl) AS e ON true
     GROUP BY d.oid, d.defaclrole, d.defaclobjtype, n.nspname, e.grantee
"""  # noqa: S608 - constants
# What an application set may be a secret, unless it is a small number or a switch under a harmless
# name: it is told by the beginning of its MD5, which is enough to see a change.
HARMLESS = "^([0-9]{1,5}([.][0-9]{1,5})?( ?[a-zA-Z]{1,3})?|on|off|true|false)$"
SOUNDS = "secret|passw|token|credential|key|pin|auth|salt|dsn"
SETTINGS = f"""
    SELECT 'setting', concat(
               o.name, ' of role ' || r.rolname,
               CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN ' in this database' END),
           NULL,
           CASE WHEN o.name LIKE '%.%' AND (o.name ~* '{SOUNDS}' OR o.value !~ '{HARMLESS}')
                THEN 'md5 ' || left(md5(o.value), 8) WHEN o.value = '' THEN '''''' ELSE o.value END
      FROM pg_catalog.pg_db_role_setting AS s
      LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole,
           unnest(s.setconfig) AS c(pair),
           LATERAL (SELECT split_part(c.pair, '=', 1) AS name,
                           substr(c.pair, strpos(c.pair, '=') + 1) AS value) AS o
     WHERE s.setdatabase IN (
               0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""  # noqa: S608 - constants
# In the words of the newest server: those of PostgreSQL before 15 know nothing but the C library.
LOCALE = """
    SELECT 'database', 'locale', NULL,
           jsonb_strip_nulls(
               to_jsonb(d) - ARRAY['oid', 'datname', 'datdba', 'datistemplate', 'datallowconn',
                   'datconnlimit', 'datfrozenxid', 'datminmxid', 'dattablespace', 'datacl',
                   'datcollversion', 'datlastsysoid', 'dathasloginevt', 'daticulocale',
                   'datlocprovider']
               || jsonb_build_object(
                      'datlocprovider', NULLIF(to_jsonb(d) ->> 'datlocprovider', 'c'),
                      'datlocale', COALESCE(to_jsonb(d) ->> 'datlocale',
                                            to_jsonb(d) ->> 'daticulocale')))::text
      FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()
"""
DATABASE = f"""
    SELECT 'database', 'itself', {owner("d.datdba")},
           concat_ws(', ', 'database',
                     CASE WHEN d.datconnlimit <> -1
                          THEN 'at most ' || d.datconnlimit || ' connections' END,
                     CASE WHEN NOT d.datallowconn THEN 'closed' END,
                     CASE WHEN d.datistemplate THEN 'template' END,
                     'tablespace ' || NULLIF(s.spcname, 'pg_default'))
      FROM pg_catalog.pg_database AS d
      JOIN pg_catalog.pg_tablespace AS s ON s.oid = d.dattablespace
     WHERE d.datname = current_database()
"""  # noqa: S608 - constants
"""What a copy has of its own."""
RIGHTS = [POLICIES, GRANTS, DEFAULTS, SETTINGS, LOCALE]
