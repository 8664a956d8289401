"""Seed: two organisations, all roles, tickets, articles, and chunks that the search finds."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from typing import Any

import sqlalchemy as sa

from app.embedding import embed, literal
from app.passwords import hashed
from app.tables import METADATA

NAMESPACE = uuid.UUID("6f1d3a52-3c0c-4f0e-9f8f-a7c3f5a0d3e1")
NOW = dt.datetime.now(dt.timezone.utc)

ORGANISATIONS = {"north": "North Wind Ltd", "south": "South Gate Ltd"}
USERS = {
    "customer": ("north", "CUSTOMER_USER", "Carla Customer"),
    "customer_admin": ("north", "CUSTOMER_ADMIN", "Conrad Customer"),
    "agent": ("north", "AGENT", "Ada Agent"),
    "manager": ("north", "MANAGER", "Max Manager"),
    "admin": ("north", "ADMIN", "Alma Admin"),
    "foreign_agent": ("south", "AGENT", "Fred Foreign"),
    "foreign_customer": ("south", "CUSTOMER_USER", "Fiona Foreign"),
    "foreign_admin": ("south", "ADMIN", "Frida Foreign"),
}
TICKETS = (
    ("customer", "Password reset does not arrive", "The mail for the password reset never arrives.", "NEW", "HIGH"),
    ("customer", "Printer prints blank pages", "Since Monday the printer on floor two prints blank pages.", "ASSIGNED", "LOW"),
    ("customer", "VPN drops every hour", "The VPN connection drops every hour and must be dialled again.", "IN_PROGRESS", "URGENT"),
    ("customer", "New laptop for a colleague", "Please prepare a new laptop for the colleague who joins us.", "RESOLVED", "MEDIUM"),
    ("customer_admin", "Invoice shows the wrong address", "The last invoice shows the address that we had before.", "WAITING_CUSTOMER", "LOW"),
    ("customer_admin", "Shared mailbox is full", "The shared mailbox of the sales team takes no more mail.", "ACCEPTED", "MEDIUM"),
    ("agent", "Monitoring alert on the mail server", "The mail server reports that its disk is nearly full.", "IN_PROGRESS", "HIGH"),
    ("agent", "Certificate expires next month", "The certificate of the web front end expires next month.", "NEW", "MEDIUM"),
    ("manager", "Report of last quarter", "Please collect the figures of all tickets of last quarter.", "CLOSED", "LOW"),
    ("manager", "Access for the auditor", "The auditor needs read access to the ticket archive.", "CANCELLED", "MEDIUM"),
    ("foreign_customer", "Door does not open", "The door to the server room does not open with my card.", "NEW", "URGENT"),
    ("foreign_customer", "Telephone is silent", "The telephone on my desk is silent since this morning.", "ASSIGNED", "MEDIUM"),
    ("foreign_agent", "Backup takes too long", "The nightly backup takes until noon and slows everything.", "NEW", "HIGH"),
)  # fmt: skip
ARTICLES = (
    ("Reset a password", "To reset a password, open the login page, choose password reset and follow the mail."),
    ("Set up the VPN", "Install the client, import the profile and sign in; the VPN reconnects by itself."),
    ("When a printer prints blank pages", "Replace the toner, clean the drum and print a test page."),
    ("Free space in a mailbox", "Archive mail that is older than a year, then empty the trash of the mailbox."),
)  # fmt: skip


def id_of(*words: str) -> uuid.UUID:
    """A fixed id for a thing of the seed."""
    return uuid.uuid5(NAMESPACE, "/".join(words))


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of the base tables, by table."""
    stamps = {"created_at": NOW, "updated_at": NOW}
    password = hashed(os.environ["SEED_PASSWORD"])
    return {
        "organizations": [
            {
                "id": id_of(slug),
                "name": name,
                "slug": slug,
                "settings": {},
                "is_active": True,
                **stamps,
            }
            for slug, name in ORGANISATIONS.items()
        ],
        "users": [
            {
                "id": id_of(name),
                "organization_id": id_of(organisation),
                "email": email(name),
                "password_hash": password,
                "full_name": full_name,
                "role": role,
                "is_active": True,
                "email_verified": True,
                "two_factor_enabled": False,
                **stamps,
            }
            for name, (organisation, role, full_name) in USERS.items()
        ],
        "services": [
            {
                "id": id_of(slug, "service"),
                "organization_id": id_of(slug),
                "name": "IT support",
                "default_priority": "medium",
                "is_active": True,
                "created_at": NOW,
            }
            for slug in ORGANISATIONS
        ],
        "sla_policies": [
            {
                "id": id_of(slug, "policy"),
                "organization_id": id_of(slug),
                "name": "Standard",
                "resolution_time_medium": 480,
                "business_hours_enabled": False,
                "timezone": "UTC",
                "escalation_enabled": False,
                "is_active": True,
                "created_at": NOW,
            }
            for slug in ORGANISATIONS
        ],
        "kb_categories": [
            {
                "id": id_of(slug, "category"),
                "organization_id": id_of(slug),
                "name": "How to",
                "is_internal": False,
                "display_order": 1,
                "created_at": NOW,
            }
            for slug in ORGANISATIONS
        ],
        "kb_articles": [_article(slug, *one) for slug in ORGANISATIONS for one in ARTICLES],
        "tickets": [_ticket(*one) for one in TICKETS],
        "sla_calculations": [_calculation(*one) for one in TICKETS],
        "comments": [
            {
                "id": id_of(subject, "comment"),
                "ticket_id": id_of(subject),
                "author_id": id_of("agent"),
                "content": "We are looking into it.",
                "is_internal": False,
                "is_ai_generated": False,
                **stamps,
            }
            for _, subject, *_ in TICKETS
        ],
        "webhooks": _webhooks(),
    }


def _webhooks() -> list[dict[str, Any]]:
    """One of the first organisation, where SEED_WEBHOOK says whom to call."""
    url = os.environ.get("SEED_WEBHOOK")
    one = {
        "id": id_of("north", "webhook"),
        "organization_id": id_of("north"),
        "url": url,
        "secret": "of the sandbox",
        "event_types": ["ticket.created"],
        "is_active": True,
        "created_at": NOW,
        "updated_at": NOW,
        "failure_count": 0,
    }
    return [one] if url else []


def email(name: str) -> str:
    """The e-mail address of a seeded user."""
    return f"{name.replace('_', '.')}@{USERS[name][0]}.example"


def _article(slug: str, title: str, content: str) -> dict[str, Any]:
    return {
        "id": id_of(slug, title),
        "category_id": id_of(slug, "category"),
        "organization_id": id_of(slug),
        "title": title,
        "slug": f"{slug}-{title.lower().replace(' ', '-')}",
        "content": content,
        "is_internal": False,
        "is_published": True,
        "view_count": 0,
        "helpful_count": 0,
        "unhelpful_count": 0,
        "created_by": id_of("admin" if slug == "north" else "foreign_admin"),
        "created_at": NOW,
        "updated_at": NOW,
    }


def _ticket(requester: str, subject: str, text: str, status: str, priority: str) -> dict[str, Any]:
    organisation = USERS[requester][0]
    return {
        "id": id_of(subject),
        "organization_id": id_of(organisation),
        "requester_id": id_of(requester),
        "service_id": id_of(organisation, "service"),
        "subject": subject,
        "description": text,
        "status": status,
        "priority": priority,
        "sla_policy_id": id_of(organisation, "policy"),
        "sla_started_at": NOW - dt.timedelta(hours=2),
        "sla_due_at": NOW + dt.timedelta(hours=6),
        "sla_paused_duration": 0,
        "created_at": NOW - dt.timedelta(hours=2),
        "updated_at": NOW,
    }


def _calculation(_requester: str, subject: str, *_: str) -> dict[str, Any]:
    return {
        "id": id_of(subject, "calculation"),
        "ticket_id": id_of(subject),
        "first_response_breached": False,
        "resolution_breached": False,
        "business_minutes_elapsed": 0,
        "paused_minutes": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }


def plant(connection: sa.Connection) -> None:
    """Write the seed, where it is not there yet."""
    organizations = METADATA.tables["organizations"]
    if connection.execute(sa.select(sa.func.count()).select_from(organizations)).scalar_one():
        return
    for name, some in rows().items():
        if some:
            connection.execute(METADATA.tables[name].insert(), some)
    _index(connection)


def _index(connection: sa.Connection) -> None:
    """Index tickets and articles as the RAG worker would have done."""
    sources = [
        (id_of(USERS[one[0]][0]), "ticket", id_of(one[1]), one[1], one[2]) for one in TICKETS
    ] + [
        (id_of(slug), "kb_article", id_of(slug, title), title, content)
        for slug in ORGANISATIONS
        for title, content in ARTICLES
    ]
    for organisation, kind, source, title, content in sources:
        document = id_of(str(source), "document")
        values = {
            "chunk": id_of(str(source), "chunk"),
            "node": id_of(str(source), "node"),
            "queue": id_of(str(source), "queue"),
            "document": document,
            "organisation": organisation,
            "kind": kind,
            "visibility": VISIBLE[kind],
            "source": source,
            "title": title,
            "content": f"{title} {content}",
            "embedding": literal(embed(f"{title} {content}")),
        }
        for statement in INDEXED:
            connection.execute(sa.text(statement), values)
    for slug in ORGANISATIONS:
        connection.execute(
            sa.text(
                "INSERT INTO rag_config (id, organization_id, embed_dim, embed_model, top_k)"
                " VALUES (:id, :organisation, 1536, 'atum-embed', 5)"
            ),
            {"id": id_of(slug, "config"), "organisation": id_of(slug)},
        )


VISIBLE = {"ticket": "internal", "kb_article": "public"}
INDEXED = (
    "INSERT INTO rag_documents (id, organization_id, source_type, source_id, title, visibility)"
    " VALUES (:document, :organisation, :kind, :source, :title, :visibility)",
    "INSERT INTO rag_chunks (id, organization_id, document_id, chunk_index, content, embedding)"
    " VALUES (:chunk, :organisation, :document, 0, :content, CAST(:embedding AS vector))",
    "INSERT INTO rag_nodes (id, organization_id, node_type, node_id, label)"
    " VALUES (:node, :organisation, 'document', :document, :title)",
    "INSERT INTO rag_index_queue"
    " (id, organization_id, source_type, source_id, action, priority, status, attempts)"
    " VALUES (:queue, :organisation, :kind, :source, 'index', 5, 'done', 1)",
)
