"""Views of ``information_schema`` that show a role what is its own, and no word of the rest.

Grants, keys, triggers and the like are shown to their owners and to whom something was granted. To
a role that may read everything and owns nothing they are empty, which looks as if there were none.
"""

from __future__ import annotations

import re

from gate.connection.postgres import Session
from gate.errors import ObservationError

VIEWS = re.compile(r'\binformation_schema"?\s*\.\s*"?(\w+)', re.IGNORECASE)
SHOWN = {"columns", "tables", "views", "sequences", "sql_features", "sql_implementation_info"}
"""Those that show everything to whoever may read everything."""
OWNS_ALL = """
SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND NOT pg_has_role(c.relowner, 'USAGE')), current_user
"""
"""Whether the role has the rights of everybody who owns anything, and what it is called."""


def refuse_in_part(session: Session, statement: str) -> None:
    """Refuse a statement that would be answered in part.

    Raises:
        ObservationError: It asks such a view as a role to whom that shows less than there is.
    """
    asked = sorted({one.lower() for one in VIEWS.findall(statement)} - SHOWN)
    if not asked:
        return
    row = session.execute(OWNS_ALL).fetchone()
    if row is None or row[0] is not True:
        who = f"the role {row[1]}" if row else "this role"
        raise ObservationError(
            f"information_schema.{asked[0]} shows {who} what it owns or was granted, and not what "
            f"else there is: ask pg_catalog (grants: aclexplode(relacl) of pg_class)"
        )
