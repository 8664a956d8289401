"""A contract that promises nothing but absence: it says so itself, in every form."""

from __future__ import annotations

import json
import pathlib
from xml.etree import ElementTree as ET

import pytest

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
[api]
base = "http://127.0.0.1:9"
"""
AWAY = """
[path.away]
title = "Nothing is there yet"
source = "a self-test"
path = "{folder}/away"
purpose = "to come"
before = "absent"
"""
THERE = """
[path.there]
title = "The folder is there"
source = "a self-test"
path = "{folder}"
purpose = "to be seen"
"""
WAIVER = """
[waiver.one]
title = "It may be missing"
source = "a self-test"
item = "path.there"
owner = "nobody"
reason = "OPS-1: a self-test"
expires = 9999-12-31
"""
NOTHING = "nothing is promised to be there: an empty host would keep it all"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target, and no promise yet."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    return tmp_path


def promise(folder: pathlib.Path, text: str, chapter: str = "paths") -> None:
    """Write a chapter of the contract."""
    file = folder / "contract" / f"{chapter}.toml"
    file.write_text(text.replace("{folder}", str(folder)), "utf-8")


def test_nothing_but_absence_is_a_warning_in_every_form(folder: pathlib.Path) -> None:
    """The word stays: nothing is broken. Whoever reads any of the reports reads of it."""
    promise(folder, AWAY)
    done = runs.run(runs.command(folder, "predeploy", "--color=no"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"WARN at predeploy {NOTHING}" in " ".join(done.stdout.split())
    reports = folder / "reports" / "here" / "predeploy"
    (warning,) = runs.verdict(folder, "predeploy")["warnings"]
    assert NOTHING in warning
    suite = ET.parse(reports / "junit.xml").getroot()[0]  # noqa: S314 - the gate's own
    assert NOTHING in (suite.findtext("system-out") or "")
    values = [one.get("value") for one in suite.iter("property") if one.get("name") == "warning"]
    assert values == [warning]
    for name in ("STATE_SNAPSHOT_BEFORE.md", "report.html"):
        assert f"WARN: at predeploy {NOTHING}" in (reports / name).read_text("utf-8"), name
    pairs = (reports / "allure-results" / "environment.properties").read_text("latin-1")
    assert NOTHING in pairs
    statement = json.loads((reports / "attestation.intoto.json").read_text("utf-8"))
    assert statement["predicate"]["result"] == "WARNED"


@pytest.mark.parametrize(
    ("moment", "text", "warnings"),
    [("predeploy", AWAY + THERE, 0), ("rollback", AWAY, 1)],
)
def test_only_where_nothing_is_there(
    folder: pathlib.Path, moment: str, text: str, warnings: int
) -> None:
    """One thing that must be there is enough; the side of the moment decides."""
    promise(folder, text)
    done = runs.run(runs.command(folder, moment))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(runs.verdict(folder, moment)["warnings"]) == warnings


def test_everything_there_is_waived(folder: pathlib.Path) -> None:
    """What is left of the contract once the waivers are taken off says nothing."""
    promise(folder, THERE.replace('"{folder}"', '"{folder}/gone"') + AWAY)
    promise(folder, WAIVER, "waivers")
    done = runs.run(runs.command(folder, "predeploy"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert runs.verdict(folder, "predeploy")["warnings"] == [
        "at predeploy everything that is promised to be there is waived"
    ]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_suite_itself_promises_something(moment: Moment) -> None:
    """Most of the contract of ATUM DESK shows that something is there, at every moment."""
    promises = load_contract(runs.ROOT / "tests" / "contract").at(moment)
    showing = [one.id for one in promises if kinds()[one.kind].shows(one, moment)]
    assert len(showing) > len(promises) / 2


@pytest.mark.parametrize(
    ("chapter", "text"),
    [
        ("database", "[database.rest]\nnothing_else = true"),
        ("database", "[database.whole]\nrestored = true"),
        ("endpoints", '[endpoint.gone]\npath = "/x"\nstatus = 404'),
        ("endpoints", '[endpoint.gone]\npath = "/x"\nbefore = "absent"'),
        ("migrations", '[migration.none]\nfolder = "/x"\npending = []'),
        ("services", '[service.off]\nunit = "x.service"\nstate = "a (b)"\nbefore = "absent"'),
        ("plan", '[step.one]\nphase = "deploy"\norder = 1\nrun = "true"'),
        ("runtimes", '[clock.host]\nof = "host"\nwithin_s = 5'),
    ],
)
def test_what_an_empty_host_would_keep(folder: pathlib.Path, chapter: str, text: str) -> None:
    """These promises alone show nothing."""
    common = 'title = "t"\nsource = "s"\n'
    promise(folder, text.replace("]\n", f"]\n{common}", 1), chapter)
    (one,) = load_contract(folder / "contract").promises.values()
    assert not kinds()[one.kind].shows(one, "predeploy")
