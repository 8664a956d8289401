"""Migrations of ATUM DESK: async, and always on the database that the settings name.

As on the real host, the caller's url or connection is not looked at: DATABASE_URL alone decides.
"""

from __future__ import annotations

import asyncio
import logging.config
import pathlib

from alembic import context
from app.settings import database_url
from app.tables import METADATA
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

if context.config.config_file_name and pathlib.Path(context.config.config_file_name).is_file():
    logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def run(connection: Connection) -> None:
    """Migrate on a connection."""
    context.configure(connection=connection, target_metadata=METADATA)
    with context.begin_transaction():
        context.run_migrations()


async def online() -> None:
    """Connect to the application's own database, and migrate there."""
    engine = create_async_engine(database_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(url=database_url(), target_metadata=METADATA, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(online())
