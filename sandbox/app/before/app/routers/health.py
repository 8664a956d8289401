"""Health: two static answers that prove nothing, and one whose body must be read."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import time
from typing import Any

import asyncpg
from fastapi import APIRouter

from app.database import connected
from app.settings import setting
from app.version import VERSION

router = APIRouter()

POLARS = "1.12.0"
FULL_GB = 0.5


@router.get("/health")
async def health() -> dict[str, Any]:
    """Say that the process answers; nothing is looked at."""
    return {"status": "healthy", "version": VERSION, "service": "atum-desk-api"}


@router.get("/api/v1/etl/health")
async def etl_health() -> dict[str, Any]:
    """Say which engine the ETL is made of; no data is touched."""
    return {"status": "healthy", "engine": "polars", "version": POLARS}


@router.get("/api/v1/health")
async def api_health() -> dict[str, Any]:
    """Say how the components are, with status code 200 whatever the body says."""
    database = await _database()
    free = shutil.disk_usage(setting("UPLOAD_DIR", "/")).free / 1e9
    disk = {"status": "ok" if free > FULL_GB else "full", "free_gb": round(free, 1)}
    healthy = database["status"] == "connected" and disk["status"] == "ok"
    return {
        "status": "healthy" if healthy else "unhealthy",
        "timestamp": dt.datetime.now(dt.timezone.utc).isoformat(),
        "version": VERSION,
        "components": {"database": database, "disk": disk},
    }


async def _database() -> dict[str, Any]:
    started = time.perf_counter()
    try:
        async with connected() as connection:
            await connection.fetchval("SELECT 1", timeout=2)
    except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {"status": "disconnected", "latency_ms": None}
    return {"status": "connected", "latency_ms": round((time.perf_counter() - started) * 1000, 2)}
