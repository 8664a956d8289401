"""The API's database: one small pool of connections, opened on the first request that needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, HTTPException

from app.settings import asyncpg_url

CONNECT_S = 2.0
POOL: dict[str, asyncpg.Pool] = {}


async def pool() -> asyncpg.Pool:
    """Return the process's pool."""
    if "pool" not in POOL:
        POOL["pool"] = await asyncpg.create_pool(
            asyncpg_url(),
            min_size=0,
            max_size=5,
            timeout=CONNECT_S,
            command_timeout=10,
        )
    return POOL["pool"]


@asynccontextmanager
async def connected() -> AsyncIterator[asyncpg.Connection]:
    """Lend a connection; without a database there is none within two seconds."""
    async with (await pool()).acquire(timeout=CONNECT_S) as connection:
        yield connection


async def connection() -> AsyncIterator[asyncpg.Connection]:
    """Lend a connection to a request; answer 503 without a database."""
    try:
        async with connected() as lent:
            yield lent
    except (
        OSError,
        asyncio.TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.CannotConnectNowError,
        asyncpg.InterfaceError,
    ) as error:
        raise HTTPException(503, "database not available") from error


Database = Annotated[Any, Depends(connection)]
