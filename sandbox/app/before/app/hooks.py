"""What happens besides: places that a later release fills."""

from __future__ import annotations

import uuid
from typing import Any


async def ticket_created(database: Any, organization_id: uuid.UUID, ticket_id: uuid.UUID) -> None:
    """A ticket was created, in the same transaction; this release does nothing more."""
