"""A small system in a folder that a plan deploys and takes back, with faults at any step.

It has a schema, a worker (a process of its own) and a release. Each step has two effects; a file
``fault/NAME`` says what becomes of it between them: ``fail`` ends it, ``hang`` keeps it until its
deadline, and ``hold`` keeps it until that file is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess

from gate.connection.carrier import open_carrier
from gate.errors import GateError
from gate.kinds.load import load_contract
from gate.plan.facts import PlanFacts
from gate.plan.moves import Orders, move
from gate.sources.fact import Seen
from gate.target import load_target

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.selftest.plans"])
"""Makes processes that have everything imported already."""

BEFORE, AFTER = "before", "after"
DEPLOY = ("migrate", "start", "switch")
ROLLBACK = ("downgrade", "stop", "revert")
WITHIN_S = 20.0
TARGET = """
title = "A small system"
host = "local://"
prefix = "{folder}/host"
[api]
base = "http://127.0.0.1:9"
[database]
service = "{service}"
"""
FAULT = """
fault="$PREFIX/fault/{name}"
if [ -e "$fault" ]; then
  touch "$PREFIX/fault/.reached"
  case $(cat "$fault") in
    fail) echo "sorry"; exit 3 ;;
    hang) sleep 30 ;;
    hold) while [ -e "$fault" ]; do sleep 0.02; done ;;
  esac
fi
"""
STEP = """
[step.{name}]
title = "It is carried out: {name}"
source = "a self-test"
phase = "{phase}"
order = {order}
cwd = "/srv"
deadline_s = {deadline_s}
run = '''
{first}
{fault}
{second}
echo {name} >>"$PREFIX/srv/done"
'''
done_if = '''
{done_if}
'''
"""
STEPS = {
    "migrate": ("echo 4 >schema", "echo 4 >rows", '[ "$(cat schema rows)" = "4\n4" ]'),
    "start": (
        "echo unit >unit",
        """if ! kill -0 "$(cat pid)" 2>/dev/null; then
setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! >pid; fi""",
        'test -e unit && kill -0 "$(cat pid)"',
    ),
    "switch": (
        "ln -sfn after release",
        "echo after >loaded",
        '[ "$(readlink release) $(cat loaded)" = "after after" ]',
    ),
    "downgrade": ("echo 3 >schema", "rm -f rows", '[ "$(cat schema)" = 3 ] && [ ! -e rows ]'),
    "stop": (
        'kill "$(cat pid)" || echo "there is no worker"',
        "rm -f pid unit",
        "[ ! -e pid ] && [ ! -e unit ]",
    ),
    "revert": (
        "ln -sfn before release",
        "echo before >loaded",
        '[ "$(readlink release) $(cat loaded)" = "before before" ]',
    ),
}


@dataclasses.dataclass
class Small:
    """The small system, and the gate that moves it."""

    folder: pathlib.Path
    service: str = "atum_no_such_service"
    deadline_s: float = 1.0

    def __post_init__(self) -> None:
        """Lay it out as it is before."""
        self.srv.mkdir(parents=True)
        (self.folder / "host" / "fault").mkdir()
        (self.srv / "schema").write_text("3\n", "utf-8")
        (self.srv / "release").symlink_to("before")
        (self.srv / "loaded").write_text("before\n", "utf-8")
        text = TARGET.format(folder=self.folder, service=self.service)
        (self.folder / "here.toml").write_text(text, "utf-8")
        (self.folder / "contract").mkdir()
        self.write()

    def write(self, more: str = "", **keys: str) -> None:
        """Write the plan; with keys of single steps, and more after it."""
        text = ""
        for phase, names in (("deploy", DEPLOY), ("rollback", ROLLBACK)):
            for order, name in enumerate(names, start=1):
                first, second, done_if = STEPS[name]
                text += STEP.format(
                    name=name,
                    phase=phase,
                    order=order,
                    first=first,
                    second=second,
                    done_if=done_if,
                    fault=FAULT.format(name=name),
                    deadline_s=self.deadline_s,
                )
                text += keys.get(name, "")
        (self.folder / "contract" / "plan.toml").write_text(text + more, "utf-8")

    @property
    def srv(self) -> pathlib.Path:
        """Where it stands."""
        return self.folder / "host" / "srv"

    @property
    def state(self) -> str:
        """``before`` or ``after`` where it is whole; else what there is."""
        schema = (self.srv / "schema").read_text("utf-8").strip()
        release = str((self.srv / "release").readlink())
        loaded = (self.srv / "loaded").read_text("utf-8").strip()
        there = {one: (self.srv / one).exists() for one in ("rows", "unit", "pid")}
        if (schema, release, loaded) == ("3", BEFORE, BEFORE) and not any(there.values()):
            return BEFORE
        if (schema, release, loaded) == ("4", AFTER, AFTER) and all(there.values()):
            return AFTER if self.worker else "the worker does not run"
        return f"schema {schema}, release {release}, loaded {loaded}, {there}"

    @property
    def worker(self) -> int:
        """The process of the worker; 0 where it does not run."""
        try:
            pid = int((self.srv / "pid").read_text("utf-8"))
            os.kill(pid, 0)
        except (OSError, ValueError):
            return 0
        return pid

    def done(self) -> list[str]:
        """The steps that came to their end, in order, and forget them."""
        file = self.srv / "done"
        found = file.read_text("utf-8").split() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def fault(self, step: str, what: str) -> None:
        """Plant a fault."""
        (self.folder / "host" / "fault" / step).write_text(what, "utf-8")

    def mend(self) -> None:
        """Take all faults away."""
        for file in (self.folder / "host" / "fault").iterdir():
            file.unlink()

    def move(self, phase: str, *, told: list[str] | None = None, **orders: bool) -> PlanFacts:
        """Carry out a plan in this process."""
        contract = load_contract(self.folder / "contract")
        target = load_target(str(self.folder / "here.toml"), self.folder)
        lines = told if told is not None else []
        with open_carrier(target) as carrier:
            return move(
                "postdeploy" if phase == "deploy" else "rollback",
                contract,
                target,
                carrier,
                Orders(**orders),  # type: ignore[arg-type] # of booleans
                folder=self.folder / "reports",
                tell=lines.append,
            )

    @contextlib.contextmanager
    def gate(self, phase: str) -> Iterator[ForkServerProcess]:
        """A gate in a process of its own that carries out a plan."""
        process = SERVER.Process(target=again, args=(str(self.folder), phase))
        process.start()
        try:
            yield process
        finally:
            process.kill()
            process.join()

    def killed(self, phase: str, step: str, *, with_step: bool) -> None:
        """Let a gate be killed in the middle of a step, which is killed too or holds on."""
        self.fault(step, "hold")
        with self.gate(phase) as process:
            reached = self.folder / "host" / "fault" / ".reached"
            wait_for(lambda: reached.exists() or not process.is_alive())
            process.kill()
            process.join()
        if with_step:
            running = self.folder / "host" / "var" / "lib" / "deployment-gate" / "running"
            pid = int(running.read_text("utf-8").splitlines()[2])
            os.killpg(os.getpgid(pid), signal.SIGKILL)
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists())

    def released(self, after_s: float) -> threading.Timer:
        """Let what is held go on after a while."""
        timer = threading.Timer(after_s, self.mend)
        timer.start()
        return timer

    def close(self) -> None:
        """Leave nothing behind."""
        if self.worker:
            os.kill(self.worker, signal.SIGKILL)


def again(folder: str, phase: str) -> None:
    """Carry out a plan on a system that is laid out already: the gate to be killed."""
    small = Small.__new__(Small)
    small.folder = pathlib.Path(folder)
    small.move(phase)


def words(facts: PlanFacts) -> dict[str, str]:
    """What became of each step, in one word."""
    found: dict[str, str] = {}
    for id_, fact in facts.steps.items():
        name = id_.removeprefix("step.")
        found[name] = fact.value.state if isinstance(fact, Seen) else fact.fact
    return found


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            raise GateError("it did not come to hold in time")
        time.sleep(0.01)
