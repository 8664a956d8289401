"""What the suite's faults cover: every kind and source, in every way, or a hole with a reason."""

from __future__ import annotations

import dataclasses

import pytest

from gate.drill.cover import WAYS, as_markdown, cover, holes, stale
from gate.drill.fault import Fault
from gate.drill.load import Faults, load_faults
from gate.kinds.registry import kinds
from gate.sources.registry import sources
from tests.selftest.runs import ROOT

LEAST = 150
FAULTS = load_faults(ROOT / "tests/faults")
TABLE = cover(FAULTS, kinds())
OF_DATABASE = {"database", "extension", "enum", "table", "column", "index"}
OF_SOURCE = {
    "database": OF_DATABASE,
    "queries": {"query"},
    "api": {"endpoint", "access", "budget"},
    "queues": {"work"},
    "migrations": {"migration"},
    "canary": {"canary"},
    "rehearsal": {"rehearsal"},
    "plan": {"step"},
}
"""Kinds that show what a source tells; all the others show what the host does."""
OF_NONE = {"risk", "trigger", "waiver", "test"}


def test_there_are_as_many_as_were_promised() -> None:
    """Faults, each of its own."""
    assert len(FAULTS.by_name) >= LEAST
    titles = [one.title for one in FAULTS.by_name.values()]
    assert len(set(titles)) == len(titles), {one for one in titles if titles.count(one) > 1}


@pytest.mark.parametrize("name", FAULTS.by_name)
def test_what_has_to_turn_has_to_tell_its_cause(name: str) -> None:
    """An item that turns for whatever reason proves nothing of the fault."""
    fault = FAULTS.by_name[name]
    wordless = {id_ for id_ in fault.expect if (told := fault.wants(id_)) and not told[1].strip()}
    assert wordless == set()


def test_every_kind_is_shown_in_every_way() -> None:
    """Or somebody says why it is not."""
    assert [key for key, why in holes(FAULTS, TABLE).items() if not why] == []
    assert stale(FAULTS, TABLE) == []


@pytest.mark.parametrize("source", sources())
def test_every_source_is_shown_in_every_way(source: str) -> None:
    """By a kind that shows what it tells; by none only where each has its reason."""
    rest = kinds().keys() - set().union(*OF_SOURCE.values()) - OF_NONE
    shown_by = OF_SOURCE.get(source, rest)
    told = holes(FAULTS, TABLE)
    for way in WAYS:
        assert any(TABLE[one][way] for one in shown_by) or all(
            told.get((one, way)) for one in shown_by
        ), (source, way)


def test_a_hole_is_told_and_one_that_is_none_is_found() -> None:
    """In the table, with the reason that somebody gave."""
    fault = Fault(title="t", chapter="c", way="lies", gate={"pytest": True}, expect={"a.x": "y"})  # type: ignore[arg-type]
    faults = Faults(folder=ROOT, by_name={"one": fault}, holes={"a.wrong": "nobody can"})
    table = cover(faults, ("a", "b"))
    assert table["a"]["lies"] == ("one",)
    told = as_markdown(faults, table)
    assert "| a | - | - | - | 1 |" in told
    assert "- a, wrong: nobody can" in told
    assert "- b, lies: NOBODY SAYS WHY" in told
    assert stale(faults, table) == []
    filled = dataclasses.replace(faults, holes={"a.lies": "x", "*.absent": "y", "c.*": "z"})
    assert stale(filled, table) == ["a.lies", "c.*"]
