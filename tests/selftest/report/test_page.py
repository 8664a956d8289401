"""The page in a browser: read, searched, scrubbed and linked into, at any width, by anybody."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.target import Target, load_target
from tests.selftest.browser import Browser, browser, chromium
from tests.selftest.report import conftest, stories

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="there is no chromium here"),
    pytest.mark.xdist_group("page"),
]
WIDTHS = (390, 768, 1280, 1920)
NASTY = (
    "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">"
    "\u202eevil\u2066 🛑 \"'`--> </script></style> javascript:alert(1) " + "w" * 10_000
)
UNFOLDED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
AXE = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map(
  (one) => `${one.id} (${one.impact}): ${one.nodes.slice(0, 3).map((node) =>
    `${node.target} ${node.failureSummary}`).join(" | ")}`))"""
NPM_S = 120.0


def _told(contract: Contract, target: Target) -> stories.Told:
    made = conftest.told.__wrapped__  # type: ignore[attr-defined]
    return made(contract, target)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def told() -> stories.Told:
    """A function that makes accounts, for the whole module."""
    contract = load_contract(conftest.CONTRACT)
    return _told(contract, load_target("hera", conftest.CONTRACT.parent))


@pytest.fixture(scope="module")
def pages(told: stories.Told, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """A deployment that failed, its way back, one where all is well, and one of hostile words."""
    folder = tmp_path_factory.mktemp("pages")
    bad = Result(
        outcome=Outcome.FAIL, promised=NASTY, seen=f"not {NASTY}", reason=NASTY, look=NASTY
    )
    hostile = {id_: dataclasses.replace(bad) for id_ in ("service.api", "table.users")}
    accounts = {
        "failed": stories.failed_deployment(told),
        "back": stories.way_back(told),
        "well": told("predeploy"),
        "hostile": stories.failed_deployment(told, hostile),
    }
    found = {}
    for name, account in accounts.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(stories.page_of(account), "utf-8")
    return found


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for the whole module; no page asked anybody for anything, or complained."""
    with browser(tmp_path_factory.mktemp("reader")) as found:
        yield found
        assert found.asked_others == []
        assert found.said == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, as npm has it."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("npm")
    if npm is None:
        pytest.skip("there is no npm here")
    words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - Debian's npm
            [*words, "axe-core@4"], capture_output=True, text=True, check=False, timeout=NPM_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not bring axe-core in time")
    if done.returncode:
        pytest.skip(f"npm does not bring axe-core: {done.stderr.strip()[-300:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def opened(reader: Browser, page: pathlib.Path, place: str = "") -> Browser:
    """The browser with a page that is there."""
    reader.open(page, place=place)
    reader.wait("document.readyState === 'complete' && document.querySelector('main') !== null")
    return reader


@pytest.mark.parametrize(
    "look",
    [
        ("failed", 390, "light"),
        ("failed", 1280, "dark"),
        ("back", 1280, "light"),
        ("well", 390, "dark"),
        ("hostile", 390, "light"),
    ],
)
def test_no_violation_for_axe(
    pages: dict[str, pathlib.Path], reader: Browser, axe: str, look: tuple[str, int, str]
) -> None:
    """Nothing that keeps anybody out: contrast, names, order, focus; all of it unfolded."""
    name, width, scheme = look
    reader.look_like(width=width, scheme=scheme)
    opened(reader, pages[name]).run(UNFOLDED)
    reader.run(f"{axe}; 0")
    assert reader.run(AXE) == []


@pytest.mark.parametrize("name", ["failed", "back", "hostile"])
@pytest.mark.parametrize("width", WIDTHS)
def test_never_wider_than_its_window(
    pages: dict[str, pathlib.Path], reader: Browser, name: str, width: int
) -> None:
    """Tables and pictures scroll within it, and break no word into letters."""
    reader.look_like(width=width)
    opened(reader, pages[name]).run(UNFOLDED)
    assert reader.run("document.documentElement.scrollWidth") <= width
    narrow = "[...document.querySelectorAll('td')].filter((one) => one.offsetWidth > 0 &&"
    narrow += " one.offsetWidth < 60 && one.textContent.length > 6).length"
    assert reader.run(narrow) == 0
    assert reader.run("document.title").startswith(("BLOCKED", "PROMOTE"))


def test_on_paper(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """It can be printed: causes and what was seen are there, controls are not."""
    reader.look_like(width=1280)
    opened(reader, pages["failed"])
    reader.ask("Emulation.setEmulatedMedia", media="print")
    gone = (
        "['.scrub', '.search', '.filters'].map((one) => document.querySelector(one).offsetHeight)"
    )
    assert reader.run(gone) == [0, 0, 0]
    assert "index ix_rag_chunks_hnsw is not there" in reader.text
    assert reader.ask("Page.printToPDF")["data"]
    reader.ask("Emulation.setEmulatedMedia", media="")


def test_two_causes_are_two_blocks(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """The first words of a page name what broke, and nothing is promised as it was seen."""
    reader.look_like(width=1280)
    opened(reader, pages["failed"])
    heads = reader.run(
        "[...document.querySelectorAll('.attention h3 a')].map((a) => a.textContent)"
    )
    assert heads == ["service.api", "index.ix_rag_chunks_hnsw"]
    pairs = """[...document.querySelectorAll('.item.fail .beside, .attention .beside')].map(
      (one) => [...one.querySelectorAll('dd')].slice(0, 2).map((cell) => cell.textContent))"""
    for promised, seen in reader.run(pairs):
        assert promised != seen
    before = "document.querySelector('.attention .beside div:nth-child(3)').textContent"
    assert reader.run(before).startswith("Before")


def test_evidence_is_one_click_away(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """From the cause to what the look found, which was folded."""
    reader.look_like(width=1280)
    opened(reader, pages["failed"])
    reader.run("document.querySelector('.attention .more a').click()")
    reader.wait("document.getElementById('evidence-service.api').open")
    shown = "document.querySelector('[id=\"evidence-service.api\"] pre').offsetHeight > 0"
    assert reader.wait(shown)
    text = reader.run("document.querySelector('[id=\"evidence-service.api\"] pre').textContent")
    assert '"active_state"' in text


def test_a_link_leads_into_the_page(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """An item that was folded is open, in sight and in focus; so is a search."""
    reader.look_like(width=1280)
    opened(reader, pages["failed"], "#path.api")
    reader.wait("document.getElementById('path.api').open")
    assert reader.wait("document.activeElement.closest('.item')?.id") == "path.api"
    opened(reader, pages["failed"], "#search=hnsw%20rag")
    left = "[...document.querySelectorAll('.item')].filter((one) => !one.hidden).map((i) => i.id)"
    assert reader.wait(f"{left}.length < 5 && {left}") == ["index.ix_rag_chunks_hnsw"]


def test_search(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """By every word of what an item says; what is emptied shows everything again."""
    reader.look_like(width=390)
    opened(reader, pages["failed"])
    every = reader.run("document.querySelectorAll('.item').length")
    reader.run("document.getElementById('search').focus()")
    reader.ask("Input.insertText", text="INACTIVE api")
    reader.wait("document.getElementById('found').textContent.startsWith('1 of ')")
    seen = "[...document.querySelectorAll('.item')].filter((one) => one.offsetHeight > 0).length"
    assert reader.run(seen) == 1
    empty = "s.value = ''; s.dispatchEvent(new Event('input'))"
    reader.run(f"(() => {{ const s = document.getElementById('search'); {empty} }})()")
    reader.wait("document.getElementById('found').textContent === ''")
    assert reader.run(seen) == every


def _place(reader: Browser, share: float) -> dict[str, Any]:
    box = reader.run(
        "(() => { const s = document.getElementById('cursor').closest('svg');"
        " s.scrollIntoView({block: 'center'}); const r = s.getBoundingClientRect();"
        f" return {{x: r.left + r.width * {share}, y: r.top + r.height / 2}}; }})()"
    )
    return dict(box)


def test_the_story_is_scrubbed(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """By keyboard, by mouse and by touch; what is said is said to those who listen, too."""
    reader.look_like(width=1280)
    opened(reader, pages["back"])
    now = "document.getElementById('now').textContent"
    assert "is waited for" in reader.run(now)  # it begins with what is not as it should be
    reader.run("document.getElementById('at').focus()")
    for key in ("Home", "ArrowRight"):
        for kind in ("keyDown", "keyUp"):
            code = {"Home": 36, "ArrowRight": 39}[key]
            reader.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )
    second = reader.run(now)
    assert second == reader.run("document.getElementById('at').getAttribute('aria-valuetext')")
    assert "predeploy" in second
    for kind in ("mousePressed", "mouseReleased"):
        place = _place(reader, 0.985)
        reader.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)
    assert "rollback" in reader.wait(f"{now} !== {json.dumps(second)} && {now}")
    reader.ask("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        place = _place(reader, 0.21)
        reader.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[place])
        reader.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        assert reader.wait(f"{now}.includes('predeploy') && {now}")
    finally:
        reader.ask("Emulation.setTouchEmulationEnabled", enabled=False)
    assert reader.run("document.querySelectorAll('#events .now').length") == 1


def test_nothing_of_a_target_executes(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """Markup, handlers, directions and 10 kB without a blank are words, wherever they stand."""
    reader.look_like(width=1280)
    opened(reader, pages["hostile"], "#service.api")
    assert reader.run("document.title") == "BLOCKED: postdeploy on hera"
    assert reader.run("document.querySelectorAll('script').length") == 1
    assert reader.run("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert "<script>document.title='hit'</script>" in reader.text


def test_without_scripts_it_says_the_same(pages: dict[str, pathlib.Path], reader: Browser) -> None:
    """Items, story and documents are there; what only a script could do is not offered."""
    reader.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        opened(reader, pages["failed"])
        for query, there in (("#story svg", True), (".item", True), (".live:not([hidden])", False)):
            assert reader.run(f"document.querySelector({json.dumps(query)}) !== null") == there
    finally:
        reader.ask("Emulation.setScriptExecutionDisabled", value=False)
