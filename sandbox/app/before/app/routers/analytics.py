"""The dashboard."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.auth import User
from app.database import Database
from app.routers.tickets import shown

router = APIRouter(prefix="/api/v1/analytics")

COUNTS = """
    SELECT count(*) AS total,
           count(*) FILTER (WHERE status NOT IN ('RESOLVED', 'CLOSED', 'CANCELLED')) AS open,
           count(*) FILTER (WHERE status IN ('RESOLVED', 'CLOSED')) AS resolved,
           count(*) FILTER (WHERE priority = 'URGENT') AS urgent
      FROM tickets WHERE organization_id = $1
"""
RECENT = "SELECT * FROM tickets WHERE organization_id = $1 ORDER BY created_at DESC LIMIT 8"


@router.get("/dashboard")
async def dashboard(user: User, database: Database) -> dict[str, Any]:
    """Count the organisation's tickets, and list the newest."""
    counts = await database.fetchrow(COUNTS, user["organization_id"])
    recent = await database.fetch(RECENT, user["organization_id"])
    return {"stats": dict(counts), "recent_tickets": [shown(row) for row in recent]}
