"""Tickets: the own ones, and new ones."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import pydantic
from fastapi import APIRouter, HTTPException

from app import hooks, outside
from app.auth import User
from app.database import Database
from app.settings import fault

router = APIRouter(prefix="/api/v1/tickets")


class NewTicket(pydantic.BaseModel):
    """What a new ticket needs."""

    subject: Annotated[str, pydantic.Field(min_length=5, max_length=500)]
    description: Annotated[str, pydantic.Field(min_length=10)]
    priority: Literal["low", "medium", "high", "urgent"] = "medium"


def shown(row: Any) -> dict[str, Any]:
    """Show a ticket: seven fields, status and priority in lower case."""
    return {
        "id": str(row["id"]),
        "subject": row["subject"],
        "description": row["description"],
        "status": row["status"].lower(),
        "priority": row["priority"].lower(),
        "created_at": row["created_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
    }


@router.get("")
async def own(user: User, database: Database) -> list[dict[str, Any]]:
    """List the caller's own tickets, newest first."""
    rows = await database.fetch(
        "SELECT * FROM tickets WHERE requester_id = $1 ORDER BY created_at DESC LIMIT 100",
        user["id"],
    )
    return [shown(row) for row in rows]


@router.post("", status_code=201)
async def create(new: NewTicket, user: User, database: Database) -> dict[str, Any]:
    """Create a ticket; what comes after its row is kept may fail, and then the row stays."""
    now = dt.datetime.now(dt.timezone.utc)
    async with database.transaction():
        row = await database.fetchrow(
            """
            INSERT INTO tickets (id, organization_id, requester_id, subject, description, status,
                                 priority, sla_paused_duration, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, 'NEW', $6::text::ticketpriority, 0, $7, $7)
            RETURNING *
            """,
            uuid.uuid4(),
            user["organization_id"],
            user["id"],
            new.subject,
            new.description,
            new.priority.upper(),
            now,
        )
        await hooks.ticket_created(database, user["organization_id"], row["id"])
    if fault() == "500-after-commit":
        raise HTTPException(500, "Internal Server Error")
    await outside.tell(database, user, shown(row))
    return shown(row)
