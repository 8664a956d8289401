"""A lending library on a booted machine, and the gate beside it as its operator calls it."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tomli_w

from tests.machine import extra
from tests.machine.trial import Machine

HERE = pathlib.Path(__file__).parent
PACKAGES = ("alembic", "nginx-light", "nftables", "openssl", "python3-psycopg2")
LENT = "/var/tmp/library"  # noqa: S108 - the machine's
WITHIN_S = 900.0
PROJECT = {"tool": {"pytest": {"gate_contract": "contract", "gate_target": "library"}}}
SERVICE = "[library]\nhost=127.0.0.1\nport=5432\ndbname=library\nuser=library_gate\n"
MARK = "lent-"
"""What every password of a run begins with: it must be found nowhere."""


@dataclasses.dataclass(frozen=True)
class Library:
    """A library that runs, and its operator's folder: target, contract, faults, credentials.

    Attributes:
        folder: The operator's.
        secrets: What must be told nowhere, by name.
        environ: Variables that the operator has set.
    """

    folder: pathlib.Path
    secrets: Mapping[str, str] = dataclasses.field(repr=False)
    environ: Mapping[str, str] = dataclasses.field(repr=False)

    def gate(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `gate`."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "gate", *words],
            cwd=self.folder,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )

    def outcomes(self) -> dict[str, str]:
        """Items of the last look before a deployment that did not pass, and why."""
        verdict = self.folder / "reports" / "library" / "predeploy" / "verdict.json"
        items = json.loads(verdict.read_text())["items"]
        odd = [one for one in items if one["outcome"] != "PASS"]
        return {one["id"]: f"{one['outcome']}: {one['reason']}" for one in odd}


@contextmanager
def stands(machine: Machine) -> Iterator[Library]:
    """Set the library up on a machine; nothing of it is left there."""
    policy = "/usr/sbin/policy-rc.d"  # nothing is started before its files are right
    machine.run(f"printf '#!/bin/sh\\nexit 101\\n' > {policy}; chmod 755 {policy}")
    extra.install(machine.record, *PACKAGES)
    machine.run(f"rm {policy}")
    known = {
        name: MARK + secrets.token_hex(12)
        for name in ("READER_PASSWORD", "APP", "OWNER", "GATE", "SECRET_KEY")
    }
    given = {"READER": "reader", **known}
    root = pathlib.Path(f"/proc/{machine.record.leader}/root")
    shutil.copytree(HERE / "system", root / LENT.lstrip("/"))
    try:
        exports = "".join(f"export {name}={shlex.quote(one)}\n" for name, one in given.items())
        machine.run(f"{exports}cd {LENT}; sh set_up.sh")
        yield Library(_folder(machine, known["GATE"]), known, _environ(machine, given))
    finally:
        machine.run((HERE / "system" / "take_down.sh").read_text())


def _folder(machine: Machine, password: str) -> pathlib.Path:
    """The operator's folder, with all that is named in it."""
    folder = machine.folder / "library"
    for name in ("contract", "faults"):
        shutil.copytree(HERE / name, folder / name)
    (folder / "pyproject.toml").write_text(tomli_w.dumps(PROJECT))
    text = (HERE / "target.toml").read_text()
    user = machine.target().host.partition("://")[2].partition("@")[0]
    for word, one in (
        ("ADDRESS", machine.address),
        ("USER", user),
        ("FOLDER", str(machine.record.folder)),
    ):
        text = text.replace(word, one)
    (folder / "targets").mkdir()
    (folder / "targets" / "library.toml").write_text(text)
    ca = machine.run("cat /etc/library/tls/ca.pem")
    (folder / "targets" / "ca.pem").write_text(ca)
    (folder / "pg_service.conf").write_text(SERVICE)
    (folder / "pgpass").touch(mode=0o600)
    (folder / "pgpass").write_text(f"127.0.0.1:5432:*:library_gate:{password}\n")
    return folder


def _environ(machine: Machine, given: Mapping[str, Any]) -> dict[str, str]:
    folder = machine.folder / "library"
    return {
        **{key: one for key, one in os.environ.items() if key != "CI"},
        "PGSERVICEFILE": str(folder / "pg_service.conf"),
        "PGPASSFILE": str(folder / "pgpass"),
        "LIBRARY_READER": given["READER"],
        "LIBRARY_READER_PASSWORD": given["READER_PASSWORD"],
    }
