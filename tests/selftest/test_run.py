"""Whole runs, from the command line to the exit status, with a small contract and real looks."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.plugin.nodes import moments_of
from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[api]
base = "http://127.0.0.1:9"
[database]
service = "atum_no_such_service"
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
BROKEN = """
[path.broken]
title = "The file is there"
source = "a self-test"
path = "{folder}/not there"
purpose = "to be missed"
"""
UNTOLD = """
[database.connection]
title = "The database is reached"
source = "a self-test"
connects_as = "*"
"""
WAIVER = """
[waiver.one]
title = "It may be missing"
source = "a self-test"
item = "{item}"
owner = "nobody"
reason = "OPS-1: a self-test"
expires = {expires}
"""


@dataclasses.dataclass(frozen=True)
class Gate:
    """A miniature gate in a folder of its own."""

    folder: pathlib.Path

    def promise(self, *texts: str, chapter: str = "paths", **words: str) -> Gate:
        """Write a chapter of the contract."""
        (self.folder / "contract").mkdir(exist_ok=True)
        text = "".join(texts).format(folder=self.folder, **words)
        (self.folder / "contract" / f"{chapter}.toml").write_text(text, "utf-8")
        return self

    def command(self, *options: str) -> list[str]:
        """The command line of a run."""
        return runs.command(self.folder, "predeploy", *options)

    def run(self, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the gate to its end."""
        return runs.run(self.command(*options), **environ)

    def verdict(self, name: str = "predeploy") -> dict[str, Any]:
        """The verdict of the run that a link leads to."""
        return runs.verdict(self.folder, name)

    def outcomes(self) -> dict[str, str]:
        """Outcome by item of the last run."""
        return runs.outcomes(self.folder, "predeploy")


@pytest.fixture
def gate(tmp_path: pathlib.Path) -> Gate:
    """A gate whose target is this machine, with nothing promised yet."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    return Gate(tmp_path)


def test_a_kept_promise_promotes(gate: Gate) -> None:
    """Everything holds: exit status 0, every report, and nothing but the verdict at the end."""
    done = gate.promise(KEPT).run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert gate.outcomes() == {"path.kept": "PASS"}
    assert gate.verdict()["verdict"] == "PROMOTE"
    folder = gate.folder / "reports" / "here" / "predeploy"
    assert sorted(one.name for one in folder.iterdir()) == [
        *("STATE_SNAPSHOT_BEFORE.md", "allure-results", "allurerc.json", "annotations.txt"),
        *("attestation.intoto.json", "ctrf-report.json", "evidence.intoto.jsonl"),
        *("findings.jsonl", "gate.prom", "junit.xml", "observed.json", "outputs.env"),
        *("report.html", "summary.md", "verdict.json"),
    ]
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert lines[-2] == "verdict: PROMOTE (exit 0): 1 PASS of 1 items"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_broken_promise_blocks(gate: Gate, workers: str) -> None:
    """Exit status 1; the message says what, who promised it, and how to look; no traceback."""
    done = gate.promise(KEPT, BROKEN).run("-n", workers)
    assert done.returncode == 1, done.stdout + done.stderr
    assert gate.outcomes() == {"path.kept": "PASS", "path.broken": "FAIL"}
    assert "FAIL path.broken: The file is there" in done.stdout
    assert "there is no" in done.stdout
    assert "stat " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_failed_look_is_no_absence(gate: Gate) -> None:
    """A database that cannot be reached leaves its items open: exit status 10."""
    done = gate.promise(KEPT).promise(UNTOLD, chapter="database").run()
    assert done.returncode == 10, done.stdout + done.stderr
    assert gate.outcomes() == {"path.kept": "PASS", "database.connection": "INCONCLUSIVE"}
    assert gate.verdict()["verdict"] == "INCONCLUSIVE"
    assert "atum_no_such_service" in done.stdout


def test_what_was_not_run_is_not_green(gate: Gate) -> None:
    """Deselecting one item leaves the account open."""
    done = gate.promise(KEPT, KEPT.replace("path.kept", "path.other")).run("-k", "not other")
    assert done.returncode == 10, done.stdout + done.stderr
    assert gate.verdict()["verdict"] == "PARTIAL"
    assert gate.verdict()["not_run"] == ["path.other"]


def run_with(gate: Gate, plugin: str) -> subprocess.CompletedProcess[str]:
    """Run the gate on two promises, ``path.kept`` and ``path.other``, with a plugin."""
    (gate.folder / "plugin_of_a_test.py").write_text(plugin, "utf-8")
    gate.promise(KEPT, KEPT.replace("path.kept", "path.other"))
    return gate.run("-p", "plugin_of_a_test", PYTHONPATH=str(gate.folder))


def test_a_skip_is_not_green(gate: Gate) -> None:
    """Whoever skips a test has not kept the promise."""
    done = run_with(
        gate,
        "import pytest\n"
        "def pytest_runtest_setup(item):\n"
        "    if 'other' in item.nodeid: pytest.skip('no time')\n",
    )
    assert done.returncode == 10, done.stdout + done.stderr
    assert gate.outcomes() == {"path.kept": "PASS", "path.other": "INCONCLUSIVE"}


def test_a_test_that_compared_nothing_is_not_green(gate: Gate) -> None:
    """What the test before it has found is not taken for its own."""
    done = run_with(
        gate,
        "def pytest_pyfunc_call(pyfuncitem):\n    return 'other' in pyfuncitem.nodeid or None\n",
    )
    assert done.returncode == 10, done.stdout + done.stderr
    assert gate.outcomes() == {"path.kept": "PASS", "path.other": "INCONCLUSIVE"}


@pytest.mark.parametrize(
    ("markexpr", "moments"),
    [
        ("predeploy", ("predeploy",)),
        (" rollback ", ("rollback",)),
        ("", MOMENTS),
        ("predeploy or rollback", MOMENTS),
        ("not predeploy", MOMENTS),
    ],
)
def test_only_the_moment_that_is_named_has_tests(
    markexpr: str, moments: tuple[Moment, ...]
) -> None:
    """Any other expression than a moment's name is left for pytest to tell."""
    assert moments_of(markexpr) == moments


@pytest.mark.parametrize(
    ("options", "moments"),
    [
        ((), ["predeploy"]),
        (("-m", "predeploy and not rollback", "--target=sandbox"), ["predeploy"]),
        (("-m", "predeploy or postdeploy", "--target=sandbox"), ["predeploy", "postdeploy"]),
        (("-k", "kept", "-n", "2"), ["predeploy"]),
    ],
    ids=["moment", "expression", "two-moments", "workers"],
)
def test_a_test_is_named_by_moment_and_item(
    gate: Gate, options: tuple[str, ...], moments: list[str]
) -> None:
    """Whatever selects it: Allure's history hangs on it."""
    done = gate.promise(KEPT).run("--collect-only", "-q", *options)
    names = [one.rpartition("::")[2] for one in done.stdout.splitlines() if "::" in one]
    assert names == [f"test_path[{moment}-path.kept]" for moment in moments], done.stdout


def test_allures_own_plugin_keeps_the_history(gate: Gate) -> None:
    """Its history is one of the parameters' values: there is one, moment and item."""
    results = gate.folder / "results"
    assert gate.promise(KEPT).run(f"--alluredir={results}").returncode == 0
    (file,) = results.glob("*-result.json")
    result = json.loads(file.read_text("utf-8"))
    assert result["name"] == "The folder is there"
    assert [one["value"] for one in result["parameters"]] == ["'predeploy-path.kept'"]


def test_a_dead_worker_is_not_green(gate: Gate) -> None:
    """A worker that dies takes its item with it."""
    (gate.folder / "killer.py").write_text(
        "import os\n"
        "def pytest_runtest_call(item):\n"
        "    if 'other' in item.nodeid and 'PYTEST_XDIST_WORKER' in os.environ: os._exit(9)\n",
        "utf-8",
    )
    gate.promise(KEPT, KEPT.replace("path.kept", "path.other"))
    done = gate.run("-p", "killer", "-n", "2", PYTHONPATH=str(gate.folder))
    assert done.returncode not in (0, 5), done.stdout + done.stderr
    assert gate.outcomes()["path.other"] == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("item", "expires", "status", "outcomes"),
    [
        ("path.broken", "2999-12-31", 0, {"path.broken": "WAIVED", "waiver.one": "PASS"}),
        ("path.broken", "2020-01-01", 1, {"path.broken": "FAIL", "waiver.one": "FAIL"}),
        ("path.kept", "2999-12-31", 1, {"path.kept": "PASS", "waiver.one": "FAIL"}),
    ],
    ids=["in-force", "expired", "unused"],
)
def test_waivers(
    gate: Gate, item: str, expires: str, status: int, outcomes: dict[str, str]
) -> None:
    """A waiver excuses until its day; unused or expired it fails itself."""
    gate.promise(BROKEN if item == "path.broken" else KEPT)
    done = gate.promise(WAIVER, chapter="waivers", item=item, expires=expires).run()
    assert done.returncode == status, done.stdout + done.stderr
    assert gate.outcomes() == outcomes


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_waived_item_is_no_failure_in_pytests_own_count(gate: Gate, workers: str) -> None:
    """Green with a waiver is green wherever it is counted; the letter is a W."""
    gate.promise(BROKEN).promise(
        WAIVER, chapter="waivers", item="path.broken", expires="2999-12-31"
    )
    done = gate.run("-n", workers, "-x", f"--junitxml={gate.folder}/own.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 waived" in done.stdout
    assert "1 passed" in done.stdout
    assert "failed" not in done.stdout
    own = (gate.folder / "own.xml").read_text("utf-8")
    assert 'failures="0"' in own
    assert 'skipped="1"' in own


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target=nowhere",), ["no target 'nowhere'", "sandbox"]),
        (("--contract=/nowhere",), ["/nowhere", "no contract"]),
        (("--replay=/nowhere.json",), ["/nowhere.json", "cannot be read"]),
        (("--baseline=/nowhere.json",), ["/nowhere.json", "cannot be read"]),
        (("--reports=/dev/null/x",), ["/dev/null/x", "--reports=DIR"]),
        (("-m", ""), ["real target", "-m"]),
        (("-m", "nomoment"), ["name one moment with -m"]),
        (("--aply",), ["--aply"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_wrong_options(gate: Gate, options: tuple[str, ...], words: list[str]) -> None:
    """A wrong option ends the run at once: exit status 4, one message, no traceback."""
    done = gate.promise(KEPT).run(*options)
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert [one for one in words if one not in said] == []
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("predploy", ["no marker 'predploy'", "did you mean predeploy?"]),
        ("predeploy and not x", ["no marker 'x'", "predeploy, postdeploy, rollback"]),
        ("predeploy or (postdeploy", ["no expression"]),
        ("predeploy and postdeploy", ["selects nothing of any moment"]),
        ("not promises", ["selects nothing of any moment"]),
    ],
)
def test_a_selection_that_means_nothing_ends_at_once(
    gate: Gate, expression: str, words: list[str]
) -> None:
    """Exit status 4 before a sandbox is started, anything is looked at, or a file is written."""
    command = [*gate.promise(KEPT).command("-m", expression)]
    on_the_sandbox = [one for one in command if not one.startswith("--target")]
    done = runs.run([*on_the_sandbox, "--target=sandbox"])
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert [one for one in words if one not in said] == []
    assert "starting the embedded sandbox" not in said
    assert "looking at" not in said
    assert not (gate.folder / "reports").exists()


def test_collecting_alone_writes_nothing(gate: Gate) -> None:
    """``--collect-only`` looks at nothing, so it leaves nothing."""
    assert gate.promise(KEPT).run("--collect-only", "-q").returncode == 0
    assert not (gate.folder / "reports").exists()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("-k", "nothing"), 5),
        (("-k", "no expression"), 4),
        (("-k", "no expression", "-n", "2"), 4),
        (("--deselect", "tests/test_paths.py"), 5),
        (("-p", "spoiler"), 2),
    ],
)
def test_what_selects_no_test_looks_at_nothing(
    gate: Gate, options: tuple[str, ...], status: int
) -> None:
    """Pytest's own exit status, no look, no verdict; also where collecting fails half-way."""
    (gate.folder / "spoiler.py").write_text(
        "def pytest_collection_modifyitems():\n    raise KeyboardInterrupt\n", "utf-8"
    )
    done = gate.promise(KEPT).run(*options, PYTHONPATH=str(gate.folder))
    assert done.returncode == status, done.stdout + done.stderr
    assert "looking at" not in done.stdout
    assert list(gate.folder.glob("reports/here/**/verdict.json")) == []


def test_a_difference_of_no_item_is_told(gate: Gate) -> None:
    """A contract folder may be smaller than the target's file: told everywhere, not fatal."""
    with (gate.folder / "here.toml").open("a", encoding="utf-8") as file:
        file.write('[[differs]]\nitem = "path.gone"\nset = { type = "x" }\nreason = "r"\n')
    done = gate.promise(KEPT).run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differs: path.gone: declared, but this contract has no such item" in done.stdout
    assert gate.verdict()["unused_differs"] == ["path.gone"]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("contract/paths.toml", "[path.kept", ["paths.toml", "malformed TOML"]),
        ("contract/paths.toml", "[path.kept]\ncolour = 1\n", ["[path.kept]", "colour"]),
        ("contract/pathes.toml", "", ["pathes", "unknown chapter"]),
        ("contract/paths.toml", "# nothing\n", ["paths.toml", "promises nothing"]),
        ("here.toml", "title = 1\n", ["here.toml", "title"]),
        ("here.toml", TARGET + "colour = 1\n", ["here.toml", "colour"]),
        (
            "here.toml",
            TARGET.replace("http://127", "http://ada:pw-4711@127"),
            ["here.toml", "api.base"],
        ),
        ("here.toml", 'password = "pw-4711"\n' + TARGET, ["here.toml", "password"]),
        ("here.toml", TARGET.replace("local://", "locl://"), ["here.toml", "host"]),
    ],
)
def test_wrong_files(gate: Gate, file: str, text: str, words: list[str]) -> None:
    """A mistake in a file is named with file and key, and a credential is never repeated."""
    gate.promise(KEPT)
    (gate.folder / file).write_text(text, "utf-8")
    done = gate.run()
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert [one for one in words if one not in said] == []
    assert "pw-4711" not in said
    assert "Traceback" not in said


def test_where_ci_is_set_a_target_must_be_named(gate: Gate) -> None:
    """Nobody gates a sandbox by mistake."""
    gate.promise(KEPT)
    command = [one for one in gate.command() if not one.startswith("--target")]
    done = runs.run(command, CI="true")
    assert done.returncode == 4
    assert "CI is set and no target is named" in done.stderr


def test_a_secret_shows_up_nowhere(gate: Gate) -> None:
    """What a target says of itself is told without the secrets of the run."""
    sentinel = "Xq7-planted-sentinel-0815"
    runtime = """
[runtime.leaky]
title = "It says its version"
source = "a self-test"
label = "Leaky"
command = ["cat", "{folder}/version"]
pattern = '(.+)'
version = "1"
"""
    (gate.folder / "version").write_text(sentinel, "utf-8")
    done = gate.promise(runtime, chapter="runtimes").run("-vv", PLANTED_TOKEN=sentinel)
    assert done.returncode == 1, done.stdout + done.stderr
    assert sentinel not in done.stdout + done.stderr
    written = [one for one in (gate.folder / "reports").rglob("*") if one.is_file()]
    assert len(written) > 6
    assert [one for one in written if sentinel.encode() in one.read_bytes()] == []


@contextlib.contextmanager
def interrupted(gate: Gate) -> Iterator[subprocess.Popen[str]]:
    """Run the gate, and send it Ctrl-C when the body has waited for the right time."""
    # Where these tests run in the background, what they start would be deaf to it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(  # noqa: S603 - the gate itself
        gate.command(),
        cwd=runs.ROOT,
        env=runs.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        signal.signal(signal.SIGINT, before)
        try:
            yield process
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=runs.WITHIN_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 2, said
    latest = gate.verdict("latest")
    assert latest["verdict"] == "INTERRUPTED"
    assert {one["outcome"] for one in latest["items"]} == {"INCONCLUSIVE"}
    assert not (gate.folder / "reports/here/predeploy").exists()


def test_an_interrupted_run_says_so(gate: Gate) -> None:
    """Ctrl-C: exit status 2, a verdict all the same, and nothing goes on running."""
    seconds = f"4.{os.getpid()}"  # of this test alone
    runtime = """
[runtime.slow]
title = "It says its version, after a while"
source = "a self-test"
label = "Slow"
command = ["sleep", "{seconds}"]
version = "1"
"""
    gate.promise(KEPT).promise(runtime, chapter="runtimes", seconds=seconds)
    with interrupted(gate):
        _wait_for(lambda: _runs(f"sleep\x00{seconds}"))
    _wait_for(lambda: not _runs(f"sleep\x00{seconds}"))


def test_an_interrupted_run_waits_for_no_answer(gate: Gate) -> None:
    """An API that takes its time, as a copilot does, is not waited for; half a look is not kept."""
    endpoint = """
[endpoint.slow]
title = "It answers, after a while"
source = "a self-test"
path = "/slow"
deadline_s = 300
slow = true
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = gate.folder / "here.toml"
        target.write_text(target.read_text().replace(":9", f":{port}"), "utf-8")
        gate.promise(KEPT).promise(endpoint, chapter="endpoints")
        with interrupted(gate):
            server.settimeout(runs.WITHIN_S)
            kept, _ = server.accept()
        kept.close()
    assert not (gate.folder / "reports" / "here" / "latest" / "observed.json").exists()


def _runs(command: str) -> bool:
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if entry.name.isdigit() and command in (entry / "cmdline").read_text("utf-8"):
                return True
    return False


def _wait_for(holds: Any) -> None:
    deadline = time.monotonic() + runs.WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
