"""Who may do what, and what is set for whom, as ``kind, name, owner, definition``."""

from __future__ import annotations

from gate.catalog.others import FROM_CLASS, OWN_CLASS
from gate.catalog.queries import NAME, USER_SCHEMAS, own, qualified

GRANTEE = """CASE {column} WHEN 0 THEN 'PUBLIC'
                    ELSE pg_catalog.pg_get_userbyid({column})::text END"""
PRIVILEGES = """string_agg(concat(e.privilege_type,
                            CASE WHEN e.is_grantable THEN ' with grant option' END,
                            CASE WHEN e.grantor <> {owner}
                                 THEN ' by ' || pg_catalog.pg_get_userbyid(e.grantor) END),
                            ', ' ORDER BY e.privilege_type, e.grantor)"""

POLICIES = f"""
    SELECT 'policy', {NAME} || '.' || p.polname, NULL,
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
# Rights are compared with those that come with the kind of object: what was granted and taken
# back, and what was never touched, are the same.
GRANTS = f"""
    SELECT 'grant', concat('on ', g.kind, ' ', g.name, ' to ', {GRANTEE.format(column="grantee")}),
           NULL, COALESCE(g.privileges, 'none of the usual')
      FROM (
           WITH held(kind, name, code, owner, acl) AS MATERIALIZED (
               SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, {NAME},
                      CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner, c.relacl
                 {FROM_CLASS} WHERE c.relacl IS NOT NULL AND {OWN_CLASS}
                UNION ALL
               SELECT 'column', {NAME} || '.' || a.attname, 'c', c.relowner, a.attacl
                 {FROM_CLASS} JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
                WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND {OWN_CLASS}
                UNION ALL
               SELECT 'schema', n.nspname, 'n', n.nspowner, n.nspacl
                 FROM pg_catalog.pg_namespace AS n
                WHERE n.nspacl IS NOT NULL AND {USER_SCHEMAS} AND {own("pg_namespace", "n.oid")}
                UNION ALL
               SELECT 'function', {qualified("f.proname")}
                      || '(' || pg_get_function_identity_arguments(f.oid) || ')',
                      'f', f.proowner, f.proacl
                 FROM pg_catalog.pg_proc AS f
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
                WHERE f.proacl IS NOT NULL AND {USER_SCHEMAS} AND {own("pg_proc", "f.oid", "ei")}
                UNION ALL
               SELECT 'type', {qualified("t.typname")}, 'T', t.typowner, t.typacl
                 FROM pg_catalog.pg_type AS t
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
                WHERE t.typacl IS NOT NULL AND {USER_SCHEMAS} AND {own("pg_type", "t.oid")}
                UNION ALL
               SELECT 'database', 'itself', 'd', d.datdba, d.datacl
                 FROM pg_catalog.pg_database AS d
                WHERE d.datacl IS NOT NULL AND d.datname = current_database()
           )
           SELECT kind, name, grantee, is_.privileges, usual.privileges AS usual
             FROM (SELECT h.kind, h.name, e.grantee,
                          {PRIVILEGES.format(owner="h.owner")} AS privileges
                     FROM held AS h, aclexplode(h.acl) AS e GROUP BY 1, 2, 3) AS is_
             FULL JOIN (
                   SELECT h.kind, h.name, e.grantee,
                          {PRIVILEGES.format(owner="h.owner")} AS privileges
                     FROM held AS h, aclexplode(acldefault(h.code, h.owner)) AS e
                    GROUP BY 1, 2, 3) AS usual USING (kind, name, grantee)
      ) AS g
     WHERE g.privileges IS DISTINCT FROM g.usual
"""  # noqa: S608 - constants
DEFAULTS = f"""
    SELECT 'default grant', concat(
               'of ', pg_catalog.pg_get_userbyid(d.defaclrole), ' in ' || n.nspname, ' on ',
               CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                    WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
                    ELSE d.defaclobjtype::text END,
               ' to ', {GRANTEE.format(column="e.grantee")}),
           NULL, {PRIVILEGES.format(owner="d.defaclrole")}
      FROM pg_catalog.pg_default_acl AS d
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace,
           aclexplode(d.defaclacl) AS e
     GROUP BY d.oid, d.defaclrole, d.defaclobjtype, n.nspname, e.grantee
"""  # noqa: S608 - constants
# What an application calls a secret is told by the beginning of its MD5: enough to see a change.
SETTINGS = """
    SELECT 'setting', concat(
               o.name, ' of role ' || r.rolname,
               CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN ' in this database' END),
           NULL,
           CASE WHEN o.name ~* '[.].*(secret|passw|token|credential|key)'
                THEN 'md5 ' || left(md5(o.value), 8) ELSE o.value END
      FROM pg_catalog.pg_db_role_setting AS s
      LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole,
           unnest(s.setconfig) AS c(pair),
           LATERAL (SELECT split_part(c.pair, '=', 1) AS name,
                           substr(c.pair, strpos(c.pair, '=') + 1) AS value) AS o
     WHERE s.setdatabase IN (
               0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""
LOCALE = """
    SELECT 'database', 'locale', NULL,
           (to_jsonb(d) - ARRAY['oid', 'datname', 'datdba', 'datistemplate', 'datallowconn',
                'datconnlimit', 'datfrozenxid', 'datminmxid', 'dattablespace', 'datacl',
                'datcollversion', 'datlastsysoid', 'dathasloginevt'])::text
      FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()
"""
RIGHTS = [POLICIES, GRANTS, DEFAULTS, SETTINGS, LOCALE]
