"""The copilot: evidence from the search, and what the model makes of it.

Where the model fails the answer says so in its text alone: its status is 200.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any, Literal

import httpx
from fastapi import APIRouter, HTTPException

from app.auth import Staff
from app.database import Database
from app.ollama import generated
from app.retrieval import nearest

router = APIRouter(prefix="/api/v1/internal/tickets")
LOG = logging.getLogger("uvicorn.error")


@router.get("/{ticket_id}/copilot")
async def copilot(
    ticket_id: str,
    user: Staff,
    database: Database,
    action: Literal["full", "summarize", "reply", "context"] = "full",
) -> dict[str, Any]:
    """Summarise a ticket and suggest a reply, with citations."""
    try:
        wanted = uuid.UUID(ticket_id)
    except ValueError as error:
        raise HTTPException(400, "Invalid ticket id") from error
    ticket = await database.fetchrow("SELECT * FROM tickets WHERE id = $1", wanted)
    if ticket is None:
        raise HTTPException(404, "Ticket not found")
    if ticket["organization_id"] != user["organization_id"]:
        raise HTTPException(403, "Ticket of another organization")
    question = f"{ticket['subject']} {ticket['description']}"
    evidence = await nearest(database, user["organization_id"], question, 5, internal=True)
    if not evidence:
        raise HTTPException(422, "no indexed evidence for this ticket")
    try:
        text = await generated(
            f"{action}: {question}\n" + "\n".join(one["content"] for one in evidence)
        )
    except httpx.HTTPError as error:
        LOG.error("AI generation failed: %r", error)  # noqa: TRY400 - one line per event
        text = "AI generation failed. Please try again."
    return {
        "summary": f"{ticket['subject']}: {text}",
        "suggested_reply": f"Hello, {text}",
        "next_steps": ["Check the evidence", "Reply to the requester"],
        "confidence": round(max(0.0, min(1.0, evidence[0]["score"])), 3),
        "citations": [
            {
                "type": one["source_type"],
                "id": str(one["chunk_id"]),
                "title": one["title"],
                "excerpt": one["content"][:200],
                "score": one["score"],
            }
            for one in evidence
        ],
    }
