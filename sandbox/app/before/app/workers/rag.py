"""The RAG worker: embeds what is queued, and keeps the graph."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import httpx

from app.embedding import literal
from app.ollama import embedding
from app.workers.loop import LOG, main

TAKE = """
    UPDATE rag_index_queue SET status = 'running', attempts = coalesce(attempts, 0) + 1,
           updated_at = now()
     WHERE id = (
        SELECT id FROM rag_index_queue WHERE status = 'pending'
         ORDER BY priority, created_at LIMIT 1 FOR UPDATE SKIP LOCKED
     )
    RETURNING *
"""
SOURCES = {
    "ticket": "SELECT subject AS title, description AS content FROM tickets WHERE id = $1",
    "kb_article": "SELECT title, content FROM kb_articles WHERE id = $1",
}
VISIBLE = {"ticket": "internal", "kb_article": "public"}
ATTEMPTS = 3


async def cycle(connection: asyncpg.Connection) -> bool:
    """Take one entry of the queue and index it."""
    entry = await connection.fetchrow(TAKE)
    if entry is None:
        return False
    try:
        vector = await _vector(connection, entry)
    except (httpx.HTTPError, LookupError) as error:
        state = "failed" if entry["attempts"] >= ATTEMPTS else "pending"
        await connection.execute(
            "UPDATE rag_index_queue SET status = $2, last_error = $3, updated_at = now()"
            " WHERE id = $1",
            entry["id"],
            state,
            repr(error)[:500],
        )
        LOG.error("indexing %s: %r", entry["source_id"], error)
        return False
    async with connection.transaction():
        await _index(connection, entry, *vector)
        await connection.execute(
            "UPDATE rag_index_queue SET status = 'done', updated_at = now() WHERE id = $1",
            entry["id"],
        )
    LOG.info("indexed %s %s", entry["source_type"], entry["source_id"])
    return True


async def _vector(connection: asyncpg.Connection, entry: Any) -> tuple[str, str, list[float]]:
    source = await connection.fetchrow(SOURCES[entry["source_type"]], entry["source_id"])
    if source is None:
        raise LookupError(f"{entry['source_type']} {entry['source_id']} is gone")
    text = f"{source['title']} {source['content']}"
    return source["title"], text, await embedding(text)


async def _index(
    connection: asyncpg.Connection, entry: Any, title: str, text: str, vector: list[float]
) -> None:
    document = await connection.fetchval(
        """
        INSERT INTO rag_documents (id, organization_id, source_type, source_id, title, visibility)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (organization_id, source_type, source_id)
        DO UPDATE SET title = excluded.title, updated_at = now()
        RETURNING id
        """,
        uuid.uuid4(),
        entry["organization_id"],
        entry["source_type"],
        entry["source_id"],
        title,
        VISIBLE[entry["source_type"]],
    )
    await connection.execute("DELETE FROM rag_chunks WHERE document_id = $1", document)
    await connection.execute(
        """
        INSERT INTO rag_chunks (id, organization_id, document_id, chunk_index, content, embedding,
                                token_count)
        VALUES ($1, $2, $3, 0, $4, $5::vector, $6)
        """,
        uuid.uuid4(),
        entry["organization_id"],
        document,
        text,
        literal(vector),
        len(text.split()),
    )
    await connection.execute(
        """
        INSERT INTO rag_nodes (id, organization_id, node_type, node_id, label)
        VALUES ($1, $2, 'document', $3, $4)
        ON CONFLICT (organization_id, node_type, node_id) DO UPDATE SET label = excluded.label
        """,
        uuid.uuid4(),
        entry["organization_id"],
        document,
        title[:500],
    )


if __name__ == "__main__":
    main(cycle)
