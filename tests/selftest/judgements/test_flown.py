"""What comes of a canary, and how it goes again: by what the place answers."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.sources.canary import flight, mark
from gate.sources.canary.flight import fly
from gate.sources.canary.promised import PromisedCanary
from gate.sources.canary.removal import MOST, left_by_others, remove
from gate.sources.canary.source import _opener, _to_its_end
from gate.sources.fact import Absent, Seen
from tests.selftest.given import DESK, unclear
from tests.selftest.judgements.test_answers import answer

FIND = "SELECT id, n AS mark FROM t WHERE n LIKE {mark}"
DELETE = {"method": "DELETE", "path": "/x/{id}", "status": 204}
GONE = Seen(answer("", status=204))
MARK = "gate-canary-20250101t000000-0a1b2c3d"


def canary(**keys: Any) -> PromisedCanary:
    """A canary that is sent, found, and taken away."""
    given: dict[str, Any] = {
        "writes": True,
        "request": {"method": "POST", "path": "/x", "status": 201},
        "within_s": 0.05,
        "find": FIND,
        "remove": {"requests": [DELETE]},
    }
    return PromisedCanary.model_validate(
        {key: one for key, one in {**given, **keys}.items() if one is not None}
    )


class Place(SimpleNamespace):
    """A place: what it answers by the path, and the rows that it has until they are taken away."""

    def ask(self, item: Any, _: object) -> Any:
        """The answer to a request."""
        self.asked.append((item.method, item.path, item.writes))
        if item.method == "DELETE" and self.goes:
            self.held.clear()
        return self.answers.get(item.path, GONE)

    def rows(self, _: str, words: dict[str, str], __: object) -> Any:
        """The rows that it has; those without a mark get the one that is looked for."""
        if isinstance(self.held, Exception):
            raise self.held
        return [{"mark": words["mark"], **one} for one in self.held]

    def run(self, command: str, words: dict[str, str]) -> None:
        """Run a command on the host."""
        self.ran.append((command, words["id"]))
        if command == "fails":
            raise ObservationError("`fails` exited with 1: no")


def place(*held: dict[str, str], **changes: Any) -> Any:
    """A place with rows."""
    facts: dict[str, Any] = {
        "held": [*held], "asked": [], "ran": [], "answers": {}, "goes": True, "works": True,
        "carrier": object(), "interrupted": threading.Event(),
    }  # fmt: skip
    return Place(**{**facts, **changes})


ONE = {"id": "7"}


@pytest.mark.parametrize(
    ("keys", "given", "expected"),
    [
        ({}, place(ONE), Seen("1 row removed, and seen to be gone")),
        ({}, place(), Seen("0 rows removed, and seen to be gone")),
        ({"remove": None}, place(ONE), None),
        ({"remove": {"run": "rm x"}}, place(ONE, carrier=None), Seen("it goes with the clone")),
        (
            {},
            place(*[ONE] * (MOST + 1)),
            Absent(f"21 rows bear {MARK}: that is no canary, nothing was removed"),
        ),
        ({}, place(ONE, goes=False), Absent(f"1 row is still there, with {MARK}")),
        (
            {},
            place(ONE, answers={"/x/7": Seen(answer("", status=403))}),
            Absent("DELETE /x/{id} answered 403"),
        ),
        (
            {},
            place(ONE, answers={"/x/7": Absent("nobody listens")}),
            Absent("DELETE /x/{id}: nobody listens"),
        ),
        ({}, place(ONE, answers={"/x/7": unclear()}), Absent("DELETE /x/{id}: nobody tells")),
        (
            {"remove": {"requests": [DELETE], "run": "fails"}},
            place(ONE),
            Absent("`fails` exited with 1: no"),
        ),
        (
            {},
            place(held=ObservationError("no database")),
            unclear(f"whether {MARK} is gone: no database"),
        ),
    ],
)
def test_how_it_goes(keys: dict[str, Any], given: Any, expected: Any) -> None:
    """Only what bears its mark is taken away, and it is seen to be gone."""
    found = remove(canary(**keys), given, MARK, threading.Event())
    assert found == expected


def test_what_is_run() -> None:
    """A command on the host, once for each row; none where it goes with the clone."""
    both = {"remove": {"requests": [DELETE], "run": "clear"}}
    there = place(ONE, {"id": "8"})
    remove(canary(**both), there, MARK, threading.Event())
    assert there.ran == [("clear", "7"), ("clear", "8")]
    assert [path for _, path, _ in there.asked] == ["/x/7", "/x/8"]
    on_a_clone = place(ONE, carrier=None)
    assert isinstance(remove(canary(**both), on_a_clone, MARK, threading.Event()), Seen)
    assert (on_a_clone.ran, len(on_a_clone.asked)) == ([], 1)
    many = place(*[ONE] * (MOST + 1))
    remove(canary(**both), many, MARK, threading.Event())
    assert (many.ran, many.asked) == ([], [])


def test_what_earlier_runs_left() -> None:
    """By their marks, each with its rows; what is no mark of ours is let alone."""
    now = mark.new()
    held = [{"id": "1", "mark": MARK}, {"id": "2", "mark": MARK}, {"id": "3", "mark": now},
            {"id": "4", "mark": "gate-canary-of-somebody"}]  # fmt: skip
    there = place(*held)
    found = left_by_others(canary(), there, may_remove=True)
    assert isinstance(found, Seen)
    assert [(one.mark, one.rows, one.removed is None) for one in found.value] == [
        (MARK, 2, False), (now, 1, True),
    ]  # fmt: skip
    quiet = place(*held)
    left_by_others(canary(), quiet, may_remove=False)
    assert quiet.asked == []
    assert left_by_others(canary(find=None, remove=None, event={"path": "/s"}), quiet,
                          may_remove=True) == Seen(())  # fmt: skip
    hidden = left_by_others(canary(), place({"id": "1", "mark": ""}), may_remove=True)
    assert hidden == Seen(())
    broken = left_by_others(canary(), place(held=ObservationError("no")), may_remove=True)
    assert broken == unclear("no")
    with pytest.raises(ObservationError, match="is no mark of a canary"):
        mark.age_s("gate-canary-of-somebody")


MADE = Seen(answer({"id": 7, "ok": True}, status=201))
JOB = {"query": "SELECT s FROM j", "done": ["done"], "failed": ["failed"]}


def flown(given: Any, **keys: Any) -> Any:
    """A canary that flew."""
    given.answers.setdefault("/x", MADE)
    return fly(canary(**keys), given)


def test_a_canary_that_only_shows_itself() -> None:
    """By another request, which only reads; without rows nothing is looked for, nor taken away."""
    there = place(answers={"/seen?id=7": Seen(answer("here", status=200))})
    found = flown(there, find=None, remove=None, event={"path": "/seen?id={id}"})
    assert isinstance(found.event, Seen)
    assert (found.rows, found.removed) == (None, None)
    assert there.asked == [("POST", "/x", True), ("GET", "/seen?id=7", False)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (unclear("no way"), unclear("no way")),
        (Absent("nobody listens"), Absent("/s does not show it after 0 s: nobody listens")),
        (Seen(answer("", status=404)), Absent("/s does not show it after 0 s: it answers 404")),
    ],
)
def test_an_event_that_does_not_come(given: Any, expected: Any) -> None:
    """Nobody knows whether it came where it could not be asked for."""
    found = flown(place(ONE, answers={"/s": given}), event={"path": "/s"})
    assert found.event == expected


def test_a_run_that_is_ended_meanwhile() -> None:
    """What did not come might have come: that is not told as its fault; it goes again all the same."""
    there = place(ONE)
    there.interrupted.set()
    there.answers["/s"] = Absent("nobody listens")
    found = flown(there, event={"path": "/s"})
    assert found.event == unclear("the run was ended meanwhile")
    assert found.removed == Seen("1 row removed, and seen to be gone")
    assert flown(place(), within_s=0.01).rows.proof.startswith("no row bears gate-canary-")


@pytest.mark.parametrize(
    ("states", "works", "expected"),
    [
        (["done", "done"], True, Seen(("done", "done"))),
        (["done", "failed", "new"], True, Seen(("done", "failed", "new"))),
        (["new"], False, Seen(("new",))),
        ([], True, Absent("no job after 0 s")),
    ],
)
def test_its_jobs(states: list[str], works: Any, expected: Any) -> None:
    """Until all are done or one has failed; where nobody works, until there is one."""
    given = place(works=works)
    given.rows = lambda *_: [{"state": one} for one in states]
    job = canary(job=JOB)
    assert flight._states(job, given, {"mark": MARK}, 0.02) == expected  # noqa: SLF001 - its part


def test_what_goes_wrong_with_all_of_them() -> None:
    """It is raised where it was asked for; without a database no session is opened."""

    def fails() -> None:
        raise ObservationError("no place")

    with pytest.raises(ObservationError, match="no place"):
        _to_its_end(fails)
    looking: Any = SimpleNamespace(
        target=DESK.model_copy(
            update={"database": DESK.database.model_copy(update={"service": ""})}
        )
    )
    with pytest.raises(ObservationError, match=r"names no \[database\]"):
        _opener(looking)(threading.Event())
