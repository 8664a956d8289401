"""Where a target keeps its databases, as services of libpq; no credential itself."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.rule import Filled, Rule, Some
from gate.toml import PlaceName, Strict

Service = Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")]


class OtherDatabase(Strict):
    """A further database, by the name that items of the contract call it by (``database``).

    Attributes:
        service: Name in ``pg_service.conf`` (``PGSERVICEFILE``).
        forward: Reach it through the host's SSH connection.
    """

    service: Service
    forward: bool = False


class Database(Strict):
    """The database, as a service of libpq's service file; the password stands in its passfile.

    Attributes:
        service: Name in ``pg_service.conf`` (``PGSERVICEFILE``).
        forward: Reach it through the host's SSH connection.
        others: Further databases, by the names that items of the contract call them by.
    """

    service: Service = ""
    forward: bool = False
    others: dict[PlaceName, OtherDatabase] = {}

    RULES = (
        Rule(Some(Filled("service"), Filled("others")), "needs service, or [database.others.NAME]"),
    )

    def at(self, name: str) -> Database:
        """A database by its name, the empty one being the target's own; ``""`` where there is none.

        Returns:
            With an empty service where the target does not name it.
        """
        if not name:
            return self
        found = self.others.get(name)
        return NO_DATABASE if found is None else Database(**found.model_dump())


NO_DATABASE = Database.model_construct(service="")
"""Of a target without ``[database]``."""
