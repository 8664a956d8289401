"""Pictures: well-formed SVG of one's own making, told in words and as a table, light and dark."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.report.account import Account
from gate.report.events import events
from gate.report.html.pictures import figure
from gate.report.pictures.axis import axis
from gate.report.pictures.detection import Injected, detection
from gate.report.pictures.draw import ticks
from gate.report.pictures.latency import latency
from gate.report.pictures.locks import locks
from gate.report.pictures.picture import COLOURS, Picture, file, inline
from gate.report.pictures.tables import tables
from gate.report.pictures.timeline import timeline
from gate.report.story import story
from tests.selftest.report import stories

Told = Callable[..., Account]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def pictures(told: Told) -> dict[str, Picture]:
    """One of each."""
    account = stories.failed_deployment(told)
    drawn = timeline(story(account))
    assert drawn is not None
    faults = [
        Injected("<a> fault", "detected", 1.5, {"service": "wanted"}, ("service.api",)),
        Injected("b", "missed", None, {"<port>": "missed", "work": "eager"}),
    ]
    found = {
        "locks": locks(story(account)[0]),
        "latency": latency(account),
        "tables": tables(account),
        "detection": detection(faults, "1 of 2 faults detected, 1 missed"),
        "timeline": drawn[0],
    }
    return {name: one for name, one in found.items() if one is not None}


def test_each_is_drawn_and_told(pictures: dict[str, Picture]) -> None:
    """An element with a name, a description and nothing from elsewhere; and rows as its heads."""
    assert pictures.keys() == {"locks", "latency", "tables", "detection", "timeline"}
    for name, one in pictures.items():
        root = ET.fromstring(inline(one))  # noqa: S314 - our own
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title") == root.get("aria-label") == one.title
        assert root.findtext(f"{SVG}desc") == one.description
        assert one.description
        assert "id" not in {key for node in root.iter() for key in node.attrib}, name
        assert not [node for node in root.iter() if node.tag in (f"{SVG}script", f"{SVG}style")]
        assert one.rows
        assert all(len(row) == len(one.heads) for row in one.rows)
        assert "style=" not in figure(one)


def test_as_files_they_are_light_and_dark(pictures: dict[str, Picture]) -> None:
    """On their own they bring their colours; every colour of theirs is one of the page's."""
    for one in pictures.values():
        text = file(one).decode()
        ET.fromstring(text)  # noqa: S314 - our own
        assert "prefers-color-scheme:dark" in text
        used = {part.split(",")[0] for part in inline(one).split("var(--")[1:]}
        assert used <= COLOURS.keys()


def test_what_they_say(pictures: dict[str, Picture]) -> None:
    """The words name what is to be seen."""
    assert "longest wait was 1.2s" in pictures["locks"].description
    assert "idle in transaction" in pictures["locks"].description
    assert "1 table came" in pictures["tables"].description
    assert pictures["detection"].description == "1 of 2 faults detected, 1 missed."
    assert pictures["detection"].rows[0] == ("<a> fault", "detected", "1.5s", "service.api")
    drawn = inline(pictures["detection"])
    for words in (
        "&lt;a&gt; fault, service: turned, as it has to",
        "&lt;a&gt; fault, work: held",
        "b, &lt;port&gt;: did not turn, and has to",
        "b, work: turned, and is not concerned",
    ):
        assert f"<title>{words}</title>" in drawn
    assert "step.deploy_1: failed" in pictures["timeline"].description
    assert {row[0] for row in pictures["latency"].rows} == {"budget.tickets"}


def test_nothing_is_no_picture(told: Told) -> None:
    """Where there is nothing to be shown."""
    account = dataclasses.replace(told("predeploy"), observed=None)
    assert (locks(account), latency(account), tables(account)) == (None, None, None)
    assert timeline([account]) is None
    assert detection([], "none") is None


def test_events_are_in_order_and_bounded(told: Told) -> None:
    """Looks, steps, revisions, locks and waits; what is bad is marked."""
    found, left = events(story(stories.way_back(told)))
    assert left == 0
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert {one.lane for one in found} >= {"look", "step", "rehearsal", "lock", "bystander"}
    bad = [one.words for one in found if one.bad]
    assert any("waited for" in one for one in bad)
    assert any("step.deploy_1: failed" in one for one in bad)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**5)), min_size=1, max_size=20))
def test_time_goes_from_left_to_right(spans: list[tuple[int, int]]) -> None:
    """Whatever is folded, what is later stands no further left, and all of it within the axis."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    moved = [
        (start + dt.timedelta(seconds=one), start + dt.timedelta(seconds=one + long))
        for one, long in spans
    ]
    found = axis(moved)
    times = sorted(when for span in moved for when in span)
    places = [found.at(when) for when in times]
    assert places == sorted(places)
    assert all(0 <= one <= 1 for one in places)


@given(st.floats(min_value=0, max_value=1e6, allow_nan=False))
def test_ticks_are_few_and_round(longest: float) -> None:
    """Never more than a picture has room for."""
    found = list(ticks(longest))
    assert 1 <= len(found) <= 9
    assert max(found) <= longest + 1e-9
