"""``allure.html``: what a person has who opens it from the disk, without a network."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import fcntl
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.errors import GateError
from gate.report import allure_page
from gate.report.account import Account
from gate.report.allure_page import history, node, sealed
from gate.report.allure_page.gathered import ALL_BYTES, gather
from gate.report.allure_page.story import stories
from gate.report.allure_results import FOLDER
from gate.report.runs import TIME
from gate.report.write import write_all
from gate.secrets.redactor import Redactor
from gate.sources.observed import Observed
from tests.bench import allure_moments
from tests.selftest.browser import Browser, browser, chromium

NOON = dt.datetime(2026, 2, 13, 12, 0, tzinfo=dt.timezone.utc)
DEAD = Result(outcome=Outcome.FAIL, promised="active", seen="failed", reason="it is failed")
AWAY = Result(outcome=Outcome.INCONCLUSIVE, reason="ssh went away")
NOTED = Result(outcome=Outcome.WARN, reason="nearly over its budget")
SAID = """const said = (words) => (one) =>
  one.innerText?.trim().replace(/\\s+[0-9]+$/, "") === words;"""
"""What a person reads on an element, but for a number that counts something."""
Told = Callable[..., Account]
Results = Mapping[Moment, Mapping[str, Result]]
FAILED: Results = {
    "predeploy": {"risk.schema": NOTED},
    "postdeploy": {"service.api": DEAD, "port.api": AWAY},
    "rollback": {},
}
HOSTILE = (
    '<img src=x onerror="window.hit=1"><script>window.hit=1;alert(1)</script> \U0001f525 '
    "\u202etxet\u202c \x1b[31m ${7*7} {{7*7}} [x](javascript:alert(1)) "
    "![y]({elsewhere}/y.png) "
)
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><script>window.hit=1</script>'
    '<image href="{elsewhere}/z.png"/><text y="20">seconds</text></svg>'
)


@pytest.fixture
def write(told: Told, look: Callable[[Moment], Observed]) -> Callable[..., pathlib.Path]:
    """A function that writes a run's folder, hours after noon."""

    def write(
        place: pathlib.Path, moment: Moment, hours: int, results: Mapping[str, Result]
    ) -> pathlib.Path:
        started = NOON + dt.timedelta(hours=hours)
        seen = look(moment).model_copy(
            update={"started": started, "finished": started + dt.timedelta(seconds=40)}
        )
        account = told(
            moment,
            results,
            observed=seen,
            started=started,
            finished=started + dt.timedelta(seconds=50),
            baseline=None if moment == "predeploy" else look("predeploy"),
        )
        folder = place / "runs" / f"{started.strftime(TIME)}-{moment}"
        write_all(folder, account, Redactor([]))
        return folder

    return write


@pytest.fixture
def deployed(
    tmp_path: pathlib.Path, write: Callable[..., pathlib.Path]
) -> Callable[..., pathlib.Path]:
    """A function that writes a deployment's runs, and gives the target's folder."""

    def deployed(results: Results = FAILED, hours: int = 0) -> pathlib.Path:
        place = tmp_path / "reports" / "hera"
        for number, moment in enumerate(results):
            write(place, moment, hours + number, results[moment])
        return place

    return deployed


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Surroundings in which Allure is installed, once for all workers."""
    top = tmp_path_factory.getbasetemp()
    top = top.parent if os.environ.get("PYTEST_XDIST_WORKER") else top
    found = {**os.environ, "XDG_CACHE_HOME": str(top / "allure-cache")}
    try:
        program = node.find_node(found)
    except GateError as error:
        pytest.skip(str(error))
    with (top / "allure-cache.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        node.allure(program, found)
    return found


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Somebody who could be asked: the address, and who did ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[str] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, address = server.accept()
                    asked.append(str(address))
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.fixture
def reader(tmp_path: pathlib.Path) -> Iterator[Browser]:
    """Somebody with a browser."""
    if chromium() is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with browser(tmp_path) as found:
        found.look_like(width=1280)
        yield found


def open_at(reader: Browser, page: pathlib.Path, *places: str) -> None:
    """Open a page, and click on what has these words, one behind the other."""
    reader.open(page)
    for place in places:
        click(reader, place)


def click(reader: Browser, place: str) -> None:
    """Click on the innermost thing that says this."""
    found = f"[...document.querySelectorAll('*')].filter(said({json.dumps(place)})).at(-1)"
    reader.wait(f"(() => {{ {SAID} return {found} !== undefined }})()")
    reader.run(f"(() => {{ {SAID} {found}.click() }})()")


def at(result: Mapping[str, Any]) -> str:
    """Where a result is in the page."""
    return f"#{hashlib.md5(result['uuid'].encode(), usedforsecurity=False).hexdigest()}"


def shows(reader: Browser, *words: str) -> None:
    """Wait until words can be read."""
    reader.wait_for_text(*words)


def test_a_failed_deployment_and_its_rollback_are_one_page(
    deployed: Callable[..., pathlib.Path], environ: dict[str, str], reader: Browser
) -> None:
    """Every result of three moments is there, only the deployment's failures fail, none retries."""
    place = deployed({"predeploy": {}, "postdeploy": {}})
    deployed(FAILED, 24)
    page = allure_page.build(place, "owner", environ=environ)
    story = stories(place)[-1]
    results = [
        json.loads(one.read_text("utf-8"))
        for run in story.runs.values()
        for one in (run / FOLDER).glob("*-result.json")
    ]
    reader.open(page)
    shows(reader, f"Results {len(results)}", "Failed\n1\n", "Broken\n1\n", "postdeploy BLOCKED")
    assert "Retries" not in reader.text
    told = reader.text
    for moment in MOMENTS:
        assert moment in told
        assert story.runs[moment].name in told
    for number, one in enumerate(results):
        reader.run(f"location.hash = {json.dumps(at(one))}")
        wanted = [one["name"], one["fullName"], *(step["name"] for step in one["steps"])]
        if number % 10 == 0 or one["status"] != "passed" or one["steps"]:
            shows(reader, *wanted)
    assert reader.asked_others == []
    assert reader.said == []


def test_moments_are_counted(
    deployed: Callable[..., pathlib.Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the CI counts of the whole cycle: a retry is seen, and a result that is otherwise."""
    place = deployed(FAILED)
    assert allure_moments.main(str(place)) == 0
    told = capsys.readouterr().out
    assert "results of 3 moments (predeploy, postdeploy, rollback): 1 broken, 1 failed," in told
    assert told.endswith("; 0 retries\n")
    run = stories(place)[-1].runs["postdeploy"] / FOLDER
    one = next(run.glob("*-result.json"))
    again = one.with_name(f"again-{one.name}")
    again.write_bytes(one.read_bytes())
    assert allure_moments.main(str(place)) == 1
    assert "retry (Allure 2): 2 results" in capsys.readouterr().err
    again.unlink()
    text = one.read_text("utf-8").replace('"status": "passed"', '"status": "failed"', 1)
    one.write_text(text, "utf-8")
    assert allure_moments.main(str(place)) == 1
    assert "postdeploy: failed are" in capsys.readouterr().err


def test_the_documents_are_read_in_the_page(
    deployed: Callable[..., pathlib.Path], environ: dict[str, str], reader: Browser
) -> None:
    """Snapshot and comparison are rendered text, pictures are seen, and a trend goes back."""
    place = deployed({"predeploy": {}, "postdeploy": {}})
    deployed(FAILED, 24)
    page = allure_page.build(place, "owner", environ=environ)
    open_at(reader, page, "Global Attachments", "predeploy: STATE_SNAPSHOT_BEFORE.md")
    shows(reader, "Services Status (Pre-Deployment) Service", "/data/ATUM DESK/atum-desk/api")
    click(reader, "rollback: STATE_SNAPSHOT_RESTORED.md")
    shows(reader, "alembic downgrade")
    click(reader, "postdeploy: STATE_DIFF.md")
    shows(reader, "Happened as promised\nItem")
    for picture in ("predeploy: What took place, and when", "postdeploy: Tables before and now"):
        before = reader.run("document.images.length")
        click(reader, picture)
        reader.wait(f"document.images.length > {before}")
        reader.wait("[...document.images].every((one) => one.naturalWidth > 100)")
    open_at(reader, page, "The API runs")
    shows(reader, "Category: Promise broken", "History\n1\n", "Attachments\n3\n", "Critical")
    assert reader.asked_others == []


def test_nothing_that_a_target_says_is_carried_out(
    deployed: Callable[..., pathlib.Path],
    environ: dict[str, str],
    reader: Browser,
    elsewhere: tuple[str, list[str]],
) -> None:
    """Titles, descriptions, traces, documents and pictures with markup are shown as text."""
    address, asked = elsewhere
    place = deployed({"predeploy": {"service.api": DEAD}})
    folder = stories(place)[-1].last / FOLDER
    hostile, picture = (text.replace("{elsewhere}", address) for text in (HOSTILE, PICTURE))
    (file,) = (one for one in folder.glob("*-result.json") if b'"failed"' in one.read_bytes())
    one = json.loads(file.read_text("utf-8"))
    one |= {"name": f"{hostile}{'long ' * 2000}", "description": hostile}
    one["statusDetails"] = {"message": hostile, "trace": hostile}
    one["labels"] += [{"name": name, "value": hostile} for name in ("tag", "epic")]
    one["parameters"] += [{"name": hostile, "value": hostile}]
    one["links"] = [{"type": "link", "name": hostile, "url": "javascript:alert(1)"}]
    one["steps"] = [{"name": hostile, "status": "failed", "stage": "finished"}]
    for kind, text in (
        ("text/markdown", hostile),
        ("image/svg+xml", picture),
        ("text/html", hostile),
        ("text/plain", hostile),
    ):
        source = f"{kind.replace('/', '-')}-attachment"
        (folder / source).write_text(text, "utf-8")
        one["attachments"] += [{"name": source, "source": source, "type": kind}]
    file.write_text(json.dumps(one), "utf-8")
    page = allure_page.build(place, "owner", environ=environ)
    reader.open(page)
    shows(reader, "<img src=x onerror=")
    reader.run(f"location.hash = {json.dumps(at(one))}")
    shows(reader, "text-plain-attachment")
    headers = "document.querySelectorAll('[data-testid=test-result-attachment-header] > button')"
    reader.run(f"[...{headers}].forEach((one) => one.click())")
    shows(reader, "y.png")
    reader.wait("document.querySelectorAll('iframe').length >= 2")
    assert reader.run("window.hit") is None
    assert not [two for two in reader.said if two.startswith("dialog")]
    assert reader.asked_others == []
    assert asked == []


def test_two_runs_at_once_leave_a_whole_page(
    deployed: Callable[..., pathlib.Path], environ: dict[str, str]
) -> None:
    """Whoever is last has the page; it is never half of one, and nothing else is left."""
    place = deployed()
    problems: list[BaseException] = []

    def make() -> None:
        try:
            allure_page.build(place, "owner", environ=environ)
        except BaseException as error:  # noqa: BLE001 - told below
            problems.append(error)

    both = [threading.Thread(target=make) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
    assert problems == []
    text = (place / allure_page.FILE).read_text("utf-8")
    assert text.rstrip().endswith("</html>")
    assert "googletagmanager" not in text
    assert sorted(one.name for one in place.iterdir()) == ["allure.html", "history.jsonl", "runs"]
    assert len(history.read(place)) == 1


def test_a_page_that_is_built_otherwise_is_not_handed_out() -> None:
    """Where Allure's page is not as it is known to be, nobody can promise that it asks nobody."""
    with pytest.raises(GateError, match="not built as expected"):
        sealed.sealed('<html><head><meta charset="utf-8"></head><body></body></html>')


def test_a_page_with_one_script_more_is_not_handed_out() -> None:
    """A script is let run for being Allure's own, and not for being there."""
    program = base64.b64encode(b"run()").decode()
    ours = "<script>1</script>" * 4
    page = (
        '<html><head><meta charset="utf-8"></head><body>'
        f'<script  src="data:text/javascript;base64,{program}"></script>{ours}'
        '<script async src="https://www.googletagmanager.com/gtag/js?id=G"></script>'
        "<script>window.dataLayer = [];</script>{more}</body></html>"
    )
    text = sealed.sealed(page.replace("{more}", "<script async>d()</script>"))
    assert "googletagmanager" not in text
    assert text.endswith("<script>run()</script>\n</body></html>")
    with pytest.raises(GateError, match="has 7 scripts"):
        sealed.sealed(page.replace("{more}", "<script>d()</script><script>hit()</script>"))


def test_what_a_killed_run_left_is_not_told(
    deployed: Callable[..., pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """A run without an end is named and left out; half of a result costs only itself."""
    place = deployed({"predeploy": {}, "postdeploy": {}})
    before, after = stories(place)[-1].runs.values()
    killed = place / "runs" / f"{(NOON + dt.timedelta(hours=5)).strftime(TIME)}-rollback"
    shutil.copytree(after, killed)
    (killed / "verdict.json").write_text('{"verdict": "RUNNING"}', "utf-8")
    half, odd, *_ = sorted((before / FOLDER).glob("*-result.json"))
    whole = half.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    odd.write_text("[" * 100_000, "utf-8")
    (tmp_path / "into").mkdir()
    found = gather(stories(place)[-1], tmp_path / "into")
    assert f"{killed.name} is left out: RUNNING" in found.notes
    assert f"{before.name}: 2 results cannot be read, and are left out" in found.notes
    assert [*found.words] == ["predeploy", "postdeploy"]
    files = {one.name for one in (tmp_path / "into").glob("*-result.json")}
    assert len(files) == len(found.results)
    assert not {half.name, odd.name} & files
    told = json.loads((tmp_path / "into" / "gate-globals.json").read_text("utf-8"))
    assert [one["message"] for one in told["errors"]] == found.notes


def test_a_flood_of_evidence_is_cut(
    deployed: Callable[..., pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """50 MB beside a result, and as much in small pieces, are a page that a browser opens."""
    place = deployed({"predeploy": {}})
    run = stories(place)[-1].last
    large, *rest = sorted((run / FOLDER).glob("*-attachment.json"))
    large.write_bytes(b"x" * 50_000_000)
    for one in rest:
        one.write_bytes(b"y" * 1_500_000)
    (tmp_path / "into").mkdir()
    found = gather(stories(place)[-1], tmp_path / "into")
    sizes = {one.name: one.stat().st_size for one in (tmp_path / "into").iterdir()}
    assert sum(sizes.values()) < ALL_BYTES * 1.1
    assert b"50000000 bytes in all" in (tmp_path / "into" / large.name).read_bytes()[-400:]
    assert any("too large" in one for one in found.notes)
    types = {
        one["source"]: one["type"] for each in found.results for one in each.get("attachments", [])
    }
    assert types[large.name] == "text/plain"


def test_the_story_is_the_newest_deployment(
    deployed: Callable[..., pathlib.Path], write: Callable[..., pathlib.Path]
) -> None:
    """A look from before begins another one; what was looked at twice is told once, and said."""
    place = deployed(FAILED)
    assert [[*one.runs] for one in stories(place)] == [[*MOMENTS]]
    write(place, "predeploy", 10, {"service.api": DEAD})
    again = write(place, "predeploy", 11, {})
    assert [[*one.runs] for one in stories(place)] == [[*MOMENTS], ["predeploy"]]
    assert stories(place)[-1].last == again
    (said,) = stories(place)[-1].missing
    assert said.endswith("-predeploy ended BLOCKED; it was looked at again")
    write(place, "postdeploy", 12, {})
    write(place, "rollback", 13, {})
    write(place, "postdeploy", 14, {})
    assert [[*one.runs] for one in stories(place)][1:] == [[*MOMENTS], ["postdeploy"]]


def test_the_history_goes_back_twenty_deployments(
    deployed: Callable[..., pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """Ids stay; a line that is none is left out, the oldest go, and the same one stays one line."""
    place = deployed({"predeploy": {"service.api": DEAD}})
    (tmp_path / "into").mkdir()
    story = stories(place)[-1]
    one = history.point(story, "hera", gather(story, tmp_path / "into").results)
    (place / history.FILE).write_text('{"uuid": 1}\nnonsense\n[]\n', "utf-8")
    for number in range(25):
        point = {**one, "uuid": f"{number:02}", "timestamp": number}
        history.add(place, [point, point], "owner")
    assert [found["uuid"] for found in history.read(place)] == [f"{n:02}" for n in range(5, 25)]
    failed = [two for two in one["testResults"].values() if two["status"] == "failed"]
    assert [two["error"]["message"] for two in failed] == ["service.api: it is failed"]


def program(folder: pathlib.Path, says: str, name: str = "node") -> pathlib.Path:
    """A program of this name that says something."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {says}\n", "utf-8")
    file.chmod(0o755)
    return file


@contextlib.contextmanager
def package(found: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this Python package of Node, or none."""
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda _: found)
        yield


def test_without_node_one_line_says_so(
    deployed: Callable[..., pathlib.Path], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Node, an old one, and something else of that name: what is wrong, and what helps."""
    place = deployed({"predeploy": {}})
    with package(None, monkeypatch):
        for says, words in (
            ("", "there is none"),
            ("v18.20.4", "node is version 18, and 20 or newer is needed"),
            ("hello", "node is no Node"),
        ):
            folder = tmp_path / f"bin{says}"
            folder.mkdir()
            if says:
                program(folder, says)
            with pytest.raises(GateError, match=re.escape(words)) as caught:
                allure_page.build(place, "owner", environ={"PATH": str(folder)})
            assert "atum-desk-gate[allure]" in str(caught.value)
            assert "\n" not in str(caught.value)
    assert not (place / allure_page.FILE).exists()
    assert len(history.read(place)) == 1, "the history is kept all the same"


def test_node_may_come_from_its_python_package(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's is taken where it is new enough, else the package's, with its own npm."""
    old, new = tmp_path / "old", tmp_path / "new"
    program(old, "v18.20.4")
    program(new, "v20.1.0")
    program(tmp_path / "package" / "bin", "v22.1.0")
    npm = tmp_path / "package/lib/node_modules/npm/bin/npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text("", "utf-8")

    class Spec:
        submodule_search_locations = (str(tmp_path / "package"),)

    with package(Spec, monkeypatch):
        of_package = str(tmp_path / "package" / "bin" / "node")
        assert node.find_node({"PATH": str(old)}) == node.Node(of_package, (of_package, str(npm)))
        assert node.find_node({"PATH": str(new)}).program == str(new / "node")


def test_what_builds_a_page_is_bounded_and_told_no_secret(tmp_path: pathlib.Path) -> None:
    """It ends in time, with all that it started, and its environment holds no password."""
    with pytest.raises(GateError, match="did not end within"):
        node.run(["sh", "-c", "sleep 60 & sleep 60"], 0.2, environ=os.environ)
    given = {
        "PATH": os.environ["PATH"],
        "PGPASSWORD": "geheim",
        "HTTPS_PROXY": "p",
        "npm_config_x": "",
    }
    told = node.run(["env"], 10, environ=given, cwd=tmp_path)
    assert "geheim" not in told
    assert "HTTPS_PROXY=p" in told


def test_the_lock_names_no_address() -> None:
    """What is installed is known by its digest, wherever it comes from."""
    lock = json.loads(node.LOCK[1].read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert not [name for name, one in packages.items() if "resolved" in one]
    assert "://" not in node.LOCK[0].read_text("utf-8") + node.LOCK[1].read_text("utf-8")
