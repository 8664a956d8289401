"""Metrics in Prometheus text; counters are those of the answering process.

The histogram is declared and never observed: there is no line of it but these.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
from app.database import connected
from app.settings import ollama_url
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

router = APIRouter()

REFRESH_S = 30.0
REQUESTS: Counter[tuple[str, int]] = Counter()
SUMS: Counter[str] = Counter()
GAUGES: dict[str, float] = {"db": 0, "ollama": 0, "depth": 0}
JOBS: dict[str, int] = {}
REFRESHED: dict[str, float] = {}


@router.get("/metrics")
async def metrics() -> PlainTextResponse:
    """Serve the gauges (refreshed every 30 s) and counters."""
    if time.monotonic() - REFRESHED.get("at", -REFRESH_S) >= REFRESH_S:
        await refresh()
    lines = [
        "# TYPE atum_db_up gauge",
        f"atum_db_up {GAUGES['db']:g}",
        "# TYPE atum_ollama_up gauge",
        f"atum_ollama_up {GAUGES['ollama']:g}",
        "# TYPE atum_job_queue_depth gauge",
        f"atum_job_queue_depth {GAUGES['depth']:g}",
        "# TYPE atum_http_requests_total counter",
        *(
            f'atum_http_requests_total{{method="{method}",status="{status}"}} {count}'
            for (method, status), count in sorted(REQUESTS.items())
        ),
        "# TYPE atum_errors_total counter",
        f"atum_errors_total {SUMS['errors']}",
        "# TYPE atum_worker_job_total counter",
        *(
            f'atum_worker_job_total{{status="{status}"}} {count}'
            for status, count in sorted({"DONE": 0, "FAILED": 0, **JOBS}.items())
        ),
        "# HELP atum_http_request_duration_seconds Duration of requests",
        "# TYPE atum_http_request_duration_seconds histogram",
    ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


async def refresh() -> None:
    """Ask the database and Ollama how they are."""
    REFRESHED["at"] = time.monotonic()
    try:
        async with connected() as connection:
            rows = await connection.fetch("SELECT status, count(*) FROM job_queue GROUP BY 1")
        JOBS.clear()
        JOBS.update({row["status"]: row["count"] for row in rows})
        GAUGES.update(db=1, depth=JOBS.pop("PENDING", 0))
    except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        GAUGES["db"] = 0
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            (await client.get(f"{ollama_url()}/api/tags")).raise_for_status()
        GAUGES["ollama"] = 1
    except httpx.HTTPError:
        GAUGES["ollama"] = 0


def install(app: FastAPI) -> None:
    """Count every request of the application."""

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Any:
        response = await call_next(request)
        REQUESTS[request.method, response.status_code] += 1
        SUMS["errors"] += response.status_code >= 500  # noqa: PLR2004 - HTTP
        return response
