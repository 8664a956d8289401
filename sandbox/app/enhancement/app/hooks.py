"""What happens besides: a new ticket is triaged, and articles are suggested for it."""

from __future__ import annotations

import json
import uuid
from typing import Any

JOBS = ("TRIAGE_TICKET", "KB_SUGGEST")


async def ticket_created(database: Any, organization_id: uuid.UUID, ticket_id: uuid.UUID) -> None:
    """Enqueue the jobs of a new ticket, in the same transaction."""
    for kind in JOBS:
        await database.execute(
            "INSERT INTO job_queue (id, organization_id, job_type, payload)"
            " VALUES ($1, $2, $3, $4)",
            uuid.uuid4(),
            organization_id,
            kind,
            json.dumps({"ticket_id": str(ticket_id)}),
        )
