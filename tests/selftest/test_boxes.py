"""Boxes on the host: what is begun for a rehearsal is ended, whatever happens to whom."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gate.connection.carrier import Carrier, open_carrier
from gate.connection.obstacle import CarrierError
from gate.errors import ObservationError
from gate.sources.rehearsal.box import NAME, sweep
from gate.sources.rehearsal.tether import Work, done, tethered
from gate.target import Target, load_target

WITHIN_S = 20.0
TARGET = 'title = "Here"\nhost = "local://"\n'
HOLDING = """
import pathlib, sys, time
sys.path.insert(0, {root!r})
from gate.connection.carrier import open_carrier
from gate.sources.rehearsal.tether import Work, tethered
from gate.target import load_target
target = load_target({target!r}, pathlib.Path({folder!r}))
work = Work(what="it", begin={begin!r}, end={end!r}, base={folder!r}, begin_s=60)
with open_carrier(target) as carrier, tethered(work, target, carrier, [], lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def target(tmp_path: pathlib.Path) -> Target:
    """This machine."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    return load_target(str(tmp_path / "here.toml"), tmp_path)


@pytest.fixture
def carrier(target: Target) -> Iterator[Carrier]:
    """The way to it."""
    with open_carrier(target) as found:
        yield found


def _work(folder: pathlib.Path, begin: str, end: str = ":", **more: object) -> Work:
    return Work(**{  # type: ignore[arg-type]
        "what": "it", "begin": begin, "end": end, "base": str(folder), "begin_s": 30, **more
    })  # fmt: skip


def _boxes(folder: pathlib.Path) -> list[pathlib.Path]:
    return list(folder.glob(f"{NAME}*"))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_begun_and_ended(tmp_path: pathlib.Path, target: Target, carrier: Carrier) -> None:
    """What the beginning prints is told, the end is run, and the box is gone."""
    left: list[str] = []
    work = _work(tmp_path, 'echo one; echo two; : >"$box/in"', f"cp -R $box {tmp_path}/copy")
    with tethered(work, target, carrier, left, lambda: None) as told:
        assert told.out.split() == ["one", "two"]
        assert not (tmp_path / "copy").exists()
        assert len(_boxes(tmp_path)) == 1
    assert (tmp_path / "copy" / "in").exists()
    assert left == []
    assert _boxes(tmp_path) == []


def test_a_beginning_that_fails_is_ended(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """It is named with what it complained of, and its end is run all the same."""
    left: list[str] = []
    work = _work(tmp_path, "echo secret; echo broken >&2; exit 7", f": >{tmp_path}/ended")
    with (
        pytest.raises(ObservationError, match=r"it exited with 7: broken\Z"),
        tethered(work, target, carrier, left, lambda: None),
    ):
        raise AssertionError("it was begun")
    assert (tmp_path / "ended").exists()
    assert left == []
    assert _boxes(tmp_path) == []


def test_a_beginning_that_hangs_is_ended_in_time(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """Its deadline ends it, with what it started, and the end is run."""
    began = time.monotonic()
    work = _work(
        tmp_path, f"sleep 4321 & echo $! >{tmp_path}/pid; sleep 4322", f": >{tmp_path}/ended",
        begin_s=1,
    )  # fmt: skip
    with pytest.raises(CarrierError, match="not done within 1 s and was ended"):
        done(work, target, carrier, [], lambda: None)
    assert time.monotonic() - began < WITHIN_S
    assert (tmp_path / "ended").exists()
    assert not _runs(int((tmp_path / "pid").read_text()))


def _runs(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_interruption_ends_it(tmp_path: pathlib.Path, target: Target, carrier: Carrier) -> None:
    """Who is interrupted while it begins waits for its end, and no longer."""
    until = time.monotonic() + 1

    def check() -> None:
        if time.monotonic() > until:
            raise KeyboardInterrupt

    began = time.monotonic()
    work = _work(tmp_path, f"echo $$ >{tmp_path}/pid; sleep 4323", f": >{tmp_path}/ended")
    with pytest.raises(KeyboardInterrupt):
        done(work, target, carrier, [], check)
    assert time.monotonic() - began < WITHIN_S
    assert (tmp_path / "ended").exists()
    assert not _runs(int((tmp_path / "pid").read_text()))
    assert _boxes(tmp_path) == []


def _held(folder: pathlib.Path, begin: str, end: str) -> subprocess.Popen[str]:
    """A process that holds a box."""
    text = HOLDING.format(
        root=str(ROOT), target=str(folder / "here.toml"), folder=str(folder), begin=begin, end=end
    )
    found = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert found.stdout is not None
    assert found.stdout.readline() == "held\n"
    return found


@pytest.mark.usefixtures("target")
def test_a_killed_gate_leaves_nothing(tmp_path: pathlib.Path) -> None:
    """The end is run by the shell on the host as soon as nobody is there any more."""
    with _held(tmp_path, ":", f": >{tmp_path}/ended") as gate:
        gate.kill()
    _until(lambda: not _boxes(tmp_path))
    assert (tmp_path / "ended").exists()


def test_a_killed_shell_is_made_up_for(tmp_path: pathlib.Path, carrier: Carrier) -> None:
    """What nobody ended is ended by the next rehearsal; a box of a living one is left alone."""
    with _held(tmp_path, ":", f": >>{tmp_path}/ended") as gate:
        (box,) = _boxes(tmp_path)
        assert sweep(carrier, str(tmp_path), 30) == []
        assert box.exists()
        os.kill(int((box / "holder").read_text().split()[0]), signal.SIGKILL)
        gate.kill()
    assert box.exists()
    assert not (tmp_path / "ended").exists()
    assert sweep(carrier, str(tmp_path), 30) == []
    assert (tmp_path / "ended").exists()
    assert not box.exists()


def test_an_end_that_fails_is_named_until_it_does_not(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """It is named, and tried again by every later rehearsal."""
    left: list[str] = []
    end = f"[ -e {tmp_path}/well ] || {{ echo no way; exit 9; }}"
    with tethered(_work(tmp_path, ":", end), target, carrier, left, lambda: None):
        pass
    assert left == ["it: its end exited with 9"]
    (box,) = _boxes(tmp_path)
    (again,) = sweep(carrier, str(tmp_path), 30)
    assert again == f"left by an earlier rehearsal: {box}: its end exited with 9: no way"
    (tmp_path / "well").touch()
    assert sweep(carrier, str(tmp_path), 30) == []
    assert _boxes(tmp_path) == []


def test_an_end_that_hangs_is_named(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """It has a deadline, too."""
    left: list[str] = []
    work = _work(tmp_path, ":", "sleep 4324", end_s=1)
    with tethered(work, target, carrier, left, lambda: None):
        pass
    assert left == ["it: its end was not done within 1 s and was ended"]


def test_what_it_prints_is_bounded(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """Whoever prints without end fills neither the disk nor this process."""
    work = _work(tmp_path, "yes | head -c 50000000; echo last", f"cp $box/begin.out {tmp_path}")
    assert len(done(work, target, carrier, [], lambda: None)) == 64 * 1024
    assert (tmp_path / "begin.out").stat().st_size == 64 * 1024


def test_what_it_leaves_running_is_not_waited_for(
    tmp_path: pathlib.Path, target: Target, carrier: Carrier
) -> None:
    """A server that keeps the beginning's output open does not hold it up."""
    began = time.monotonic()
    work = _work(tmp_path, f"sleep 40 & echo $! >{tmp_path}/pid", f"kill $(cat {tmp_path}/pid)")
    done(work, target, carrier, [], lambda: None)
    assert time.monotonic() - began < WITHIN_S


def test_no_room_is_told(tmp_path: pathlib.Path, target: Target, carrier: Carrier) -> None:
    """Where no box can be made the reason is named."""
    (tmp_path / "file").touch()
    work = _work(tmp_path / "file" / "below", ":")
    left: list[str] = []
    with pytest.raises(ObservationError, match="lends no folder for temporary files"):
        done(work, target, carrier, left, lambda: None)
    assert left == []


def test_nobody_elses_box_is_run(tmp_path: pathlib.Path, carrier: Carrier) -> None:
    """What is no folder of this user's, or a link to one, is neither run nor removed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "end").write_text(f": >{tmp_path}/ran")
    (tmp_path / "real" / "limit").write_text("5")
    (tmp_path / "real" / "holder").write_text("1 x y")
    (tmp_path / f"{NAME}link").symlink_to(tmp_path / "real")
    assert sweep(carrier, str(tmp_path), 30) == []
    assert not (tmp_path / "ran").exists()
    assert (tmp_path / "real" / "end").exists()


def test_several_at_once(tmp_path: pathlib.Path, target: Target, carrier: Carrier) -> None:
    """Each has its own box."""
    said: list[str] = []

    def one(word: str) -> None:
        said.append(
            done(_work(tmp_path, f"echo {word}"), target, carrier, [], lambda: None).strip()
        )

    threads = [threading.Thread(target=one, args=(word,)) for word in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert sorted(said) == ["a", "b", "c"]
    assert _boxes(tmp_path) == []
