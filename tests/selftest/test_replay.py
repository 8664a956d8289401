"""Kept looks that are judged again or compared with: only where they belong, never promoted."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import xml.etree.ElementTree as ET
from typing import Any

import pytest

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
CONTRACT = """
[path.kept]
title = "The folder is there"
source = "a self-test"
path = "{folder}"
purpose = "to be seen"
"""
VERSION = """
[runtime.it]
title = "It says its version"
source = "a self-test"
label = "It"
command = ["echo", "1"]
pattern = '(\\d+)'
version = "{version}"
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A gate whose target is this machine, and one kept look at it, ``kept.json``."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path)
    done = runs.run(runs.command(tmp_path, "predeploy"))
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (tmp_path / "reports/here/predeploy/observed.json").read_bytes()
    (tmp_path / "kept.json").write_bytes(kept)
    return tmp_path


def promise(folder: pathlib.Path, more: str = "") -> None:
    """Write the contract."""
    text = CONTRACT.format(folder=folder) + more
    (folder / "contract" / "paths.toml").write_text(text, "utf-8")


def replay(folder: pathlib.Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Judge the kept look again."""
    return runs.run(runs.command(folder, "predeploy", f"--replay={folder / 'kept.json'}", *options))


def change(file: pathlib.Path, **words: Any) -> None:
    """Change a kept look; ``bound__place__host`` leads into it."""
    document = json.loads(file.read_text("utf-8"))
    for key, value in words.items():
        *way, last = key.split("__")
        inner = document
        for one in way:
            inner = inner[one]
        inner[last] = value
    file.write_text(json.dumps(document), "utf-8")


def test_a_replay_promotes_nothing(folder: pathlib.Path) -> None:
    """Everything holds, and yet: REPLAYED, exit 10, said everywhere, in a folder of its own."""
    first = runs.verdict(folder, "predeploy")
    leads = str((folder / "reports/here/predeploy").readlink())
    done = replay(folder)
    assert done.returncode == 10, done.stdout + done.stderr
    assert "NOTHING IS LOOKED AT" in done.stdout
    assert "verdict: REPLAYED (exit 10)" in done.stdout
    assert str((folder / "reports/here/predeploy").readlink()) == leads
    place = (folder / "reports/here/replay").resolve()
    assert place.name.endswith("-predeploy-replay")
    document = runs.verdict(folder, "replay")
    look = json.loads((folder / "kept.json").read_text("utf-8"))
    assert (document["verdict"], document["exit_status"]) == ("REPLAYED", 10)
    for name in ("started", "finished"):
        assert _time(document[name]) == _time(look[name])
    assert document["replay"]["looked"] == document["started"]
    assert document["items"] == [{**one, "seconds": document["items"][n]["seconds"]}
                                 for n, one in enumerate(first["items"])]  # fmt: skip
    statement = json.loads((place / "attestation.intoto.json").read_text("utf-8"))
    assert statement["predicate"]["result"] == "FAILED"
    said = "REPLAY: nothing was looked at"
    for name in ("attestation.intoto.json", "STATE_SNAPSHOT_BEFORE.md", "report.html", "junit.xml"):
        assert said in (place / name).read_text("utf-8"), name
    suite = ET.parse(place / "junit.xml").getroot()[0]  # noqa: S314 - our own
    assert suite.get("name") == "here predeploy (replay)"
    assert said in (place / "allure-results/environment.properties").read_text("latin-1")


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_replay_still_blocks(folder: pathlib.Path) -> None:
    """What was broken when it was looked at is broken."""
    promise(folder, CONTRACT.format(folder=f"{folder}/not there").replace("kept", "gone"))
    assert runs.run(runs.command(folder, "predeploy")).returncode == 1
    kept = (folder / "reports/here/predeploy/observed.json").read_bytes()
    (folder / "kept.json").write_bytes(kept)
    done = replay(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.verdict(folder, "replay")["verdict"] == "BLOCKED"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"bound__place__host": "ssh://root@elsewhere"}, "of another target: host"),
        ({"bound__place__name": "there"}, "of another target: name"),
        ({"bound__place__prefix": "/srv"}, "of another target: prefix"),
        ({"bound__place__users": {"ada": "bob"}}, "of another target: users"),
        ({"bound__place__api_base": "http://127.0.0.1:8"}, "of another target: api_base"),
        ({"bound__place__database": "other"}, "of another target: database"),
        ({"bound__contract": "0" * 64}, "taken by the contract 000000000000"),
        ({"bound__differs": "0" * 64}, "declared other differences"),
        ({"bound": {}}, "does not say what it was taken of"),
        ({"format": 1}, "no kept look of this version"),
        ({"moment": "rollback"}, "the look is one of rollback"),
        ({"started": "2026-01-01T00:00:00"}, "no kept look of this version"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_look_that_does_not_fit_is_refused(
    folder: pathlib.Path, words: dict[str, Any], reason: str
) -> None:
    """Exit status 4, with the reason; nothing is written."""
    change(folder / "kept.json", **words)
    before = sorted(one.name for one in (folder / "reports/here").rglob("*"))
    done = replay(folder)
    assert done.returncode == 4, done.stdout + done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(one.name for one in (folder / "reports/here").rglob("*")) == before


def test_an_answer_belongs_to_its_request(folder: pathlib.Path) -> None:
    """An item that asks for something else now is not judged by the answer to another question."""
    chapter = folder / "contract" / "runtimes.toml"
    chapter.write_text(VERSION.format(version="1"), "utf-8")
    assert runs.run(runs.command(folder, "predeploy")).returncode == 0
    kept = (folder / "reports/here/predeploy/observed.json").read_bytes()
    (folder / "kept.json").write_bytes(kept)
    change(folder / "kept.json", bound__asked={"runtime.it": "0" * 64})
    done = replay(folder)
    assert done.returncode == 10, done.stdout + done.stderr
    found = {one["id"]: one for one in runs.verdict(folder, "replay")["items"]}
    assert found["path.kept"]["outcome"] == "PASS"
    assert found["runtime.it"]["outcome"] == "INCONCLUSIVE"
    assert "was not asked for in this look" in found["runtime.it"]["reason"]


OLD = "2020-01-01T00:00:00Z"
YET = "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"bound__place__host": "ssh://root@elsewhere"}, "of another target: host"),
        ({"bound__place__name": "there"}, "of another target: name"),
        ({"moment": "postdeploy"}, "one of postdeploy, not of predeploy"),
        ({"started": OLD, "finished": OLD}, "older than 7 days"),
        ({"started": YET, "finished": YET}, "yet to come"),
        ({"bound__replayed": True}, "written by a replay"),
        ({"bound": {}}, "does not say what it was taken of"),
    ],
    ids=["host", "name", "moment", "old", "yet-to-come", "replayed", "unbound"],
)
def test_a_baseline_that_does_not_fit_is_refused(
    folder: pathlib.Path, words: dict[str, Any], reason: str
) -> None:
    """Exit status 4 where it is named; where it is found by itself, it is told."""
    change(folder / "kept.json", **words)
    named = f"--baseline={folder / 'kept.json'}"
    done = runs.run(runs.command(folder, "postdeploy", named))
    assert done.returncode == 4, done.stdout + done.stderr
    assert reason in done.stderr
    kept = folder / "reports/here/predeploy/observed.json"
    change(kept, **words)
    done = runs.run(runs.command(folder, "postdeploy"))
    assert reason in done.stdout, done.stdout + done.stderr


def test_a_contract_says_how_old_a_baseline_may_be(folder: pathlib.Path) -> None:
    """Seven days where it says nothing."""
    ago = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=8)
    change(folder / "kept.json", started=ago.isoformat(), finished=ago.isoformat())
    named = f"--baseline={folder / 'kept.json'}"
    assert runs.run(runs.command(folder, "postdeploy", named)).returncode == 4
    promise(folder, "[about]\nbaseline_days = 9\n")
    done = runs.run(runs.command(folder, "postdeploy", named))
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_replay_wrote_is_no_baseline(folder: pathlib.Path) -> None:
    """It is marked, whatever it is called by then."""
    assert replay(folder).returncode == 10
    named = f"--baseline={folder / 'reports/here/replay/observed.json'}"
    done = runs.run(runs.command(folder, "postdeploy", named))
    assert done.returncode == 4
    assert "written by a replay" in done.stderr


@pytest.fixture(scope="module")
def sandbox_run(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The reports of a run on a sandbox that is gone by now."""
    reports = tmp_path_factory.mktemp("reports")
    command = [*runs.command(reports, "predeploy")[:5], "--target=sandbox", f"--reports={reports}"]
    subprocess.run(command, cwd=runs.ROOT, env=runs.environ(), check=False, timeout=300)  # noqa: S603
    return reports / "sandbox"


def test_the_sandboxs_own_look_is_judged_the_same(sandbox_run: pathlib.Path) -> None:
    """Item by item: where everything was is kept with the look."""
    first = json.loads((sandbox_run / "predeploy/verdict.json").read_text("utf-8"))
    command = [*runs.command(sandbox_run, "predeploy")[:5], "--target=sandbox"]
    kept = f"--replay={sandbox_run / 'predeploy/observed.json'}"
    done = runs.run([*command, f"--reports={sandbox_run.parent}", kept])
    again = json.loads((sandbox_run / "replay/verdict.json").read_text("utf-8"))
    outcomes = [{one["id"]: one["outcome"] for one in each["items"]} for each in (first, again)]
    changed = {id_: (was, outcomes[1].get(id_)) for id_, was in outcomes[0].items()
               if outcomes[1].get(id_) != was}  # fmt: skip
    assert changed == {}
    assert done.returncode == (1 if first["verdict"] == "BLOCKED" else 10)
    assert len(first["items"]) > 200
