"""Make a database: the base tables, the migrations up to this release's head, and the seed.

Prints what a visitor needs to know as one line of JSON: a ticket with indexed evidence, a ticket
of the other organisation, and the e-mail addresses of the seeded users.
"""

from __future__ import annotations

import asyncio
import json
import pathlib

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from app.seed import TICKETS, USERS, email, id_of, plant
from app.settings import database_url
from app.tables import METADATA

RELEASE = pathlib.Path(__file__).resolve().parent.parent


def migrate(connection: Connection) -> None:
    """Migrate to the head of this release, on a given connection and without ``env.py``."""
    script = ScriptDirectory.from_config(Config(str(RELEASE / "alembic.ini")))

    def upgrade(revision: object, _: object) -> object:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic.command does

    with EnvironmentContext(script.__class__ and Config(), script, fn=upgrade) as context:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


def make(connection: Connection) -> None:
    """Make everything in one transaction."""
    METADATA.create_all(connection)
    migrate(connection)
    plant(connection)


async def main() -> None:
    """Make the database that the settings name."""
    engine = create_async_engine(database_url(), poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(make)
    await engine.dispose()
    print(
        json.dumps(
            {
                "ticket": str(id_of(TICKETS[0][1])),
                "foreign_ticket": str(id_of(TICKETS[10][1])),
                "users": {name: email(name) for name in USERS},
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
