"""Sources of facts: each is kept by itself, and others come from other packages."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

from gate.errors import GateError
from gate.sources.fact import Absent, CannotTell
from gate.sources.observation_file import read_observed, write_observed
from gate.sources.observed import Observed
from gate.sources.registry import sources
from tests.selftest import runs
from tests.selftest.hosts import NOW

OWN = [
    *("host", "database", "queries", "api", "queues"),
    *("migrations", "canary", "rehearsal", "plan"),
]
UNTOLD = Absent("nothing of it")
TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
CONTRACT = """
[tide.harbour]
title = "The tide is in"
source = "a self-test"
level = {level}
"""
# A package from outside: a source, its questions and facts, and one kind of promise on it.
OUTSIDE = '''
"""Tides."""

import dataclasses
import os
import time

from gate.contract.item import Item
from gate.kinds.finding import Finding
from gate.kinds.kind import Kind, State, always, no_references, not_seen, shown
from gate.sources.fact import Absent, CannotTell, Model, Seen, require
from gate.sources.source import Source


class Tide(Item):
    """A tide.

    Attributes:
        level: How high it must be.
    """

    level: int


@dataclasses.dataclass(frozen=True)
class AskTide:
    harbour: str


class Tides(Model):
    levels: dict[str, int]


def look(looking):
    asked = {one.harbour for one in looking.asked if isinstance(one, AskTide)}
    mood = os.environ.get("TIDE", "")
    if mood == "hangs":
        time.sleep(60)
    if mood == "breaks":
        raise RuntimeError("the gauge is dry")
    return Seen(Tides(levels=dict.fromkeys(asked, int(mood or "7"))))


SOURCE = Source(
    name="tides", format=int(os.environ.get("TIDE_FORMAT", "1")), facts=Tides, look=look,
    deadline=lambda target: 1.0,
)


def find(promise, scene):
    return scene.observed.of(SOURCE)


def compare(promise, scene):
    level = require(find(promise, scene), "tides").levels[promise.name]
    must = scene.item(promise, Tide).level
    broken = () if level >= must else (f"only {level}",)
    return Finding(promised=f"at least {must}", seen=str(level), broken=broken)


def state(promise, scene):
    fact = find(promise, scene)
    if not isinstance(fact, Seen):
        return not_seen(fact)
    return State(str(fact.value.levels[promise.name]))


def row(promise, scene):
    say = lambda tides: str(tides.levels[promise.name])
    return {"Harbour": promise.name, "Level": shown(find(promise, scene), "absent", say)}


KIND = Kind(
    name="tide", chapter="tides", rank=500, model=Tide, severity="minor", moments=always,
    asks=lambda promise, moment, target: [AskTide(promise.name)], find=find, compare=compare,
    state=state, row=row, references=no_references,
)
'''


def observed(**facts: Any) -> Observed:
    """A look, of which the sources that are named told something else than nothing."""
    told = {**dict.fromkeys(OWN, UNTOLD), **facts}
    return Observed(target="desk", moment="predeploy", started=NOW, finished=NOW, sources=told)


def test_every_source_is_registered() -> None:
    """Its package says so; nobody keeps a list."""
    assert [*sources()] == OWN


def kept(file: pathlib.Path, look: Observed) -> dict[str, Any]:
    """The document of a look."""
    write_observed(file, look)
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def test_each_is_kept_by_itself(tmp_path: pathlib.Path) -> None:
    """Under its name, with its own format."""
    file = tmp_path / "observed.json"
    document = kept(file, observed())
    assert document["format"] == 3
    assert {name: one["format"] for name, one in document["sources"].items()} == {
        name: one.format for name, one in sources().items()
    }
    assert read_observed(file) == observed()


def test_a_look_from_before_a_source_existed(tmp_path: pathlib.Path) -> None:
    """It is read; what the source would have told cannot be told, and the rest can."""
    file = tmp_path / "observed.json"
    document = kept(file, observed())
    del document["sources"]["rehearsal"]
    file.write_text(json.dumps(document), "utf-8")
    found = read_observed(file)
    assert isinstance(found.rehearsal, CannotTell)
    assert "was not looked at then" in found.rehearsal.reason
    assert found.host == UNTOLD


@pytest.mark.parametrize("name", ["rehearsal", "unheard-of"])
def test_another_format_is_kept_and_not_judged(tmp_path: pathlib.Path, name: str) -> None:
    """As is a source that nobody has here; what it told is written again as it was."""
    file = tmp_path / "observed.json"
    document = kept(file, observed())
    document["sources"][name] = {"format": 77, "facts": {"odd": [1, "two"]}}
    file.write_text(json.dumps(document), "utf-8")
    found = read_observed(file)
    fact = found.told(name)
    assert isinstance(fact, CannotTell)
    assert "kept by another version (format 77" in fact.reason
    assert kept(tmp_path / "again.json", found)["sources"] == document["sources"]


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"format": 1, "facts": {"fact": "seen", "value": 7}}, "plan"),
        ({"facts": {"fact": "absent", "proof": ""}}, "plan.format"),
        ([], "plan"),
    ],
    ids=["facts", "format", "list"],
)
def test_a_spoilt_source_is_refused(tmp_path: pathlib.Path, spoilt: object, words: str) -> None:
    """By its name."""
    file = tmp_path / "observed.json"
    document = kept(file, observed())
    document["sources"]["plan"] = spoilt
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(GateError, match=f"is no kept look.*{words}"):
        read_observed(file)


def test_the_format_before_is_refused(tmp_path: pathlib.Path) -> None:
    """It says so."""
    file = tmp_path / "observed.json"
    document = {**kept(file, observed()), "format": 2}
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(GateError, match="is no kept look of this version of the gate: format"):
        read_observed(file)


class Harbour:
    """A folder with the package from outside, and a promise on it."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Install the package: a module, and the entry points that name what is in it."""
        self.folder = folder
        (folder / "contract").mkdir()
        (folder / "here.toml").write_text(TARGET, "utf-8")
        site = folder / "site"
        (site / "gate_tides-1.dist-info").mkdir(parents=True)
        (site / "gate_tides.py").write_text(OUTSIDE, "utf-8")
        info = site / "gate_tides-1.dist-info"
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gate-tides\nVersion: 1\n")
        (info / "entry_points.txt").write_text(
            "[gate.kinds]\ntide = gate_tides:KIND\n[gate.sources]\ntides = gate_tides:SOURCE\n"
        )

    def check(self, moment: str, level: int = 5, **more: str) -> tuple[str, str]:
        """Outcome and reason of the promise."""
        file = self.folder / "contract/tides.toml"
        file.write_text(CONTRACT.format(level=level), "utf-8")
        words = [
            *(sys.executable, "-m", "gate", "check", moment),
            f"--target={self.folder / 'here.toml'}",
            f"--contract={self.folder / 'contract'}",
            f"--reports={self.folder / 'reports'}",
        ]
        done = runs.run(words, PYTHONPATH=f"{self.folder / 'site'}:{runs.ROOT}", **more)
        assert done.returncode in (0, 1, 10), done.stderr
        (line,) = runs.verdict(self.folder, moment)["items"]
        return line["outcome"], line["reason"]

    def report(self, moment: str, name: str) -> str:
        """A report of a moment."""
        return (self.folder / "reports/here" / moment / name).read_text("utf-8")


@pytest.fixture
def harbour(tmp_path: pathlib.Path) -> Harbour:
    """The package from outside."""
    return Harbour(tmp_path)


def test_a_source_from_outside(harbour: Harbour) -> None:
    """Looked at, kept, judged, and compared from moment to moment."""
    assert harbour.check("predeploy")[0] == "PASS"
    facts = json.loads(harbour.report("predeploy", "observed.json"))["sources"]["tides"]
    assert facts == {"format": 1, "facts": {"value": {"levels": {"harbour": 7}}, "fact": "seen"}}
    assert harbour.check("postdeploy", TIDE="3") == ("FAIL", "only 3")
    assert "tide.harbour" in harbour.report("postdeploy", "STATE_DIFF.md")


@pytest.mark.parametrize(
    ("mood", "reason"),
    [("hangs", "tides did not answer within 1 s"), ("breaks", "RuntimeError: the gauge is dry")],
)
def test_a_source_that_fails_cannot_tell(harbour: Harbour, mood: str, reason: str) -> None:
    """It ends in its time, and spoils nothing but its own promises."""
    outcome, why = harbour.check("predeploy", TIDE=mood)
    assert outcome == "INCONCLUSIVE"
    assert reason in why
    facts = json.loads(harbour.report("predeploy", "observed.json"))["sources"]
    assert facts["host"]["facts"]["fact"] == "seen"


def test_a_baseline_of_another_format(harbour: Harbour) -> None:
    """What was seen then is not judged; what is seen now is."""
    assert harbour.check("predeploy")[0] == "PASS"
    assert harbour.check("postdeploy", TIDE_FORMAT="2")[0] == "PASS"
    assert "another version" in harbour.report("postdeploy", "STATE_DIFF.md")


def test_a_kind_is_one_module_and_a_source_another(tmp_path: pathlib.Path) -> None:
    """Two files dropped into the engine, and a contract: nothing else has to know of them."""
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(runs.ROOT / "gate", tree / "gate", ignore=ignored)
    before, _, after = OUTSIDE.partition("SOURCE = Source(")
    source, _, judgement = after.partition("\n)\n")
    source_text = f"{before}SOURCE = Source({source}\n)\n"
    (tree / "gate/sources/tides").mkdir()
    (tree / "gate/sources/tides/__init__.py").write_text('"""Tides."""\n', "utf-8")
    (tree / "gate/sources/tides/source.py").write_text(source_text, "utf-8")
    head = source_text.partition("class Tide(")[0]
    mine = "from gate.sources.tides.source import SOURCE, AskTide, Tide\n"
    (tree / "gate/kinds/tide.py").write_text(head + mine + judgement, "utf-8")
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract/tides.toml").write_text(CONTRACT.format(level=5), "utf-8")
    words = [
        *(sys.executable, "-m", "gate", "check", "predeploy"),
        f"--target={tmp_path / 'here.toml'}",
        f"--contract={tmp_path / 'contract'}",
        f"--reports={tmp_path / 'reports'}",
    ]
    done = subprocess.run(  # noqa: S603 - the gate itself
        words,
        cwd=tree,
        env=runs.environ(PYTHONPATH=str(tree)),
        capture_output=True,
        text=True,
        check=False,
        timeout=runs.WITHIN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "reports/here/predeploy"
    for name in ("verdict.json", "STATE_SNAPSHOT_BEFORE.md", "report.html", "junit.xml"):
        assert "tide.harbour" in (folder / name).read_text("utf-8"), name
