"""Retrieval: the chunks of an organisation that are nearest to a question."""

from __future__ import annotations

import uuid
from typing import Any

from app.embedding import literal
from app.ollama import embedding

NEAREST = """
    SELECT c.id AS chunk_id, c.content, c.document_id, d.source_type, d.title, d.visibility,
           1 - (c.embedding <=> $1::vector) AS score
      FROM rag_chunks AS c JOIN rag_documents AS d ON d.id = c.document_id
     WHERE c.organization_id = $2 AND ($4 OR d.visibility = 'public')
     ORDER BY c.embedding <=> $1::vector
     LIMIT $3
"""


async def nearest(
    database: Any, organization_id: uuid.UUID, question: str, limit: int, *, internal: bool
) -> list[dict[str, Any]]:
    """Return chunks, nearest first, by cosine distance; internal ones only where they may be."""
    vector = literal(await embedding(question))
    rows = await database.fetch(NEAREST, vector, organization_id, limit, internal)
    return [dict(row) for row in rows]
