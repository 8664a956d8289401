"""How long one whole predeploy takes, from the start of the process to its exit."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest
import tomli_w

from gate.errors import GateError
from gate.toml import parse
from tests.bench.tools import PYTEST, timed
from tests.machine.trial import ROOT, Machine

pytest_plugins = ["tests.machine.conftest"]

RUNS = 7
REPORT = ROOT / "reports" / "bench" / "moment.md"
WITHIN_S = 60.0
SLOW = (
    ("endpoints", "endpoint", "copilot"),
    ("budgets", "budget", "copilot"),
    ("budgets", "budget", "health_beside_copilot"),
)
"""What waits for the copilot: file, kind, name."""


@pytest.fixture(scope="module")
def machine(boot_machine: Callable[[str], Machine]) -> Machine:
    """A machine as it is delivered."""
    return boot_machine("moment")


@pytest.fixture
def contract(tmp_path: pathlib.Path) -> pathlib.Path:
    """The whole contract, but for the rehearsal and the copilot, which take their own time."""
    folder = tmp_path / "contract"
    shutil.copytree(ROOT / "tests" / "contract", folder)
    (folder / "rehearsal.toml").unlink()
    for file, kind, name in SLOW:
        items = parse(folder / f"{file}.toml", GateError)
        del items[kind][name]
        (folder / f"{file}.toml").write_text(tomli_w.dumps(items))
    return folder


@pytest.fixture
def environ(machine: Machine) -> Iterator[dict[str, str]]:
    """The environment that the gate is run in; a sandbox of its own stands in it."""
    # A short path: sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        pathlib.Path(home).chmod(0o711)
        found = {**machine.environ, "ATUM_SANDBOX_HOME": home}
        _sandbox("up", found)
        try:
            yield found
        finally:
            _sandbox("down", found)


def test_moment(
    machine: Machine, contract: pathlib.Path, environ: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """Over SSH against a whole machine, and on an embedded sandbox that stands; interleaved."""
    sandbox = ROOT / "fixtures" / "targets" / "sandbox.toml"
    targets = {
        "over SSH": _without_slow(machine.target_file(), tmp_path / "machine.toml"),
        "on the embedded sandbox": _without_slow(sandbox, tmp_path / "sandbox.toml"),
    }
    took: dict[str, list[float]] = {name: [] for name in targets}
    items = 0
    for _ in range(RUNS):
        for name, target in targets.items():
            seconds, items = _run(target, contract, tmp_path / name, environ)
            took[name].append(seconds)
    _write(took, items)


def _without_slow(file: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
    """Write a target that declares no difference of what is left out."""
    target = parse(file, GateError)
    left_out = {f"{kind}.{name}" for _, kind, name in SLOW}
    target["differs"] = [one for one in target["differs"] if one["item"] not in left_out]
    to.write_text(tomli_w.dumps(target))
    return to


def _sandbox(command: str, environ: dict[str, str]) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "sandbox", command],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=WITHIN_S,
    )


def _run(
    target: pathlib.Path, contract: pathlib.Path, reports: pathlib.Path, environ: dict[str, str]
) -> tuple[float, int]:
    """Run the moment as a user does; return how long it took, and how many items it has."""
    line = [*PYTEST, "-m", "predeploy", f"--target={target}", f"--contract={contract}"]
    seconds, done = timed([*line, f"--reports={reports}"], ROOT, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    (verdict,) = reports.glob("*/predeploy/verdict.json")
    return seconds, len(json.loads(verdict.read_text())["items"])


def _write(took: dict[str, list[float]], items: int) -> None:
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = [
        f"# One predeploy, {items} items, without the copilot and the rehearsal",
        "",
        f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores, {RUNS} interleaved",
        "runs; from the start of the process to its exit, with every report.",
        "",
        "| where | median, s | least, s |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} |"
        for name, times in took.items()
    ]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
