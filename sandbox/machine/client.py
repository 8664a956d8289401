"""What a gate needs to look at a machine: a target, libpq's files, the environment.

They lie in the machine's folder, for its owner alone: the passwords of a throwaway database and
of seeded users stand in them.
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import tomli_w

from sandbox.lifecycle import ROLES, SERVICES
from sandbox.machine.error import MachineError
from sandbox.machine.record import Record

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOGINS = {"atum_gate": "gate", "atum_app": "atum", "atum_rehearsal": "rehearsal"}
"""Service of libpq, and whose password it takes; all but ``atum_app`` are called as their user."""

THROWAWAY = "a machine that was booted to be tried on, and is removed afterwards"
SQL = "runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -f - atum_desk"

_DIFFERS = Path(__file__).with_name("differs.toml")


def write(record: Record, user: str) -> None:
    """Write everything into the folder of a machine that is to start.

    Args:
        record: The machine, its network picked and its image built.
        user: Who logs in.
    """
    image = record.layers[0].parent
    passwords = json.loads((image / "secrets.json").read_text())
    seeded = json.loads((image / "seed.json").read_text())
    folder = record.folder
    services, lines = "", ""
    for name, key in LOGINS.items():
        login = "atum" if name == "atum_app" else name
        services += SERVICES.format(name=name, port=5432, user=login)
        lines += f"127.0.0.1:5432:*:{login}:{passwords[key]}\n"
    environment = {
        "PGSERVICEFILE": str(folder / "pg_service.conf"),
        "PGPASSFILE": str(folder / "pgpass"),
    }
    for role in ROLES:
        word = "FOREIGN" if role == "foreign_agent" else role.upper()
        environment[f"ATUM_GATE_{word}_USER"] = seeded["users"][role]
        environment[f"ATUM_GATE_{word}_PASSWORD"] = passwords["user"]
    (folder / "pg_service.conf").write_text(services)
    _private(folder / "pgpass", lines)
    _private(folder / "environment.json", json.dumps(environment, indent=2) + "\n")
    values = {name: seeded[name] for name in ("ticket", "foreign_ticket")}
    (folder / "target.toml").write_text(tomli_w.dumps(_target(record, user, values)))


def target(record: Record) -> str:
    """Return the target file, as TOML.

    Raises:
        MachineError: The machine never got so far.
    """
    return _kept(record, "target.toml")


def environment(record: Record) -> dict[str, str]:
    """Return the environment variables that the target names, with libpq's files.

    Raises:
        MachineError: The machine never got so far.
    """
    found: dict[str, str] = json.loads(_kept(record, "environment.json"))
    return found


def exports(record: Record) -> str:
    """Return the environment as lines for ``eval`` in a shell."""
    found = environment(record)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())


def _target(record: Record, user: str, values: dict[str, str]) -> dict[str, Any]:
    """Return the target file's data; it has the form of ``gate.target.Target``."""
    if record.link is None:
        raise MachineError(f"machine {record.name} has no network yet")
    roles = {
        role: {
            "user_env": f"ATUM_GATE_{word}_USER",
            "password_env": f"ATUM_GATE_{word}_PASSWORD",
        }
        for role in ("agent", "customer", "manager", "foreign_agent")
        for word in ["FOREIGN" if role == "foreign_agent" else role.upper()]
    }
    return {
        "name": f"machine-{record.name}",
        "title": f"Machine {record.name}",
        "host": f"ssh://{user}@{record.link.address}",
        "sudo": record.sudo != "none",
        "ssh_identity_file": str(record.folder / "identity"),
        "ssh_known_hosts": str(record.folder / "known_hosts"),
        "instance": f"{record.name}#{record.started_ns}",
        "api": {
            "base": "http://127.0.0.1:8000",
            "forward": True,
            "roles": roles,
            "values": values,
        },
        "database": {"service": "atum_gate", "forward": True},
        "rehearsal": {"service": "atum_rehearsal"},
        "drill": {"place": "machine", "throwaway": THROWAWAY, "sql": SQL},
        "differs": tomllib.loads(_DIFFERS.read_text())["differs"],
    }


def _private(file: Path, text: str) -> None:
    """Write a file for its owner alone."""
    file.touch(mode=0o600)
    file.write_text(text)


def _kept(record: Record, name: str) -> str:
    """Return the text of a file in a machine's folder."""
    try:
        return (record.folder / name).read_text()
    except FileNotFoundError as error:
        raise MachineError(f"machine {record.name} did not get so far; take it down") from error
