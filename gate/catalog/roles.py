"""Who has power over a database beyond what is granted in it: roles, and who is a member of whom.

Roles belong to all databases of a server. Told are those that matter to this one: whoever owns
something in it, was granted something, is named by a policy or has a setting of its own here, owns
the database or a right on it; whoever has power over all databases (``SUPERUSER``, ``BYPASSRLS``,
``REPLICATION``, ``CREATEROLE``, or a role that comes with PostgreSQL, such as
``pg_write_all_data``); and, from member to member, whoever may become one of these. A password is
not told: nobody but a superuser may see whether there is one.
"""

from __future__ import annotations

KINDS = ("role", "membership")

# What a session's temporary tables belong to comes and goes with it.
MATTER = """
    WITH RECURSIVE here AS (
        SELECT d.oid, d.datdba, d.datacl FROM pg_catalog.pg_database AS d
         WHERE d.datname = current_database()
    ), named(oid) AS (
        SELECT s.refobjid FROM pg_catalog.pg_shdepend AS s, here
         WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
           AND (s.dbid = here.oid
                OR s.classid = 'pg_catalog.pg_database'::regclass AND s.objid = here.oid
                OR s.classid = to_regclass('pg_catalog.pg_parameter_acl'))
           AND NOT EXISTS (
                   SELECT FROM pg_catalog.pg_class AS c
                    WHERE s.classid = 'pg_catalog.pg_class'::regclass AND c.oid = s.objid
                      AND c.relpersistence = 't')
         UNION SELECT here.datdba FROM here
         UNION SELECT x.grantee FROM here, aclexplode(here.datacl) AS x
         UNION SELECT o.setrole FROM pg_catalog.pg_db_role_setting AS o, here
                WHERE o.setdatabase = here.oid
         UNION SELECT r.oid FROM pg_catalog.pg_roles AS r
                WHERE r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole
                   OR r.oid < 16384
    ), matter(oid) AS (
        SELECT n.oid FROM named AS n WHERE n.oid <> 0
         UNION
        SELECT m.member FROM pg_catalog.pg_auth_members AS m JOIN matter AS x ON x.oid = m.roleid
    )
"""
ALL = "WITH matter AS (SELECT r.oid FROM pg_catalog.pg_roles AS r)"
# What came with PostgreSQL stays as it is; the first superuser is everybody's.
ROLES = """
    SELECT 'role' AS kind, r.rolname::text AS name, NULL::text AS owner,
           concat_ws(', ',
               CASE WHEN r.rolcanlogin THEN 'login' ELSE 'no login' END,
               CASE WHEN r.rolsuper THEN 'superuser' END,
               CASE WHEN r.rolbypassrls THEN 'bypasses row security' END,
               CASE WHEN r.rolreplication THEN 'replication' END,
               CASE WHEN r.rolcreaterole THEN 'creates roles' END,
               CASE WHEN r.rolcreatedb THEN 'creates databases' END,
               CASE WHEN NOT r.rolinherit THEN 'does not inherit' END,
               'at most ' || NULLIF(r.rolconnlimit, -1) || ' connections',
               'valid until ' || NULLIF(r.rolvaliduntil, 'infinity')) AS definition
      FROM pg_catalog.pg_roles AS r JOIN matter AS x ON x.oid = r.oid
     WHERE r.oid >= 16384 OR r.oid = 10
"""
# Whether a member inherits, and may become the role, is said of each membership since PostgreSQL
# 16; one may have been granted by several.
MEMBERS = """
    SELECT 'membership', format('of %s in %s', pg_catalog.pg_get_userbyid(m.member),
                                pg_catalog.pg_get_userbyid(m.roleid)), NULL,
           concat_ws(', ', 'member',
               CASE WHEN bool_or(m.admin_option) THEN 'with admin option' END,
               CASE WHEN NOT bool_or((to_jsonb(m) ->> 'inherit_option')::bool)
                    THEN 'inherits nothing' END,
               CASE WHEN NOT bool_or((to_jsonb(m) ->> 'set_option')::bool)
                    THEN 'may not become it' END)
      FROM pg_catalog.pg_auth_members AS m JOIN matter AS x ON x.oid = m.roleid
     GROUP BY m.member, m.roleid
"""
THEIRS = f"{MATTER} {ROLES} UNION ALL {MEMBERS}"
"""Roles that matter to the database, and their members, as ``kind, name, owner, definition``."""
EVERY = f"{ALL} {ROLES} UNION ALL {MEMBERS}"
"""Every role and every membership of the server."""


def of_a_role(line: str) -> bool:
    """Whether a difference is one of a role or a membership: others make and drop those, too."""
    return line.startswith(tuple(f"{sign} {kind} " for sign in "+-" for kind in KINDS))
