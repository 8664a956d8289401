"""The SLA worker: goes through the open tickets with a policy, again and again."""

from __future__ import annotations

import asyncpg

from app.workers.loop import DASHES, LOG, main

BREACH = """
    UPDATE sla_calculations AS s
       SET business_minutes_elapsed =
               floor(extract(epoch FROM now() - t.sla_started_at) / 60)::integer,
           resolution_breached = true,
           updated_at = now()
      FROM tickets AS t
     WHERE t.id = s.ticket_id AND t.sla_policy_id IS NOT NULL AND t.sla_due_at < now()
       AND NOT s.resolution_breached AND t.status NOT IN ('RESOLVED', 'CLOSED', 'CANCELLED')
    RETURNING s.ticket_id
"""
EVERY_S = 10.0
OPEN = """
    SELECT count(*) FROM tickets
     WHERE sla_policy_id IS NOT NULL AND status NOT IN ('RESOLVED', 'CLOSED', 'CANCELLED')
"""


async def cycle(connection: asyncpg.Connection) -> bool:
    """Look at every open ticket once; a row changes only where a target is breached."""
    breached = await connection.fetch(BREACH)
    for row in breached:
        LOG.warning("ticket %s breached its SLA", row["ticket_id"])
    checked = await connection.fetchval(OPEN)
    LOG.info("SLA Worker Summary: %d tickets checked, %d breached", checked, len(breached))
    return False


if __name__ == "__main__":
    main(cycle, DASHES, every_s=EVERY_S)
