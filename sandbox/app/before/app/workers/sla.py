"""The SLA worker: goes through the open tickets with a policy, again and again."""

from __future__ import annotations

import asyncpg

from app.workers.loop import LOG, main

CYCLE = """
    UPDATE sla_calculations AS s
       SET business_minutes_elapsed =
               floor(extract(epoch FROM now() - t.sla_started_at) / 60)::integer,
           resolution_breached = t.sla_due_at < now(),
           updated_at = now()
      FROM tickets AS t
     WHERE t.id = s.ticket_id AND t.sla_policy_id IS NOT NULL AND t.sla_started_at IS NOT NULL
       AND t.status NOT IN ('RESOLVED', 'CLOSED', 'CANCELLED')
    RETURNING s.ticket_id, s.resolution_breached
"""
KNOWN: set[object] = set()


async def cycle(connection: asyncpg.Connection) -> bool:
    """Look at every open ticket once."""
    rows = await connection.fetch(CYCLE)
    breached = {row["ticket_id"] for row in rows if row["resolution_breached"]}
    for ticket in breached - KNOWN:
        LOG.info("ticket %s breached its SLA", ticket)
    KNOWN.clear()
    KNOWN.update(breached)
    return False


if __name__ == "__main__":
    main("atum-sla-worker", cycle)
