"""Odd ids and endless titles through a whole run: every report names each item as it is."""

from __future__ import annotations

import html.parser
import json
import pathlib
import re
import shutil
import subprocess
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from gate.report.text import plain
from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
IDS = {
    "é-服务-ß": "kept",
    'it\'s "so"': "kept",
    "<b onclick='x'>&amp;</b>": "broken",
    "שלום עולם": "broken",
    "a|b *c* [d](e) _f_ #g": "kept",
    "🛑 100% {0} %s $HOME": "broken",
    "e\u0301" * 100: "kept",
    "x" * 200: "broken",
}
TITLES = ("word " * 2000, "w" * 10_000, "<script>alert(1)</script>" * 400)
WIDTHS = (390, 1280)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text, ensure_ascii=False)


@pytest.fixture(scope="module", params=["0", "2"])
def ran(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pathlib.Path, str]:
    """Both moments on a contract of odd items: the folder of the second, and what was told."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "contract").mkdir()
    (folder / "here.toml").write_text(TARGET, "utf-8")
    texts = [
        f"[path.{quoted(id_)}]\ntitle = {quoted(TITLES[at % len(TITLES)].strip())}\n"
        f'source = "a self-test"\npurpose = "to be odd"\n'
        f'path = "{folder}/{"contract" if state == "kept" else "gone"}"\n'
        for at, (id_, state) in enumerate(IDS.items())
    ]
    (folder / "contract" / "paths.toml").write_text("\n".join(texts), "utf-8")
    (folder / "gone").mkdir()
    said = ""
    for moment, status in (("predeploy", 0), ("postdeploy", 1)):
        done = runs.run(runs.command(folder, moment, "-n", request.param), COLUMNS="100")
        assert done.returncode == status, done.stdout + done.stderr
        said = done.stdout
        shutil.rmtree(folder / "gone", ignore_errors=True)
    return folder / "reports" / "here" / "postdeploy", said


class Page(html.parser.HTMLParser):
    """The tags, ids and words of a page."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.tags, self.ids, self.words = Counter[str](), set[str](), list[str]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and its id."""
        self.tags[tag] += 1
        self.ids |= {value for key, value in attrs if key == "id" and value}
        assert not [key for key, _ in attrs if key.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words.append(data)


def test_documents_for_machines_name_each(ran: tuple[pathlib.Path, str]) -> None:
    """verdict.json, observed.json's questions, JUnit and Allure's results."""
    place, _ = ran
    document = json.loads((place / "verdict.json").read_text("utf-8"))
    found = {one["id"]: one["outcome"] for one in document["items"]}
    assert found == {f"path.{id_}": "PASS" if is_ == "kept" else "FAIL" for id_, is_ in IDS.items()}
    cases = ET.parse(place / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own
    names = "\n".join(str(one.attrib) for one in cases)
    results = [
        json.loads(one.read_text("utf-8"))
        for one in (place / "allure-results").glob("*-result.json")
    ]
    assert len(results) >= len(IDS)
    told = "\n".join(json.dumps(one, ensure_ascii=False) for one in results)
    for id_ in IDS:
        assert str({"": id_})[6:-2] in names, id_
        assert json.dumps(id_, ensure_ascii=False)[1:-1] in told, id_


def test_documents_for_readers_name_each(ran: tuple[pathlib.Path, str]) -> None:
    """Snapshot and difference in Markdown, no tag among their words; the page as a browser does."""
    place, _ = ran
    for name in ("STATE_SNAPSHOT_AFTER.md", "STATE_DIFF.md"):
        text = (place / name).read_text("utf-8")
        assert not re.search(r"(?<!\\)<(?:script|b) ?", text), name
        for id_, state in IDS.items():
            assert state == "kept" or f"path.{id_}" in plain(text), (name, id_)
    page = Page((place / "report.html").read_text("utf-8"))
    assert {f"path.{id_}" for id_ in IDS} <= page.ids
    assert page.tags["script"] == 1  # the page's own
    whole = (place / "report.html").read_text("utf-8")
    assert '<li class="promote"><b>predeploy</b>' in whole  # a run of its own, before this one
    assert "as is promised now" in whole or "the same as now" in whole or "<dt>Before</dt>" in whole
    assert "alert(1)" in "".join(page.words)


def test_the_terminal_stays_readable(ran: tuple[pathlib.Path, str]) -> None:
    """A title of 10 kB is a line; every broken item is named, and the verdict is one line."""
    _, said = ran
    lines = said.splitlines()
    for id_, state in IDS.items():
        if state == "broken":
            (head,) = [one for one in lines if one.startswith(f"FAIL path.{id_}: ")]
            assert len(head) <= max(100, len(f"FAIL path.{id_}: ") + 20)
    summary = lines[next(at for at, one in enumerate(lines) if "gate: postdeploy" in one) :]
    assert len(summary) < 60
    assert max(map(len, summary)) < 400
    assert sum(one.startswith("verdict:") for one in lines) == 1


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_not_wider_than_its_window(
    ran: tuple[pathlib.Path, str], tmp_path: pathlib.Path, width: int
) -> None:
    """With everything unfolded, as a browser lays it out in a frame of that width."""
    place, _ = ran
    text = (place / "report.html").read_text("utf-8")
    text = re.sub(r"<meta http-equiv[^>]*>", "", text).replace("<details", "<details open")
    (tmp_path / "page.html").write_text(text, "utf-8")
    (tmp_path / "frame.html").write_text(
        f'<iframe id=f src=page.html width={width} height=900 style="border:0"></iframe>'
        "<script>f.onload=()=>{document.title='width '+"
        "f.contentDocument.documentElement.scrollWidth}</script>",
        "utf-8",
    )
    done = subprocess.run(  # noqa: S603 - a browser without a network
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--allow-file-access-from-files", "--virtual-time-budget=5000"),
            f"--user-data-dir={tmp_path / 'profile'}",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    found = re.search(r"<title>width (\d+)</title>", done.stdout)
    assert found, done.stdout + done.stderr
    assert int(found[1]) <= width
