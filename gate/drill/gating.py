"""The gate as a user runs it: a process of its own, its exit status and its verdict."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import tomli_w

from gate.contract.item import Moment
from gate.drill.fault import Gate
from gate.drill.scope import WHOLE, Scope, laid_out
from gate.errors import ObservationError, TargetError
from gate.launcher import INSTANCE
from gate.target import Difference, Target
from gate.toml import parse

STOP_S = 20.0
"""How long a gate that is too late may take to end when it is told to."""
POLL_S = 0.1
SAID = 4000
"""Characters of its output that are kept."""
PLAIN = Gate()


@dataclasses.dataclass(frozen=True)
class Look:
    """What one run of the gate ended in.

    Attributes:
        exit_status: Of its process; negative where a signal ended it.
        verdict: As its ``verdict.json`` has it; empty where there is none.
        odd: Items that are not PASS: outcome and reason, by id.
        seconds: From the start to the end of the process.
        late: Whether it had to be ended.
        said: The end of its output.
    """

    exit_status: int
    verdict: str
    odd: Mapping[str, tuple[str, str]]
    seconds: float
    late: bool = False
    said: str = ""

    @property
    def green(self) -> bool:
        """Whether it promotes."""
        return self.exit_status == 0 and self.verdict == "PROMOTE"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gating:
    """How the gate is run at a place.

    Attributes:
        target: The target, as its file has it.
        contract: Folder of the promises.
        own: Folder of promises that are the drill's own.
        instance: Which instance of an embedded target.
        folder: For what is written: targets, contracts and reports.
        cwd: Where it is run: the project.
        applies: Whether the plan is carried out on a real target.
        cancelled: Set where the drill is interrupted: what runs is ended.
    """

    target: Target
    contract: pathlib.Path
    instance: str
    folder: pathlib.Path
    cwd: pathlib.Path
    own: pathlib.Path | None = None
    applies: bool = False
    cancelled: threading.Event = dataclasses.field(default_factory=threading.Event)

    def look(
        self,
        moment: Moment,
        *,
        within_s: float,
        scope: Scope = WHOLE,
        differs: Iterable[Difference] = (),
        gate: Gate = PLAIN,
    ) -> Look:
        """Run it once.

        Args:
            moment: When it is.
            within_s: It is ended after so many seconds, and was late.
            scope: What of the contract is looked at.
            differs: Keys of the contract that are replaced.
            gate: How it is run.
        """
        reports = self.folder / "reports"
        words = [sys.executable, *gate.python, "-m"]
        words += ["pytest", "-q", "-m"] if gate.pytest else ["gate", "check"]
        words += [moment, f"--gate-target={self._target(differs)}"]
        contract = laid_out(self.contract, scope, self.own, self.folder)
        words += [f"--gate-contract={contract}", f"--gate-reports={reports}"]
        words += ["--gate-apply"] if self.applies else []
        words += gate.options
        verdict = reports / self.target.name / moment / "verdict.json"
        before = _run_of(verdict)
        environ = {**os.environ, INSTANCE: self.instance, **gate.environ}
        environ.pop("CI", None)
        began = time.monotonic()
        end = _End(within_s=within_s, kill_s=gate.kill_s, cancelled=self.cancelled)
        status, said, late = _ended(words, self.cwd, environ, end)
        seconds = time.monotonic() - began
        found = _read(verdict)
        if found.get("run") == before:  # an earlier run's: this one left no verdict
            found = {}
        odd = {
            one["id"]: (one["outcome"], one["reason"])
            for one in found.get("items", ())
            if one["outcome"] != "PASS"
        }
        return Look(status, found.get("verdict", ""), odd, seconds, late, said)

    def _target(self, differs: Iterable[Difference]) -> pathlib.Path:
        """The target's file; where something differs, another one of the same name."""
        more = [one.model_dump(exclude_defaults=True) for one in differs]
        if not more:
            return pathlib.Path(self.target.file).resolve()
        data = parse(pathlib.Path(self.target.file), TargetError)
        own = [one for one in data.get("differs", []) if one["item"] not in _items(more)]
        old = {one["item"]: one for one in data.get("differs", [])}
        data["differs"] = own + [_over(old.get(one["item"], {}), one) for one in more]
        if "launcher" in data:
            cwd = pathlib.Path(self.target.file).resolve().parent / data["launcher"].get("cwd", ".")
            data["launcher"]["cwd"] = str(cwd.resolve())
        file = self.folder / "targets" / f"{self.target.name}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(tomli_w.dumps(data), "utf-8")
        return file


def _items(many: Iterable[Mapping[str, Any]]) -> set[str]:
    return {one["item"] for one in many}


def _over(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A declared difference over the target's own of the same item."""
    sides = {
        side: {**old.get(side, {}), **new.get(side, {})} for side in ("set", "before", "after")
    }
    return {"item": new["item"], "reason": new["reason"], **{k: v for k, v in sides.items() if v}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _End:
    """When a process is ended.

    Attributes:
        within_s: So long after its start: it is late.
        kill_s: So long after its start it is killed, on purpose.
        cancelled: As soon as this is set.
    """

    within_s: float
    kill_s: float | None
    cancelled: threading.Event

    def signal(self, running_s: float) -> int:
        """The signal that is due; 0 for none."""
        if self.kill_s is not None and running_s >= self.kill_s:
            return signal.SIGKILL
        return signal.SIGTERM if running_s >= self.within_s or self.cancelled.is_set() else 0


def _ended(
    words: list[str], cwd: pathlib.Path, environ: Mapping[str, str], end: _End
) -> tuple[int, str, bool]:
    """Run a process; returns its exit status, the end of what it said, and whether it was late."""
    began, due, late = time.monotonic(), math.inf, False
    with subprocess.Popen(  # noqa: S603 - the gate itself
        words,
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        while (said := _said(process)) is None:
            now = time.monotonic()
            number = end.signal(now - began)
            if now > due + STOP_S:  # what left its session has its output still
                said = ""
                break
            if now > due:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            elif number and due == math.inf:
                late = number == signal.SIGTERM and not end.cancelled.is_set()
                process.send_signal(number)
                due = now + STOP_S
    return process.returncode, said[-SAID:], late


def _said(process: subprocess.Popen[str]) -> str | None:
    """All that a process said, once it has ended."""
    try:
        return process.communicate(timeout=POLL_S)[0]
    except subprocess.TimeoutExpired:
        return None


def _read(file: pathlib.Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ObservationError(f"{file}: cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _run_of(file: pathlib.Path) -> object:
    return _read(file).get("run")
