"""The job worker: takes what is queued, and leaves what AI makes of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
from app.ollama import CHAT_MODEL, generated
from app.retrieval import nearest
from app.workers.loop import LOG, main

ME = uuid.uuid4()
ATTEMPTS = 3

TAKE = """
    UPDATE job_queue SET status = 'RUNNING', locked_by = $1, locked_at = now(),
           updated_at = now()
     WHERE id = (
        SELECT id FROM job_queue
         WHERE status = 'PENDING' AND coalesce(run_after, created_at) <= now()
         ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
     )
    RETURNING *
"""


async def triage(connection: asyncpg.Connection, job: Any, ticket: Any) -> None:
    """Suggest a category and a priority."""
    await connection.execute(
        """
        INSERT INTO ticket_ai_triage (id, organization_id, ticket_id, suggested_category,
            suggested_priority, sentiment_label, sentiment_score, confidence, model_id)
        VALUES ($1, $2, $3, 'general', $4, 'neutral', 0.5, 0.8, $5)
        """,
        uuid.uuid4(),
        job["organization_id"],
        ticket["id"],
        ticket["priority"].lower(),
        CHAT_MODEL,
    )


async def suggest_articles(connection: asyncpg.Connection, job: Any, ticket: Any) -> None:
    """Suggest the articles that are nearest to a ticket."""
    question = f"{ticket['subject']} {ticket['description']}"
    for one in await nearest(connection, job["organization_id"], question, 3, internal=True):
        await connection.execute(
            """
            INSERT INTO ticket_kb_suggestions (id, organization_id, ticket_id, article_id, title,
                excerpt, relevance_score)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            uuid.uuid4(),
            job["organization_id"],
            ticket["id"],
            one["document_id"],
            one["title"][:255],
            one["content"][:200],
            one["score"],
        )


async def reply(connection: asyncpg.Connection, job: Any, ticket: Any) -> None:
    """Suggest a reply."""
    await connection.execute(
        """
        INSERT INTO ai_suggestions (id, organization_id, ticket_id, suggestion_type, content,
            confidence, model_id)
        VALUES ($1, $2, $3, 'reply', $4, 0.8, $5)
        """,
        uuid.uuid4(),
        job["organization_id"],
        ticket["id"],
        await generated(f"reply: {ticket['subject']}"),
        CHAT_MODEL,
    )


async def predict(connection: asyncpg.Connection, _job: Any, ticket: Any) -> None:
    """Say how near a ticket is to breaching its SLA."""
    await connection.execute(
        """
        UPDATE tickets
           SET time_to_breach_minutes = floor(extract(epoch FROM sla_due_at - now()) / 60)::integer,
               sla_risk_score = CASE WHEN sla_due_at < now() THEN 1.0 ELSE 0.2 END
         WHERE id = $1
        """,
        ticket["id"],
    )


async def snapshot(connection: asyncpg.Connection, job: Any, _ticket: Any) -> None:
    """Keep the organisation's figures."""
    rows = await connection.fetch(
        "SELECT status::text, count(*) FROM tickets WHERE organization_id = $1 GROUP BY 1",
        job["organization_id"],
    )
    await connection.execute(
        "INSERT INTO metrics_snapshots (id, organization_id, tickets_by_status)"
        " VALUES ($1, $2, $3)",
        uuid.uuid4(),
        job["organization_id"],
        json.dumps({row["status"]: row["count"] for row in rows}),
    )


KINDS: dict[str, Callable[[asyncpg.Connection, Any, Any], Awaitable[None]]] = {
    "TRIAGE_TICKET": triage,
    "KB_SUGGEST": suggest_articles,
    "SMART_REPLY": reply,
    "SLA_PREDICT": predict,
    "METRICS_SNAPSHOT": snapshot,
}


async def cycle(connection: asyncpg.Connection) -> bool:
    """Take one job and do it."""
    job = await connection.fetchrow(TAKE, ME)
    if job is None:
        return False
    try:
        async with connection.transaction():
            await KINDS[job["job_type"]](connection, job, await _ticket(connection, job))
    except (httpx.HTTPError, LookupError, asyncpg.DataError) as error:
        await _end(connection, job, error)
        return False
    await _end(connection, job, None)
    return True


async def _ticket(connection: asyncpg.Connection, job: Any) -> Any:
    if job["job_type"] == "METRICS_SNAPSHOT":
        return None
    ticket_id = json.loads(job["payload"] or "{}").get("ticket_id")
    row = await connection.fetchrow(
        "SELECT * FROM tickets WHERE id = $1", uuid.UUID(ticket_id) if ticket_id else None
    )
    if row is None:
        raise LookupError(f"ticket {ticket_id} is gone")
    return row


async def _end(connection: asyncpg.Connection, job: Any, error: Exception | None) -> None:
    tries = job["retry_count"] + 1
    state = "DONE" if error is None else "FAILED" if tries >= ATTEMPTS else "PENDING"
    await connection.execute(
        """
        UPDATE job_queue SET status = $2, retry_count = $3, last_error = $4, locked_by = NULL,
               locked_at = NULL, updated_at = now()
         WHERE id = $1
        """,
        job["id"],
        state,
        job["retry_count"] + (error is not None),
        repr(error)[:500] if error else None,
    )
    await connection.execute(
        "INSERT INTO job_events (id, job_id, event, details) VALUES ($1, $2, $3, $4)",
        uuid.uuid4(),
        job["id"],
        state,
        json.dumps({"error": repr(error)}) if error else None,
    )
    if error is None:
        LOG.info("%s %s done", job["job_type"], job["id"])
    else:
        LOG.error("%s %s: %r", job["job_type"], job["id"], error)


if __name__ == "__main__":
    main(cycle)
