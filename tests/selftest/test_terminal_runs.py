"""What a whole run says on a terminal, in a log, quietly, on many workers, and not at all."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

from tests.selftest import left_out, runs

PLAIN = """
import pytest

def test_unmarked(): pass

@pytest.mark.promises("service")
def test_service(gate_account): gate_account()
"""
WIDE = {"COLUMNS": "100"}


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """Three promises that hold, two that do not, and tests that account for none."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    left_out.project(folder, ("one", "two", "three"), ("gone", "lost"))
    contract = folder / "contract" / "paths.toml"
    told = contract.read_text("utf-8").replace("It is there", "It is there… — 5 µs", 3)
    told = told.replace(f'{folder}/gone"', f'{folder}/gone…"', 1)
    contract.write_text(told, "utf-8")
    (folder / "test_plain.py").write_text(PLAIN, "utf-8")
    return folder


def summary(done: subprocess.CompletedProcess[str]) -> str:
    """What the gate says at the end, without what differs from run to run."""
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.search(
        r"^=+ gate: predeploy =+$.*^verdict: .*?$", done.stdout, re.MULTILINE | re.DOTALL
    )
    assert found is not None, done.stdout + done.stderr
    assert "short test summary" not in done.stdout
    return re.sub(r"runs/\S+", "runs/RUN", found[0])


def test_many_workers_say_the_same(project: pathlib.Path) -> None:
    """With xdist it is the same text, but for how pytest itself tells of its workers."""
    alone = summary(left_out.run(project, **WIDE))
    assert summary(left_out.run(project, "-n", "2", **WIDE)) == alone
    assert "FAIL path.gone: It is there" in alone
    assert re.search(r"  source    a self-test \(contract/paths.toml:\d+\)", alone)


def test_a_line_per_moment(project: pathlib.Path) -> None:
    """With -q pytest's own count is all that is said besides."""
    done = left_out.run(project, "-q", **WIDE)
    assert done.returncode == 1, done.stdout + done.stderr
    first, last = [one for one in done.stdout.splitlines() if one]
    told = first.partition("; reports/")
    assert told[0] == (
        "predeploy on here: BLOCKED (exit 1): 2 FAIL, 3 PASS of 5 items: path.gone, path.lost"
    )
    assert (project / f"reports/{told[2]}" / "verdict.json").is_file()
    assert re.fullmatch(r"2 failed, 3 passed, 1 deselected in \S+", last)


def test_without_a_terminal(project: pathlib.Path) -> None:
    """Where pytest's terminal is switched off, exit status and reports are right."""
    done = left_out.run(project, "-p", "no:terminal")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert runs.verdict(project, "predeploy")["verdict"] == "BLOCKED"
    assert (project / "reports/here/predeploy/report.html").is_file()


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONIOENCODING": "ascii", "TERM": "dumb", "CI": "true"},
        {"LC_ALL": "C", "TERM": "dumb"},
        {"LANG": "C", "LC_ALL": "", "FORCE_COLOR": ""},
    ],
    ids=["ascii", "LC_ALL", "LANG"],
)
def test_ascii(project: pathlib.Path, environ: dict[str, str]) -> None:
    """Nothing but ASCII, no escape of Python's, no sequence of a terminal."""
    done = left_out.run(project, **environ, **WIDE)
    told = summary(done)
    assert done.stdout.isascii()
    assert "\\u" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "UnicodeEncodeError" not in done.stdout + done.stderr
    assert "FAIL path.gone: It is there" in told
    assert "gone..." in told


def test_what_is_deselected(project: pathlib.Path) -> None:
    """A test that accounts for nothing is named; what promises nothing now is none."""
    done = left_out.run(project, **WIDE)
    assert "collected 6 items / 1 deselected / 5 selected" in done.stdout
    name = "test_plain.py::test_unmarked"
    assert f"gate: a test left out by -m or -k, of no promise: {name}" in done.stdout
    assert "1 deselected in" in done.stdout


def test_a_command_shows_what_was_seen(project: pathlib.Path) -> None:
    """What is pasted into a shell shows what the gate saw, and changes nothing."""
    told = summary(left_out.run(project, **WIDE))
    looks = re.findall(r"^  look      (.*)$", told, re.MULTILINE)
    assert len(looks) == 2
    before = sorted(project.rglob("*"))
    for look in looks:
        done = subprocess.run(  # noqa: S602 - what a person would paste
            look, shell=True, check=False, capture_output=True, text=True, cwd="/"
        )
        assert "No such file or directory" in done.stderr
    assert sorted(project.rglob("*")) == before
