"""Folders of runs: one each, links to the newest, what killed ones left is put in order."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import stat
from typing import Any

import pytest

from gate.contract.item import Moment
from gate.errors import GateError
from gate.report.run_folder import RunFolder, begin
from gate.report.runs import word
from gate.report.unwritten import withhold

NOON = dt.datetime(2026, 2, 13, 12, 0, tzinfo=dt.timezone.utc)


def started(
    place: pathlib.Path, moment: Moment = "predeploy", *, minute: int = 0, **more: Any
) -> RunFolder:
    """A run that is under way."""
    when = NOON + dt.timedelta(minutes=minute)
    words = {"readers": "owner", "keep": 20, **more}
    return begin(place, moment, {"started": when.isoformat()}, started=when, **words)


def conclude(run: RunFolder, said: str = "PROMOTE", *, keep: int = 20) -> RunFolder:
    """End a run as the gate does."""
    document = {"verdict": said, "run": run.path.name}
    (run.path / "verdict.json").write_text(json.dumps(document), "utf-8")
    if said != "INTERRUPTED":
        run.publish(keep)
    run.close()
    return run


def test_a_run_says_running_from_its_first_moment(tmp_path: pathlib.Path) -> None:
    """The folder has a whole document before anything else; nobody else reads it."""
    run = started(tmp_path / "reports" / "hera")
    document = json.loads((run.path / "verdict.json").read_text("utf-8"))
    assert (document["verdict"], document["exit_status"]) == ("RUNNING", 10)
    assert document["run"] == run.path.name == "20260213T120000.000000Z-predeploy"
    assert (run.place / "latest" / "verdict.json").exists()
    assert not (run.place / "predeploy").exists()
    for folder in (run.place, run.path.parent, run.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((run.path / "verdict.json").stat().st_mode) == 0o600


def test_two_runs_of_the_same_time_have_two_folders(tmp_path: pathlib.Path) -> None:
    """Started in the same microsecond: neither writes into the other's."""
    both = [started(tmp_path).path.name for _ in range(2)]
    assert both == ["20260213T120000.000000Z-predeploy", "20260213T120000.000001Z-predeploy"]


def test_links_lead_to_what_finished_last(tmp_path: pathlib.Path) -> None:
    """Relative, one per moment; an interrupted run and a replay move none of them."""
    first = conclude(started(tmp_path))
    slow = started(tmp_path, minute=1)
    quick = conclude(started(tmp_path, minute=2), "BLOCKED")
    assert str((tmp_path / "predeploy").readlink()) == f"runs/{quick.path.name}"
    conclude(slow)
    assert str((tmp_path / "predeploy").readlink()) == f"runs/{slow.path.name}"
    conclude(started(tmp_path, minute=3), "INTERRUPTED")
    replayed = conclude(started(tmp_path, minute=4, replay=True), "REPLAYED")
    assert str((tmp_path / "predeploy").readlink()) == f"runs/{slow.path.name}"
    assert str((tmp_path / "replay").readlink()) == f"runs/{replayed.path.name}"
    assert str((tmp_path / "latest").readlink()) == f"runs/{replayed.path.name}"
    assert word(first.path) == "PROMOTE"


def test_a_killed_run_is_said_to_be_interrupted(tmp_path: pathlib.Path) -> None:
    """By the next run; that of a gate that lives still says RUNNING."""
    dead, alive = started(tmp_path), started(tmp_path, minute=1)
    dead.close()  # as the system does when the process ends
    (dead.path / ".report.html.1.part").write_text("half")
    (dead.path.parent / ".new-x").mkdir()
    started(tmp_path, minute=2)
    document = json.loads((dead.path / "verdict.json").read_text("utf-8"))
    assert (document["verdict"], document["exit_status"]) == ("INTERRUPTED", 2)
    assert [one.name for one in dead.path.iterdir()] == ["verdict.json"]
    assert word(alive.path) == "RUNNING"
    assert not list(dead.path.parent.glob(".*"))


def test_a_run_that_was_killed_before_its_link_is_found(tmp_path: pathlib.Path) -> None:
    """Its verdict was written: the next run makes the link lead to it."""
    conclude(started(tmp_path))
    killed = started(tmp_path, minute=1)
    (killed.path / "verdict.json").write_text('{"verdict": "BLOCKED"}')
    killed.close()
    started(tmp_path, minute=2)
    assert str((tmp_path / "predeploy").readlink()) == f"runs/{killed.path.name}"


def test_a_run_that_holds_a_secret_is_never_led_to(tmp_path: pathlib.Path) -> None:
    """Neither by itself nor by the next run, which puts the links in order."""
    good = conclude(started(tmp_path))
    leaky = started(tmp_path, minute=1)
    (leaky.path / "verdict.json").write_text('{"verdict": "BLOCKED"}')
    withhold(leaky.path)
    leaky.close()
    started(tmp_path, minute=2)
    assert str((tmp_path / "predeploy").readlink()) == f"runs/{good.path.name}"


def test_old_runs_go(tmp_path: pathlib.Path) -> None:
    """The newest stay, and whatever a link leads to, a living gate writes, or is not ours."""
    living = started(tmp_path)
    linked = conclude(started(tmp_path, "rollback", minute=1))
    gone = [conclude(started(tmp_path, minute=2 + one)) for one in range(3)]
    (tmp_path / "runs" / "notes").mkdir()
    kept = [conclude(started(tmp_path, minute=10 + one), keep=2) for one in range(2)]
    left = {one.name for one in (tmp_path / "runs").iterdir()}
    assert left == {one.path.name for one in (living, linked, *kept)} | {"notes"}
    assert not any(one.path.exists() for one in gone)


def test_a_folder_of_an_older_gate_is_kept(tmp_path: pathlib.Path) -> None:
    """It moves among the runs with all that is in it, and the link leads there."""
    old = tmp_path / "predeploy"
    old.mkdir()
    (old / "verdict.json").write_text(
        '{"verdict": "PROMOTE", "started": "2020-01-02T03:04:05+00:00"}'
    )
    (old / "mine.txt").write_text("kept")
    started(tmp_path)
    assert str(old.readlink()) == "runs/20200102T030405.000000Z-predeploy"
    assert (old / "mine.txt").read_text() == "kept"


def test_where_links_cannot_be_had_there_is_a_copy(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same files at the same place; the next run replaces them."""

    def refused(_path: pathlib.Path, _to: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(pathlib.Path, "symlink_to", refused)
    conclude(started(tmp_path))
    second = conclude(started(tmp_path, minute=1), "BLOCKED")
    assert not (tmp_path / "predeploy").is_symlink()
    assert word(tmp_path / "predeploy") == "BLOCKED"
    started(tmp_path, minute=2)
    assert sum(1 for _ in second.path.parent.iterdir()) == 3


@pytest.mark.parametrize("name", ["", "runs"])
def test_a_link_in_the_way_is_not_followed(tmp_path: pathlib.Path, name: str) -> None:
    """Somebody else chose where it leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = tmp_path / "reports" / "hera"
    way = place / name if name else place
    way.parent.mkdir(parents=True)
    way.symlink_to(elsewhere)
    with pytest.raises(GateError, match="a symbolic link, which is not followed"):
        started(place)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(("readers", "modes"), [("group", (0o750, 0o640)), ("all", (0o755, 0o644))])
def test_others_may_read_where_told(
    tmp_path: pathlib.Path, readers: str, modes: tuple[int, int]
) -> None:
    """The target's file says who may."""
    run = started(tmp_path, readers=readers)
    found = [stat.S_IMODE(one.stat().st_mode) for one in (run.path, run.path / "verdict.json")]
    assert tuple(found) == modes
