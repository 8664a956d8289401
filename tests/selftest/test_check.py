"""``gate check`` and ``pytest -m`` are two ways to one account."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
KEPT = """
[path.kept]
title = "The folder is there"
source = "a self-test"
path = "{folder}"
purpose = "to be seen"
"""
BROKEN = KEPT.replace("kept", "broken").replace('"{folder}"', '"{folder}/not there"')
UNTOLD = """
[database.connection]
title = "The database is reached"
source = "a self-test"
connects_as = "*"
"""
SLOW = """
[runtime.slow]
title = "It takes its time"
source = "a self-test"
label = "Slow"
command = ["sleep", "30"]
version = "1"
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target, and an empty contract."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    return tmp_path


def promise(folder: pathlib.Path, chapter: str, *texts: str) -> None:
    """Write a chapter of the contract."""
    text = "".join(texts).replace("{folder}", str(folder))
    (folder / "contract" / f"{chapter}.toml").write_text(text, "utf-8")


def command(folder: pathlib.Path, *options: str) -> list[str]:
    """The command line of a check, with reports of its own."""
    return [
        *(sys.executable, "-m", "gate", "check", "predeploy"),
        f"--target={folder / 'here.toml'}",
        f"--contract={folder / 'contract'}",
        f"--reports={folder / 'checked'}",
        *options,
    ]


def verdict(folder: pathlib.Path, reports: str) -> dict[str, Any]:
    """The verdict of the newest finished run, without what differs from run to run."""
    file = folder / reports / "here" / "predeploy" / "verdict.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    for volatile in ("started", "finished", "valid_until", "run"):
        found.pop(volatile, None)
    for item in found["items"]:
        item.pop("seconds", None)
    return found


@pytest.mark.parametrize(
    ("chapters", "status"),
    [
        ({"paths": (KEPT,)}, 0),
        ({"paths": (KEPT, BROKEN)}, 1),
        ({"paths": (KEPT,), "database": (UNTOLD,)}, 10),
    ],
    ids=["kept", "broken", "untold"],
)
def test_the_same_account(
    folder: pathlib.Path, chapters: dict[str, tuple[str, ...]], status: int
) -> None:
    """Verdict, files and exit status are the same."""
    for name, texts in chapters.items():
        promise(folder, name, *texts)
    tested = runs.run(runs.command(folder, "predeploy"))
    checked = runs.run(command(folder))
    assert (tested.returncode, checked.returncode) == (status, status), checked.stderr
    assert verdict(folder, "checked") == verdict(folder, "reports")
    files = [
        sorted(one.name for one in (folder / reports / "here/predeploy").iterdir())
        for reports in ("reports", "checked")
    ]
    assert files[0] == files[1]
    last = [one for one in checked.stdout.splitlines() if one][-1]
    assert last == [one for one in tested.stdout.splitlines() if one][-2]


def test_a_look_is_judged_again(folder: pathlib.Path) -> None:
    """A replay promotes nothing, here neither."""
    promise(folder, "paths", KEPT)
    assert runs.run(command(folder)).returncode == 0
    kept = folder / "checked/here/predeploy/observed.json"
    done = runs.run(command(folder, f"--replay={kept}"))
    assert done.returncode == 10, done.stdout + done.stderr
    assert "REPLAYED" in done.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--target=nowhere"], "no target 'nowhere'"),
        (["--contract=nowhere"], "no contract here"),
    ],
)
def test_a_mistake(folder: pathlib.Path, options: list[str], says: str) -> None:
    """Exit status 4, one line on standard error, and nothing is written."""
    promise(folder, "paths", KEPT)
    done = runs.run(command(folder, *options))
    assert done.returncode == 4, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "checked").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(folder: pathlib.Path, number: signal.Signals) -> None:
    """Exit status 2, at once, and its folder says INTERRUPTED."""
    promise(folder, "runtimes", SLOW)
    with subprocess.Popen(  # noqa: S603 - the gate itself
        command(folder),
        cwd=runs.ROOT,
        env=runs.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "looking at" in line:
                break
        began = time.monotonic()
        process.send_signal(number)
        rest = process.communicate(timeout=30)[0]
    assert process.returncode == 2, rest
    assert time.monotonic() - began < 10
    (run,) = (folder / "checked/here/runs").iterdir()
    assert json.loads((run / "verdict.json").read_text("utf-8"))["verdict"] == "INTERRUPTED"


def test_no_pytest_is_loaded() -> None:
    """The engine needs none."""
    code = (
        "import sys, gate.commands.check, gate.run.conclusion, gate.kinds.registry as r; r.kinds();"
        "print([one for one in sys.modules if 'pytest' in one])"
    )
    done = runs.run([sys.executable, "-c", code])
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
