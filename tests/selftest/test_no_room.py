"""Reports that cannot be written, and outputs that take nothing: nobody is promoted, and told why.

The folders are small file systems of their own, mounted where this user may.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
PROMISE = """
[runtime.told]
title = "It säyś its version \U0001f6d1"
source = "a self-test"
label = "Told"
command = ["sh", "-c", "{act}; echo {version}"]
version = "1"
"""
KB = 1024
SMALL = "1m"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target, and a promise that holds."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path)
    return tmp_path


def promise(folder: pathlib.Path, act: str = ":", version: str = "1") -> None:
    """Have the look do something first, which a test wants to come in the middle of a run."""
    text = PROMISE.format(act=act, version=version)
    (folder / "contract" / "runtimes.toml").write_text(text, "utf-8")


@pytest.fixture
def small(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The folder of the reports: a file system of 1 MiB."""
    place = folder / "reports"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0700", "tmpfs", str(place)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=20)  # noqa: S603, S607


def words(folder: pathlib.Path, by: str, *options: str) -> list[str]:
    """The command line of a run: of pytest, of pytest with a worker, or of ``gate check``."""
    own = runs.command(folder, "predeploy", *options)
    if by == "check":
        return [sys.executable, "-m", "gate", "check", "predeploy", *own[5:]]
    return [*own, "-n", "1"] if by == "workers" else own


def fill(place: pathlib.Path, leave: int = 0) -> None:
    """Leave so many bytes free."""
    free = os.statvfs(place)
    with contextlib.suppress(OSError):
        (place / "fill").write_bytes(b"x" * (free.f_bavail * free.f_frsize - leave))


def none_promoted(done: subprocess.CompletedProcess[str]) -> None:
    """No status 0, no word of a promotion, no traceback; what is wrong is told."""
    said = done.stdout + done.stderr
    assert done.returncode in (4, 10), said
    assert "PROMOTE" not in said
    assert "Traceback" not in said
    assert "reports cannot be written here: " in " ".join(said.split())


def left(place: pathlib.Path) -> list[str]:
    """What is half-written."""
    return [str(one) for one in place.rglob(".*")]


@pytest.mark.parametrize("by", ["pytest", "check"])
@pytest.mark.parametrize("free_kb", [0, 8, 60])
def test_a_full_folder(small: pathlib.Path, folder: pathlib.Path, by: str, free_kb: int) -> None:
    """From the start, or with room for a part of the reports: the run's own verdict is true."""
    fill(small, leave=free_kb * KB)
    done = runs.run(words(folder, by))
    none_promoted(done)
    assert "No space left on device; make room" in " ".join((done.stdout + done.stderr).split())
    assert left(small) == []
    for run in small.glob("here/runs/*"):
        assert runs.verdict(folder, f"runs/{run.name}")["verdict"] == "INCONCLUSIVE"
    (small / "fill").unlink()
    assert runs.run(words(folder, by)).returncode == 0
    assert runs.verdict(folder, "predeploy")["verdict"] == "PROMOTE"


@pytest.mark.parametrize("by", ["pytest", "check"])
def test_a_folder_that_fills_up_in_mid_run(
    small: pathlib.Path, folder: pathlib.Path, by: str
) -> None:
    """The run's own verdict says so where RUNNING stood, which needs no room; the old one stays."""
    assert runs.run(words(folder, by)).returncode == 0
    kept = (small / "here" / "predeploy").resolve()
    promise(folder, act=f"dd if=/dev/zero of={small}/fill bs=1k 2>/dev/null")
    none_promoted(runs.run(words(folder, by)))
    found = runs.verdict(folder, "latest")
    assert (found["verdict"], found["exit_status"]) == ("INCONCLUSIVE", 10)
    assert (small / "here" / "predeploy").resolve() == kept
    assert left(small) == []


def test_a_broken_promise_stays_broken(small: pathlib.Path, folder: pathlib.Path) -> None:
    """What was found is told by the status, too, where it could not be written down."""
    promise(folder, act=f"dd if=/dev/zero of={small}/fill bs=1k 2>/dev/null", version="2")
    done = runs.run(words(folder, "check"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.verdict(folder, "latest")["verdict"] == "BLOCKED"


@pytest.mark.parametrize("by", ["pytest", "check"])
@pytest.mark.parametrize("when", ["from-the-start", "in-mid-run"])
def test_a_read_only_folder(small: pathlib.Path, folder: pathlib.Path, by: str, when: str) -> None:
    """Nothing can be written any more, and what stands there promotes nothing."""
    remount = f"mount -o remount,ro {small}"
    if when == "in-mid-run":
        promise(folder, act=remount)
    else:
        subprocess.run(remount.split(), check=True, timeout=20)  # noqa: S603
    done = runs.run(words(folder, by))
    none_promoted(done)
    assert "Read-only file system" in done.stdout + done.stderr
    if when == "in-mid-run":
        assert runs.verdict(folder, "latest")["verdict"] == "RUNNING"
        assert "verdict.json still says RUNNING: what holds is INCONCLUSIVE" in done.stdout


@pytest.mark.parametrize("by", ["pytest", "check"])
@pytest.mark.parametrize("what", ["gone", "a-file"])
def test_a_folder_that_somebody_takes_away(folder: pathlib.Path, by: str, what: str) -> None:
    """In mid-run: it is made again; where that cannot be, nothing is promoted or called a leak."""
    place = folder / "reports"
    promise(folder, act=f"rm -rf {place}" + (f"; touch {place}" if what == "a-file" else ""))
    done = runs.run(words(folder, by))
    if what == "gone":
        assert done.returncode == 0, done.stdout + done.stderr
        assert runs.verdict(folder, "predeploy")["verdict"] == "PROMOTE"
        return
    none_promoted(done)
    assert "SECRET" not in done.stdout


CLOSED = {
    "output-full": (">/dev/full", True, "1"),
    "both-full": (">/dev/full 2>/dev/full", False, "2"),
    "output-closed": (">&-", False, "1"),
    "all-closed": ("<&- >&- 2>&-", False, "1"),
    "ascii": ("", False, "2"),
}
"""What a shell makes of the streams, whether that is told, and the version that is there."""


@pytest.mark.parametrize(
    ("by", "where"),
    [("workers", "output-full"), *((by, where) for by in ("pytest", "check") for where in CLOSED)],
)
def test_an_output_that_takes_nothing(folder: pathlib.Path, by: str, where: str) -> None:
    """The run goes on: its files are whole, its status is the verdict's, no traceback is told."""
    redirected, is_told, version = CLOSED[where]
    promise(folder, version=version)
    line = ["sh", "-c", f'exec "$@" {redirected}', "sh", *words(folder, by)]
    more = {"PYTHONIOENCODING": "ascii"} if where == "ascii" else {}
    done = runs.run(line, **more)
    assert done.returncode == (0 if version == "1" else 1), done.stdout + done.stderr
    word = runs.verdict(folder, "predeploy")["verdict"]
    assert word == ("PROMOTE" if version == "1" else "BLOCKED")
    assert (folder / "reports/here/predeploy/report.html").stat().st_size > KB
    assert "Traceback" not in done.stderr
    assert ("cannot be written to any more (No space left" in done.stderr) is is_told


def test_a_mistake_is_a_mistake_where_nobody_hears_it() -> None:
    """The status is 4 also where the standard error takes nothing."""
    line = [sys.executable, "-m", "gate", "check", "predeploy", "--target=/nowhere.toml"]
    for redirected in ("2>/dev/full", "2>&-"):
        done = runs.run(["sh", "-c", f'exec "$@" {redirected}', "sh", *line])
        assert done.returncode == 4, (redirected, done.stdout + done.stderr)


@pytest.mark.parametrize("where", [">/dev/full", "| true"])
def test_a_command_whose_output_takes_nothing(where: str) -> None:
    """It could not do what it should, and ends without a traceback."""
    line = f"( {sys.executable} -m gate schema; echo status $? >&2 ) {where}"
    done = runs.run(["sh", "-c", line])
    assert "status 1" in done.stderr
    assert "Traceback" not in done.stderr
