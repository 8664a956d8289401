"""Search in what was indexed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from app.auth import STAFF, User
from app.database import Database
from app.retrieval import nearest
from app.settings import rag_enabled

router = APIRouter(prefix="/api/v1/rag")

GRAPH = """
    SELECT node_type, label FROM rag_nodes
     WHERE organization_id = $1 AND node_id = ANY($2) ORDER BY label LIMIT 10
"""


@router.get("/search")
async def search(
    user: User,
    database: Database,
    q: str,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Find the chunks that are nearest to a question."""
    if not rag_enabled():
        raise HTTPException(503, "RAG is switched off")
    results = await nearest(
        database, user["organization_id"], q, limit, internal=user["role"] in STAFF
    )
    documents = [one["document_id"] for one in results]
    graph = await database.fetch(GRAPH, user["organization_id"], documents)
    return {
        "results": results,
        "graph_context": [dict(row) for row in graph],
        "query": q,
        "total": len(results),
    }
