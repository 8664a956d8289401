"""What packages from outside add: it is what it says it is, and takes no name away."""

from __future__ import annotations

import dataclasses
import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from gate.errors import GateError
from gate.kinds.registry import kinds
from gate.report.reports import LAST, OWN
from gate.sources.queues.registry import engines
from gate.sources.registry import sources

PLACES = {
    "kind": ("gate.kinds.registry", "kinds"),
    "source": ("gate.sources.registry", "sources"),
    "engine": ("gate.sources.queues.registry", "engines"),
    "report": ("gate.report.reports", "reports"),
}


def adding(monkeypatch: pytest.MonkeyPatch, what: str, *found: Any) -> Any:
    """What there is when packages add these."""
    place, name = PLACES[what]
    points = [SimpleNamespace(name="x", value="x:X", load=lambda one=one: one) for one in found]
    module = importlib.import_module(place)
    monkeypatch.setattr(module, "named", lambda _: points)
    function = getattr(module, name)
    return getattr(function, "__wrapped__", function)()


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("kind", "which is no gate.kinds.kind.Kind"),
        ("source", "which is no gate.sources.source.Source"),
        ("engine", "which is no gate.sources.queues.engine.Engine"),
        ("report", "which is no gate.report.report.Report"),
    ],
)
def test_what_is_none(monkeypatch: pytest.MonkeyPatch, what: str, says: str) -> None:
    """A package that names something else is told, with what it names."""
    with pytest.raises(GateError, match=f"the entry point 'x' of the group .* {says}"):
        adding(monkeypatch, what, object())


@pytest.mark.parametrize(
    ("what", "one", "says"),
    [
        ("kind", kinds()["path"], "two kinds of promises are called 'path'"),
        ("source", sources()["host"], "two sources are called 'host'"),
        ("engine", next(iter(engines().values())), "two engines of queues are called"),
    ],
)
def test_a_name_is_taken_once(
    monkeypatch: pytest.MonkeyPatch, what: str, one: Any, says: str
) -> None:
    """Whoever comes second would take the first one's place."""
    with pytest.raises(GateError, match=says):
        adding(monkeypatch, what, one)


def test_a_source_that_comes_after_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for what never comes."""
    late = dataclasses.replace(sources()["host"], name="late", after=("nowhere",))
    with pytest.raises(GateError, match="the source 'late' comes after 'nowhere': none does"):
        adding(monkeypatch, "source", late)


def test_a_report_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rendered behind the gate's own."""
    one = SimpleNamespace(name="mine", render=lambda *_: {})
    found = adding(monkeypatch, "report", one)
    assert [*found] == [*OWN, one, LAST]
