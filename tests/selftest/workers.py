"""A worker as a unit of this machine: its process is real, systemd's word of it a stand-in."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

import psycopg

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.kinds.scene import Scene
from gate.sources.look import look_at
from gate.target import Target

UNIT = "worker.service"
WITHIN_S = 20.0
SYSTEMCTL = """#!/bin/sh
pid=$(cat {folder}/pid 2>/dev/null || echo 0); since=$(cat {folder}/since 2>/dev/null || echo 0)
case $1 in
show)
  printf 'Id=%s\\nNames=%s\\nLoadState=loaded\\n' {unit} {unit}
  printf 'ActiveState=active\\nSubState=running\\n'
  printf 'Result=success\\nUnitFileState=enabled\\nType=simple\\nNRestarts=0\\nControlGroup=\\n'
  printf 'NeedDaemonReload=no\\nFragmentPath=/etc/{unit}\\nMainPID=%s\\n' $pid
  printf 'ActiveEnterTimestampMonotonic=%s\\nExecMainStartTimestampMonotonic=%s\\n' $since $since
  ;;
list-units) echo {unit} loaded active running ;;
list-dependencies) echo default.target; echo {unit} ;;
esac
"""


@dataclasses.dataclass
class Place:
    """A worker, its queue, and the gate that looks at both.

    Attributes:
        folder: Of this test: the stand-in for systemd, the contract.
        conninfo: The database, as its owner.
        target: Where the gate looks.
    """

    folder: pathlib.Path
    conninfo: str
    target: Target
    stack: contextlib.ExitStack
    process: subprocess.Popen[bytes] | None = None

    def start(self, *command: str, said: bytes = b"ready\n") -> subprocess.Popen[bytes]:
        """Start the unit's process; it is gone when the test is over."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.stack.callback(process.wait, 10)
        self.stack.callback(_end, process.pid)
        assert process.stdout is not None
        self.stack.enter_context(process.stdout)
        assert not said or process.stdout.readline() == said
        (self.folder / "pid").write_text(str(process.pid), "utf-8")
        (self.folder / "since").write_text(str(_up_us()), "utf-8")
        self.process = process
        return process

    def sql(self, statement: str) -> None:
        """Run a statement as the owner."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(statement)

    def scene(self, contract: Mapping[str, str], *, writes: bool = True) -> Scene:
        """Look at what a contract asks for."""
        chapters = self.folder / "contract"
        chapters.mkdir(exist_ok=True)
        for name, text in contract.items():
            (chapters / f"{name}.toml").write_text(text, "utf-8")
        whole = load_contract(chapters, writes=writes)
        asked = questions(whole, self.target, "predeploy")
        seen = look_at(self.target, "predeploy", asked, contract=whole)
        return Scene(contract=whole, target=self.target, moment="predeploy", observed=seen)

    def judge(self, contract: Mapping[str, str]) -> dict[str, str]:
        """What does not hold, by item; ``?`` in front of what cannot be told."""
        scene = self.scene(contract)
        odd: dict[str, str] = {}
        for one in scene.contract.at("predeploy"):
            try:
                broken = "; ".join(compare(one, scene).broken)
            except ObservationError as error:
                broken = f"? {error}"
            if broken and one.kind != "service":
                odd[one.id] = broken
        return odd

    def until(self, contract: Mapping[str, str], item: str, words: str) -> dict[str, str]:
        """Look until an item is told for this reason."""
        deadline = time.monotonic() + WITHIN_S
        odd: dict[str, str] = {}
        while words not in odd.get(item, ""):
            assert time.monotonic() < deadline, odd
            odd = self.judge(contract)
        return odd


def _up_us() -> int:
    return int(float(pathlib.Path("/proc/uptime").read_text("utf-8").split()[0]) * 1e6)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def wait_for(seconds: float) -> None:
    """Let something become old."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.05)
