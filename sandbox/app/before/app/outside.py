"""Who is told of a new ticket: its requester by mail, and the organisation's webhooks."""

from __future__ import annotations

import asyncio
import json
import logging
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from typing import Any

from app.settings import mail_relay

TIMEOUT_S = 2.0
LOG = logging.getLogger("uvicorn.error")
CALLED = """
    UPDATE webhooks SET last_triggered_at = now(), last_failure_reason = $2::text,
           failure_count = failure_count + CASE WHEN $2::text IS NULL THEN 0 ELSE 1 END
     WHERE id = $1
"""


async def tell(database: Any, user: Any, ticket: dict[str, Any]) -> None:
    """Send mail and call webhooks; what cannot be reached keeps nobody from a ticket."""
    await asyncio.to_thread(_mail, user["email"], ticket)
    hooks = await database.fetch(
        "SELECT id, url FROM webhooks WHERE organization_id = $1 AND is_active",
        user["organization_id"],
    )
    for one in hooks:
        why = await asyncio.to_thread(_call, one["url"], ticket)
        await database.execute(CALLED, one["id"], why)


def _mail(to: str, ticket: dict[str, Any]) -> None:
    relay = mail_relay()
    if relay is None:
        return
    letter = EmailMessage()
    letter["From"], letter["To"] = "desk@example.org", to
    letter["Subject"] = f"Ticket received: {ticket['subject']}"
    letter.set_content(ticket["id"])
    try:
        with smtplib.SMTP(*relay, timeout=TIMEOUT_S) as session:
            session.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("no mail could be sent: %r", error)


def _call(url: str, ticket: dict[str, Any]) -> str | None:
    """Post to a webhook; return why that failed."""
    body = json.dumps({"event": "ticket.created", "ticket": ticket["id"]}).encode()
    request = urllib.request.Request(  # noqa: S310 - the organisation's own
        url, body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return None
    except (urllib.error.URLError, OSError, ValueError) as error:
        LOG.warning("webhook %s: %r", url, error)
        return repr(error)[:1000]
