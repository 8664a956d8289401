"""What reports say at their edges, and what their folders and files come to there."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from gate.errors import GateError, ObservationError
from gate.plugin.allure_files import CleanHook
from gate.plugin.last_word import _is_asked, refuse_switches
from gate.plugin.scheduler import Scheduler
from gate.report import private
from gate.report.allure_page import history, node
from gate.report.allure_page.gathered import _results, _Room
from gate.report.drift import _host, _parts
from gate.report.pictures.axis import Axis
from gate.report.pictures.tables import Pair, _columns, _words
from gate.report.run_keeping import _adopt, _clear
from gate.report.snapshot.rehearsal import _clone, _commands, _receipt
from gate.report.verdict_json import FILE as VERDICT
from gate.secrets import known
from gate.sources.fact import Seen
from tests.selftest.given import NOW, host, look, unclear
from tests.selftest.hosts import identity


def test_what_changed_of_a_part() -> None:
    """What is gone, new, or another; nothing of what is the same."""
    old, new = {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "d": "5"}
    assert [*_parts(old, new)] == ["b is 4, was 2", "c is gone", "d is new (5)"]
    was = look(host=host(identity=identity(hostname="hera")))
    is_ = look(host=host(identity=identity(hostname="zeus")))
    assert [(one.before, one.after) for one in _host(was, is_)] == [("hera", "zeus")]
    assert [*_host(was, was)] == []


def table(**columns: str) -> Any:
    """A catalog of one table."""
    return SimpleNamespace(tables={"t": SimpleNamespace(columns=columns)})


def test_what_a_picture_says_of_a_table() -> None:
    """Columns that come, go and change; a table of one side has no changes."""
    old, new = table(a="int", b="int", c="int"), table(a="int", b="text", d="int")
    assert [*_columns("t", old, new)] == ["~ b", "- c", "+ d"]
    assert [*_columns("t", old, SimpleNamespace(tables={}))] == []  # type: ignore[arg-type]
    changes = Counter({"~ b": 1})
    assert _words(Pair("t", None, 1, ()), changes) == "new"
    assert _words(Pair("t", 1, None, ()), changes) == "gone"
    assert _words(Pair("t", 1, 1, ("~ b",)), changes) == "~ b"


def test_times_beside_an_axis() -> None:
    """They stand at its edges."""
    axis = Axis((10.0, 20.0), (0.0, 1.0), ())
    at = [axis.at(dt.datetime.fromtimestamp(one, dt.timezone.utc)) for one in (5, 10, 15, 25)]
    assert at == [0.0, 0.0, 0.5, 1.0]


def test_a_rehearsal_of_which_little_is_known() -> None:
    """What was not judged is never told as well."""
    proof = Seen("the marker was read back")
    facts: Any = SimpleNamespace(
        clone=unclear("no clone"), targets_clone=proof, strangers=("psql",), seconds=1.0
    )
    assert not any("rows" in one for one in _clone(facts))
    clean = SimpleNamespace(revision="a", clean=True, rows_of="sample", losses=(), newly=())
    given: dict[str, Any] = {"history": 1, "steps": "head", "unjudged": {}}
    for receipts, unjudged, end in (
        ((clean,), {}, "There is a way back from everywhere."),
        ((clean,), {"b": "killed"}, "Whether there is a way back from everywhere was not seen."),
        ((), {}, "Whether there is a way back from everywhere was not seen."),
    ):
        facts = SimpleNamespace(**{**given, "receipts": Seen(receipts), "unjudged": unjudged})
        assert _receipt(facts)[-1] == end
    leg: Any = SimpleNamespace(revision="a", commands=unclear("no superuser"))
    assert _commands(leg) == ["- a: no superuser"]


def test_what_an_installation_left(tmp_path: pathlib.Path) -> None:
    """What was killed long ago goes; what may be at it still stays."""
    old, new = tmp_path / f"{node.NEW}old", tmp_path / f"{node.NEW}new"
    for one in (old, new):
        one.mkdir()
    ago = NOW.timestamp()
    os.utime(old, (ago - 3600, ago - 3600 * 24 * 365))
    node._sweep(tmp_path)  # noqa: SLF001 - its part
    assert (old.exists(), new.exists()) == (False, True)
    bare = node.Node("/usr/bin/node", ())
    with pytest.raises(GateError, match="/usr/bin/node has no npm"):
        node._install(bare, tmp_path, tmp_path / "x", {})  # noqa: SLF001 - as above
    assert node.run(["sh", "-c", "echo fine"], 10, environ=os.environ) == "fine"
    with pytest.raises(GateError, match="sh -c: exit status 3: no room"):
        node.run(["sh", "-c", "echo no room; exit 3"], 10, environ=os.environ)


def test_results_and_attachments(tmp_path: pathlib.Path) -> None:
    """Each is copied once; what is a link, elsewhere, or too large is no result."""
    source, folder = tmp_path / "source", tmp_path / "folder"
    source.mkdir()
    folder.mkdir()
    (source / "a-result.json").write_text(json.dumps({"uuid": "a"}), "utf-8")
    (source / "b-result.json").symlink_to(source / "a-result.json")
    (source / "c-result.json").write_text("[]", "utf-8")
    assert [one and one["uuid"] for one in _results(source)] == ["a", None, None]
    (source / "told.txt").write_text("told", "utf-8")
    (source / "link.txt").symlink_to(source / "told.txt")
    room = _Room(folder)
    for name in ("told.txt", "told.txt", "link.txt", "../x", ".x", "", "gone"):
        room.take(source, {"source": name, "type": "text/plain"})
    assert [one.name for one in folder.iterdir()] == ["told.txt"]


def test_folders_of_runs(tmp_path: pathlib.Path) -> None:
    """Half-written things go; to an old folder that is not finished nothing leads."""
    (tmp_path / ".a.part").mkdir()
    (tmp_path / ".b.part").write_text("x", "utf-8")
    (tmp_path / "kept").symlink_to(tmp_path / ".a.part")
    _clear(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    (tmp_path / "runs").mkdir()
    (tmp_path / "predeploy").mkdir()
    told = {"started": NOW.isoformat(), "verdict": "RUNNING"}
    (tmp_path / "predeploy" / VERDICT).write_text(json.dumps(told), "utf-8")
    _adopt(tmp_path, "predeploy")
    assert len([*(tmp_path / "runs").iterdir()]) == 1
    assert not (tmp_path / "predeploy").exists()


def test_who_may_read(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links are left alone; and whoever is not alone changes nothing."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("x", "utf-8")
    outside.chmod(0o604)
    (inside / "link").symlink_to(outside)
    (inside / "file").write_text("x", "utf-8")
    private.seal(inside, "owner")
    assert [oct(one.stat().st_mode & 0o777) for one in (inside / "file", outside)] == [
        "0o600", "0o604",
    ]  # fmt: skip
    monkeypatch.setattr(private, "held", lambda _: None)
    monkeypatch.setattr(private, "LOCK_WITHIN_S", 0.03)
    with private.alone(tmp_path) as alone:
        assert alone is False
    before = sorted(tmp_path.rglob("*"))
    history.add(tmp_path, [{"uuid": "a"}], "owner")
    assert sorted(tmp_path.rglob("*")) == before


SECRET = "Qx7-plover+Zu93_wombat.Kd55"  # noqa: S105 - made up


def test_a_file_that_is_attached(tmp_path: pathlib.Path) -> None:
    """It is handed on without secrets; as it is where it holds none, or cannot be read."""
    known.begin([SECRET])
    seen: list[tuple[str, bytes]] = []

    def hook(**given: Any) -> None:
        file = pathlib.Path(given["source"])
        seen.append((given["source"], file.read_bytes() if file.exists() else b"gone"))

    good, bad, gone = (str(tmp_path / one) for one in ("good", "bad", "gone"))
    pathlib.Path(good).write_text("fine", "utf-8")
    pathlib.Path(bad).write_text(f"it is {SECRET}", "utf-8")
    for one in (good, bad, gone):
        CleanHook(hook)(source=one, file_name="x")
    known.begin([])
    assert (seen[0], seen[2]) == ((good, b"fine"), (gone, b"gone"))
    assert seen[1] != (bad, f"it is {SECRET}".encode())
    assert seen[1][1] == b"it is [redacted]"


def config(**option: Any) -> Any:
    """A run of pytest's."""
    nothing = dict.fromkeys(
        ("target", "contract", "reports", "replay", "baseline", "release", "apply", "advise")
    )
    given = {**nothing, "plugins": [], "collectonly": False, "markexpr": "", **option}
    return SimpleNamespace(
        option=_Options(given),
        args_source=pytest.Config.ArgsSource.ARGS,
        pluginmanager=SimpleNamespace(has_plugin=lambda name: not name.endswith(".scheduler")),
    )


class _Options:
    """Options, of which those that were not given are empty."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        """One of them."""
        return self._given.get(name)


def test_who_asks_for_a_verdict() -> None:
    """Whoever names a moment, or no path; not who runs other tests by their paths."""
    assert _is_asked(config(markexpr="predeploy and not slow"))
    assert not _is_asked(config(markexpr="slow"))
    other = config()
    other.args_source = pytest.Config.ArgsSource.TESTPATHS
    assert _is_asked(other)
    with pytest.raises(pytest.UsageError, match=r"was taken away: gate\.plugin\.scheduler"):
        refuse_switches(config())
    with pytest.raises(pytest.UsageError, match="takes away a part of the gate"):
        refuse_switches(config(plugins=["no:gate.plugin.options"]))


def test_a_moment_that_nobody_looks_at() -> None:
    """Whoever waits for its scene, or for its turn, is told why it does not come."""
    scheduler = Scheduler.__new__(Scheduler)
    of: Any = SimpleNamespace(wait=lambda *_: False, is_set=lambda: False)
    vars(scheduler).update(_published={"predeploy": of}, _thread=None)
    with pytest.raises(ObservationError, match="nobody looked at predeploy"):
        scheduler.scene("predeploy")
    ended: Any = SimpleNamespace(is_set=lambda: True)
    there: Any = SimpleNamespace(wait=lambda *_: True)
    vars(scheduler).update(
        _judged={"predeploy": there}, stage=SimpleNamespace(cancelled=ended), blocked={}
    )
    with pytest.raises(ObservationError, match="the run was ended before"):
        scheduler._wait_for("predeploy")  # noqa: SLF001 - its part
    ended.is_set = lambda: False
    scheduler._wait_for("predeploy")  # noqa: SLF001 - its part
    scheduler.blocked = {"predeploy": "BLOCKED"}
    with pytest.raises(ObservationError, match="predeploy is not green"):
        scheduler._wait_for("predeploy")  # noqa: SLF001 - its part
