"""A machine that is tampered with, and the gate run against it as a user does."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
from typing import Any

import tomli_w

from gate.errors import GateError
from gate.plan.journal import Past, read_past
from gate.target import Target, load_target
from gate.toml import parse
from sandbox.machine import access, client, recipe
from sandbox.machine.record import Record

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHIN_S = 120.0
"""How long one run of the gate, or one command on the machine, may take."""
READY_S = 30.0
NO_SUCH_KEY = "Unknown key 'StartLimitIntervalSec' in section [Service], ignoring."
SPLIT = "ReadOnlyPaths= path is not absolute, ignoring: DESK/atum-desk/infra"
AS_PUBLISHED = {
    "service.rag_worker": (NO_SUCH_KEY, SPLIT),
    "service.sla_worker": (NO_SUCH_KEY,),
    "service.job_worker": (NO_SUCH_KEY,),
}
"""What systemd says of the unit files as their authors published them: told, and no harm."""
SAYS = re.compile(r"(?:^|; )systemd on its unit file: /[^;]*?:\d+: ")


@dataclasses.dataclass(frozen=True)
class Result:
    """What one run of the gate ended in.

    Attributes:
        exit_status: Of pytest.
        items: Of ``verdict.json``, by id.
        output: What it printed.
        seconds: From start to exit of the process.
    """

    exit_status: int
    items: dict[str, dict[str, Any]] = dataclasses.field(repr=False)
    output: str = dataclasses.field(repr=False)
    seconds: float

    def odd(self, *outcomes: str) -> dict[str, str]:
        """Items with one of some outcomes, by id; without any, all that are not PASS.

        A unit whose only remark is the one that its file as published deserves is not odd.
        """
        known = self.as_published()
        found = {id_: item["outcome"] for id_, item in self.items.items() if id_ not in known}
        return {id_: one for id_, one in found.items() if one in (outcomes or {one} - {"PASS"})}

    def as_published(self) -> dict[str, tuple[str, ...]]:
        """Units that are warned of for their files as published, and for nothing else."""
        said = {
            id_: tuple(SAYS.split(self.items[id_]["reason"])[1:])
            for id_ in AS_PUBLISHED.keys() & self.items.keys()
            if self.items[id_]["outcome"] == "WARN"
        }
        return {id_: words for id_, words in said.items() if words == AS_PUBLISHED[id_]}

    def outcomes(self, chapter: str) -> set[str]:
        """The outcomes that occur in a chapter."""
        return {one["outcome"] for one in self.items.values() if one["chapter"] == chapter}


@dataclasses.dataclass(frozen=True)
class Machine:
    """A running machine and the gate beside it.

    Attributes:
        record: What `sandbox.machine` knows of it.
        folder: For target files and reports.
    """

    record: Record
    folder: pathlib.Path

    @property
    def address(self) -> str:
        """Where it is."""
        assert self.record.link is not None
        return self.record.link.address

    @property
    def environ(self) -> dict[str, str]:
        """The environment that the gate is run in."""
        kept = {key: one for key, one in os.environ.items() if key != "CI"}
        return {**kept, **client.environment(self.record)}

    def run(self, script: str) -> str:
        """Run a shell script as root, over SSH; return its output."""
        line = f"sudo -n sh -euc {shlex.quote(script)}"
        done = subprocess.run(  # noqa: S603
            access.ssh(self.record, line),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def sudo(self, mode: str) -> None:
        """Switch what the user may do with sudo."""
        access.switch_sudo(self.record, recipe.load(), mode)

    def target_file(self, **changes: Any) -> pathlib.Path:
        """Write the machine's target file, with keys changed, or left out where ``None``."""
        file = self.folder / "machine.toml"
        file.write_text(client.target(self.record))
        changed = {**parse(file, GateError), **changes}.items()
        file.write_text(tomli_w.dumps({key: one for key, one in changed if one is not None}))
        return file

    def target(self, **changes: Any) -> Target:
        """Return the machine's target, with keys changed."""
        return load_target(str(self.target_file(**changes)), self.folder)

    def gate(self, moment: str, *options: str, **changes: Any) -> Result:
        """Run the gate as a user does."""
        words = ["-m", moment, f"--target={self.target_file(**changes)}"]
        words += [f"--reports={self.folder / 'reports'}", *options]
        name = load_target(str(self.folder / "machine.toml"), self.folder).name
        verdict = self.folder / "reports" / name / moment / "verdict.json"
        verdict.unlink(missing_ok=True)
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", *words],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )
        seconds = time.monotonic() - began
        output = done.stdout + done.stderr
        assert verdict.is_file(), output
        items = {item["id"]: item for item in json.loads(verdict.read_text())["items"]}
        return Result(done.returncode, items, output, seconds)

    def past(self) -> Past:
        """What the plan's journal tells of earlier runs."""
        target = self.target()
        file = self.folder / "reports" / target.name / "plan.jsonl"
        return read_past(file.read_text("utf-8") if file.exists() else "", target.instance)

    def as_before(self) -> None:
        """Take back what an earlier trial, which failed, may have left deployed."""
        past = self.past()
        if past.deployed or past.attempted or past.cut_off:
            self.gate("rollback", "--apply")

    def plain(self) -> str:
        """Return the option that leaves out the rehearsal, and budgets: this machine is busy."""
        folder = self.folder / "contract"
        if not folder.exists():
            shutil.copytree(ROOT / "tests" / "contract", folder)
            for chapter in ("rehearsal", "budgets"):
                (folder / f"{chapter}.toml").unlink(missing_ok=True)
        return f"--contract={folder}"

    def settle(self) -> None:
        """Wait until the API and every worker are back."""
        healthy = """curl -s http://127.0.0.1:8000/api/v1/health | grep -q '^{"status":"healthy"'"""
        active = "systemctl -q is-active redis-server atum-desk-rag-worker atum-desk-sla-worker"
        start = "$(systemctl show -P InvocationID atum-desk-sla-worker)"
        cycle = (
            f'journalctl -q -o cat _SYSTEMD_INVOCATION_ID="{start}" | grep -q "SLA Worker Summary"'
        )
        for once in (healthy, active, cycle):
            waits = shlex.quote(f"until {once}; do sleep 0.1; done")
            self.run(f"timeout {READY_S:g} sh -c {waits}")

    def await_cycle(self) -> None:
        """Wait until the SLA worker has gone through another cycle from now on."""
        self.run(
            "now=$(journalctl -n 0 --show-cursor | sed -n 's/^-- cursor: //p'); "
            f"export now; timeout {READY_S:g} sh -c 'until journalctl -q -o cat "
            '-u atum-desk-sla-worker --after-cursor="$now" | grep -q "SLA Worker Summary"; '
            "do sleep 0.1; done'"
        )

    def begin_anew(self) -> None:
        """Empty the journal and start what writes to it: what a fault left there is gone."""
        units = "atum-desk-api atum-desk-rag-worker atum-desk-sla-worker"
        self.run(
            f"journalctl -q --rotate --vacuum-time=1us; systemctl reset-failed; "
            f"systemctl restart {units}"
        )
        self.settle()
