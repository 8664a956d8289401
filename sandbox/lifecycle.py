"""Bring a sandbox up, take it down, start over."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sandbox import postgres, release
from sandbox.home import MARK, Home, SandboxError, user_name
from sandbox.ports import free_offset
from sandbox.processes import end, marked, started

READY_S = 30.0
LOCK_S = 60.0
ROLES = ("agent", "customer", "customer_admin", "manager", "admin", "foreign_agent")
SERVICES = """\
[{name}]
host=127.0.0.1
port={port}
dbname=atum_desk
user={user}

"""

Tell = Callable[[str], object]


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Keep a sandbox to oneself while it is brought up or taken down."""
    home.make_parent()
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        number = os.open(home.lock, flags, 0o600)
    except OSError as error:
        raise SandboxError(f"{home.lock}: {error.strerror}") from error
    with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123 - opened without following links
        deadline = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SandboxError(f"somebody else is busy with {home.path}") from None
                time.sleep(0.1)
        yield


def up(home: Home, tell: Tell, owner: int = 0) -> bool:
    """Bring a sandbox up; return whether it was not up before.

    Raises:
        SandboxError: It does not come up; nothing of it is left.
    """
    with alone(home):
        if is_running(home):
            return False
        _remove(home)
        try:
            _make(home, tell, owner)
        except BaseException:
            _remove(home)
            raise
    return True


def down(home: Home) -> bool:
    """Take a sandbox down; return whether there was one."""
    with alone(home):
        found = home.path.exists() or bool(marked(home.path))
        _remove(home)
    home.lock.unlink(missing_ok=True)
    return found


def is_running(home: Home) -> bool:
    """Whether a sandbox became ready and its guardian still looks after it."""
    state = home.state()
    return bool(state) and started(state["guardian"]["pid"]) == state["guardian"]["started"]


def _remove(home: Home) -> None:
    home.check()
    # Without the folder the guardian ends by itself; it must not restart what is being ended.
    shutil.rmtree(home.run, ignore_errors=True)
    left = end(lambda: marked(home.path))
    if left:
        raise SandboxError(f"processes {left} of {home.path} do not end")
    shutil.rmtree(home.path, ignore_errors=True)


def _make(home: Home, tell: Tell, owner: int) -> None:
    clock = time.monotonic()
    postgres.check_reach(home.path)
    offset = free_offset()
    home.path.mkdir(parents=True, mode=0o755)
    home.run.mkdir(parents=True)
    (home.run / "maker").write_text(f"{os.getpid()} {started(os.getpid())}", "utf-8")
    os.environ[MARK] = str(home.path)
    guardian = _start_guardian(home, owner)
    passwords = {name: secrets.token_urlsafe(16) for name in ("atum", "gate", "rehearsal", "user")}
    environment = _environment(home, offset, passwords)
    release.lay_out(home, offset, postgres.user(), environment)
    with ThreadPoolExecutor(8) as pool:
        early = (
            *("desk-outside.service", "redis-server.service", "ollama.service"),
            "atum-desk-api.service",
        )
        others = [pool.submit(_systemctl, home, "start", name) for name in early]
        postgres.make_cluster(home, 5432 + offset)
        others.append(pool.submit(_systemctl, home, "start", "postgresql@16-main.service"))
        others.append(pool.submit(_systemctl, home, "start", "postgresql.service"))
        postgres.make_database(home, 5432 + offset, passwords)
        seeded = _set_up(home, environment, passwords)
        workers = ("atum-desk-rag-worker.service", "atum-desk-sla-worker.service")
        others += [pool.submit(_systemctl, home, "start", name) for name in workers]
        for one in others:
            one.result()
    _systemctl(home, "daemon-reload")
    _wait_for_api(home, 8000 + offset)
    home.keep(_state(home, offset, passwords, seeded, guardian))
    tell(f"sandbox {home.name} is ready after {time.monotonic() - clock:.1f} s")


def _start_guardian(home: Home, owner: int) -> dict[str, Any]:
    # Its own environment lacks the mark: it must outlive what it ends.
    environment = {key: value for key, value in os.environ.items() if key != MARK}
    environment |= {"ATUM_SANDBOX_HOME": str(home.path.parent), "ATUM_GUARDED": str(home.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.guardian", home.name, str(owner)],
        env=environment,
        cwd=pathlib.Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return {"pid": process.pid, "started": started(process.pid)}


def _environment(home: Home, offset: int, passwords: dict[str, str]) -> dict[str, str]:
    database = f"postgresql+asyncpg://atum:{passwords['atum']}@127.0.0.1:{5432 + offset}/atum_desk"
    return {
        MARK: str(home.path),
        "DATABASE_URL": database,
        "OLLAMA_URL": f"http://127.0.0.1:{11434 + offset}",
        "API_URL": f"http://127.0.0.1:{8000 + offset}",
        "JWT_SECRET": secrets.token_urlsafe(32),
        "UPLOAD_DIR": f"'{home.desk / 'data' / 'uploads'}'",
        "EXPORT_DIR": str(home.root / "opt/atum-desk/data"),
        "OLLAMA_DELAY_FILE": str(home.path / "copilot-seconds"),
        "OLLAMA_DELAY_S": os.environ.get("OLLAMA_DELAY_S", "0.4"),
        "IMAP_HOST": "127.0.0.1",
        "IMAP_PORT": str(1143 + offset),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(2525 + offset),
        "FAULT_FILE": str(home.path / "fault"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _set_up(home: Home, environment: dict[str, str], passwords: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "app.setup"],
        cwd=home.desk / "api",
        env={
            **os.environ,
            **environment,
            "SEED_PASSWORD": passwords["user"],
            "SEED_WEBHOOK": f"http://127.0.0.1:{int(environment['SMTP_PORT']) + 5500}/desk",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise SandboxError(f"setting up the database failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _systemctl(home: Home, verb: str, *names: str) -> None:
    command = [str(home.bin / "systemctl"), verb, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd="/")
    if done.returncode:
        log = home.root / "var/log/journal" / f"{names[0]}.log" if names else home.path
        lines = log.read_text("utf-8", "replace")[-1500:] if log.is_file() else ""
        raise SandboxError(
            f"`systemctl {verb} {' '.join(names)}` exited with {done.returncode}: "
            f"{done.stderr.strip()[-500:]}\n{lines}"
        )


def _wait_for_api(home: Home, port: int) -> None:
    url, deadline = f"http://127.0.0.1:{port}/api/v1/health", time.monotonic() + READY_S
    why = ""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                why = json.load(response)["status"]
            if why == "healthy":
                return
        except (urllib.error.URLError, OSError, ValueError) as error:
            why = str(error)
        time.sleep(0.05)
    log = home.root / "var/log/journal/atum-desk-api.service.log"
    lines = log.read_text("utf-8", "replace")[-1500:] if log.is_file() else "no log"
    raise SandboxError(f"the API is not ready within {READY_S:g} s: {why}\n{lines}")


def _state(
    home: Home,
    offset: int,
    passwords: dict[str, str],
    seeded: dict[str, Any],
    guardian: dict[str, Any],
) -> dict[str, Any]:
    """Write libpq's files and return what is kept."""
    entries = {"atum_gate": "gate", "atum": "atum", "atum_rehearsal": "rehearsal"}
    port = 5432 + offset
    services, passfile = home.path / "pg_service.conf", home.path / "pgpass"
    services.write_text(
        "".join(
            SERVICES.format(name="atum_app" if user == "atum" else user, port=port, user=user)
            for user in entries
        ),
        "utf-8",
    )
    passfile.touch(mode=0o600)
    passfile.write_text(
        "".join(f"127.0.0.1:{port}:*:{user}:{passwords[key]}\n" for user, key in entries.items()),
        "utf-8",
    )
    logins: dict[str, str] = {}
    for role in ROLES:
        key = "FOREIGN" if role == "foreign_agent" else role.upper()
        logins[f"ATUM_GATE_{key}_USER"] = seeded["users"][role]
        logins[f"ATUM_GATE_{key}_PASSWORD"] = passwords["user"]
    return {
        "instance": f"{home.path}#{secrets.token_hex(4)}",
        "port_offset": offset,
        "guardian": guardian,
        "values": {"ticket": seeded["ticket"], "foreign_ticket": seeded["foreign_ticket"]},
        "users": {"navi": user_name()},
        "env": {**logins, "PGSERVICEFILE": str(services), "PGPASSFILE": str(passfile)},
    }


def describe(home: Home) -> dict[str, Any]:
    """Return what a sandbox is, for people and for the gate."""
    if not is_running(home):
        return {"name": home.name, "home": str(home.path), "running": False}
    state = home.state()
    offset = state["port_offset"]
    os.environ[MARK] = str(home.path)
    from sandbox import state as units  # noqa: PLC0415 - it needs to know the home

    names = sorted(
        file.name for file in home.units.iterdir() if file.suffix in (".service", ".timer")
    )
    found = {name: units.show(name) for name in names}
    return {
        "name": home.name,
        "home": str(home.path),
        "running": True,
        "release": release.current(home),
        "prefix": str(home.root),
        "bin": str(home.bin),
        "path": [str(home.bin)],
        "deployed": release.current(home) != "before",
        "api": f"http://127.0.0.1:{8000 + offset}",
        "database": "atum_gate",
        "units": [
            {
                "unit": name,
                "active": f"{one['ActiveState']} ({one['SubState']})",
                "enabled": one["UnitFileState"],
            }
            for name, one in found.items()
        ],
        **{key: state[key] for key in ("instance", "port_offset", "values", "users", "env")},
    }
