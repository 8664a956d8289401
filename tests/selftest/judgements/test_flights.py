"""What is said of a canary, and of what earlier runs left of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.kinds.registry import kinds
from gate.sources.api.facts import Answer
from gate.sources.canary.facts import CanaryFacts, Flight, Left
from gate.sources.canary.flight import _lacks
from gate.sources.canary.promised import Sent
from gate.sources.fact import Absent, Seen
from tests.selftest.given import finding, scene, unclear
from tests.selftest.judgements.test_answers import answer

UNCLEAR = "cannot tell (upstream): nobody tells"
MARK = "gate-canary-1"
FIND = 'find = "SELECT id, n AS mark FROM t WHERE n LIKE {mark}"\n'
JOB = 'job = { query = "SELECT s FROM j", done = ["ok", "sent"] }\n'
EVENT = 'event = { path = "/seen" }\n'
REMOVE = 'remove = { requests = [{ method = "DELETE", path = "/x/{id}" }] }\n'
BODY = 'request = { method = "POST", path = "/x", status = 201, body = { required = ["a"] } }\n'
PLAIN = 'request = { method = "POST", path = "/x", status = 201 }\n'
TEXT = 'request = { method = "POST", path = "/x", status = 201, text = ["{mark}", "ü"] }\n'
TYPED = 'request = { path = "/x", status = 201, content_type = "text/plain" }\n'
ALL = f"writes = true\n{PLAIN}{FIND}{JOB}{EVENT}{REMOVE}"
MADE = answer({"a": 1}, status=201)


def flown(**changes: Any) -> Flight:
    """A canary that came through, and went again."""
    facts: dict[str, Any] = {
        "mark": MARK, "answer": Seen(MADE), "rows": Seen((1, 0.25)), "states": Seen(("ok",)),
        "event": Seen("/seen shows it after 0.1 s"), "removed": Seen("1 row removed"),
    }  # fmt: skip
    return Flight(**{**facts, **changes})


def where(keys: str, flight: Any = None, **rest: Any) -> Any:
    """The scene of a canary."""
    fact = Seen(flight) if isinstance(flight, Flight) else flight
    facts = CanaryFacts(flown={} if fact is None else {"canary.x": fact}, left=rest.pop("left", {}))
    return scene({"canary.x": keys}, **{"canary": Seen(facts), **rest})


def said(keys: str, flight: Any = None, **rest: Any) -> str:
    """What is said of it."""
    there = where(keys, flight, **rest)
    try:
        found = finding(there, "canary.x")
    except ObservationError as error:
        return str(error)
    return "; ".join((*found.broken, *(f"WARN {one}" for one in found.warnings)))


def sent(answered: Answer, keys: str = BODY) -> str:
    """What is said of the answer to its request."""
    return said(f"writes = true\n{keys}{FIND}{REMOVE}", flown(answer=Seen(answered)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"answer": Seen(answer({"detail": "no"}, status=500))},
         'answered 500 although its row was committed ("no")'),
        ({"answer": Seen(answer({}, status=400))},
         "answered 400 although its row was committed"),
        ({"answer": Seen(answer({}, status=399))}, "answered 399"),
        ({"answer": Seen(answer({}, status=500)), "rows": Absent("no row bears it")},
         "answered 500"),
        ({"answer": Absent("refused")}, "no answer although its row was committed: refused"),
        ({"answer": Absent("refused"), "rows": Absent("no row")}, "no answer: refused"),
        ({"answer": unclear("lost")}, "cannot tell (upstream): lost"),
        ({"answer": unclear("lost"), "rows": Absent("no row")}, "no row; lost"),
        ({"rows": Absent("no row bears it")}, "no row bears it"),
        ({"rows": unclear("locked")}, "cannot tell (upstream): row: locked"),
        ({"states": Absent("no job")}, "no job"),
        ({"states": unclear("locked")}, "cannot tell (upstream): job: locked"),
        ({"event": Absent("not shown")}, "not shown"),
        ({"event": unclear("lost")}, "cannot tell (upstream): event: lost"),
        ({"removed": Absent("1 row is still there")}, "not removed: 1 row is still there"),
        ({"removed": unclear("lost")}, "cannot tell (upstream): removal: lost"),
        ({"event": unclear("lost"), "removed": Absent("x")}, "not removed: x; event: lost"),
        ({"answer": Seen(answer({}, status=500)), "rows": Absent("no"), "removed": Absent("x")},
         "answered 500; not removed: x"),
        ({"states": Seen(("ok", "sent"))}, ""),
        ({"states": Seen(("ok", "new", "bad", "new"))}, "3 of 4 jobs came to new, bad"),
        ({"states": Seen(("new",)), "works": False}, ""),
        ({"rows": None, "states": None, "event": None, "removed": None}, ""),
    ],
)  # fmt: skip
def test_a_canary(changes: dict[str, Any], expected: str) -> None:
    """Each of what must come of it; what cannot be told matters where nothing is broken."""
    assert said(ALL, flown(**changes)) == expected


@pytest.mark.parametrize(
    ("answered", "keys", "expected"),
    [
        (MADE, BODY, ""),
        (answer({"b": 1}, status=201), BODY, '"a" is a required property'),
        (answer("x", status=201), BODY, "the body is no JSON"),
        (answer("x", status=201, flaw="line 1"), BODY, "the body is no JSON: line 1"),
        (answer("", status=201, unread="too large"), BODY,
         "cannot tell (upstream): the body of /x: too large"),
        (answer("x", status=201, unread="too large"), PLAIN, ""),
        (answer("x", status=201, flaw="line 1"), PLAIN, ""),
        (answer({"m": MARK, "x": "ü"}, status=201), TEXT, ""),
        (answer(f"{MARK} ü", status=201), TEXT, ""),
        (answer({"x": "ü"}, status=201), TEXT, f"the body lacks '{MARK}'"),
        (answer({"m": MARK}, status=201), TEXT, "the body lacks 'ü'"),
        (answer("", status=201, unread="too large"), TEXT,
         "cannot tell (upstream): the body of /x: too large"),
        (answer("ü", status=201, cut=True), TEXT,
         "cannot tell (upstream): the body of /x went on, and was not kept"),
        (answer(f"{MARK} ü", status=201, cut=True), TEXT, ""),
        (answer("x", status=201, content_type="text/plain"), TYPED, ""),
        (answer("x", status=201, content_type="text/html"), TYPED, "answered with text/html"),
        (answer("x", status=201, content_type=""), TYPED, "answered with no content type"),
    ],
)  # fmt: skip
def test_the_answer_to_its_request(answered: Answer, keys: str, expected: str) -> None:
    """Its type, its JSON, and the texts that must stand in it, with the mark of this flight."""
    found = sent(answered, keys)
    assert expected in found if "required" in expected else found == expected


@pytest.mark.parametrize(
    ("keys", "answered", "lacks"),
    [
        ({}, answer({}), ""),
        ({"status": 201}, answer({}), "it answers 200"),
        ({"text": ("ü",)}, answer({"a": "ü"}), ""),
        ({"text": ("ü", "b")}, answer({"a": "x"}), "it lacks 'ü'; it lacks 'b'"),
        ({"body": {"required": ["b"]}}, answer({}), "required"),
        ({"content_type": "text/plain"}, answer({}), "it answers with application/json"),
        ({"content_type": "text/plain"}, answer("x", content_type=""),
         "it answers with no content type"),
        ({}, answer("", unread="too large"), ""),
    ],
)  # fmt: skip
def test_what_an_event_lacks(keys: dict[str, Any], answered: Answer, lacks: str) -> None:
    """Its status, type, texts and JSON."""
    found = _lacks(Sent(path="/seen", **keys), answered)
    assert lacks in found if lacks else found == ""
    if "text" in keys or "body" in keys:
        unread = answered.model_copy(update={"unread": "too large"})
        with pytest.raises(ObservationError, match="the body of /seen: too large"):
            _lacks(Sent(path="/seen", **keys), unread)


@pytest.mark.parametrize(
    ("found", "seen", "expected"),
    [
        (Seen(()), "nothing", ""),
        (Absent("no table"), "nothing", ""),
        (Seen((Left(mark=MARK, rows=1, age_s=9, removed=Seen("gone")),)), MARK,
         f"WARN an earlier run left {MARK} (1 row, 9 s old); this one removed it"),
        (Seen((Left(mark=MARK, rows=2, age_s=9),)), MARK,
         f"WARN an earlier run left {MARK} (2 rows, 9 s old), or one that is under way: a later "
         "run with --apply removes it"),
        (Seen((Left(mark=MARK, rows=2, age_s=9, removed=Absent("it stays")),)), MARK,
         f"an earlier run left {MARK} (2 rows, 9 s old), and it cannot be removed: it stays"),
        (Seen((Left(mark=MARK, rows=2, age_s=9, removed=unclear("lost")),)), MARK,
         f"an earlier run left {MARK} (2 rows, 9 s old), and it cannot be removed: lost"),
        (unclear(), "", UNCLEAR),
        (None, "", "cannot tell (upstream): canary.x.left was not asked for in this look"),
    ],
)  # fmt: skip
def test_what_earlier_runs_left(found: Any, seen: str, expected: str) -> None:
    """It is told; that it cannot be taken away is broken."""
    there = where(ALL, flown(), left={} if found is None else {"canary.x.left": found})
    if expected.startswith("cannot"):
        with pytest.raises(ObservationError) as error:
            finding(there, "canary.x.left")
        assert str(error.value) == expected
        return
    judged = finding(there, "canary.x.left")
    broken = "; ".join((*judged.broken, *(f"WARN {one}" for one in judged.warnings)))
    assert (broken, judged.seen) == (expected, seen)
    assert judged.promised == "nothing is left of an earlier run"


def test_what_was_not_looked_at() -> None:
    """No flight, no look at canaries."""
    assert said(ALL) == "cannot tell (upstream): canary.x was not asked for in this look"
    assert said(ALL, canary=unclear()) == UNCLEAR
    assert said(ALL, Absent("none")) == "cannot tell (upstream): no flight: none"
    kind = kinds()["canary"]
    for fact, kept in ((unclear(), unclear()), (Absent("none"), unclear("none"))):
        there = where(ALL, canary=fact)
        assert kind.find(there.contract.promise("canary.x"), there) == kept
        assert kind.row(there.contract.promise("canary.x"), there)["Seen"] == kept


def test_a_canary_in_words() -> None:
    """What is promised of it, what was seen, the rows, and at which moments it flies."""
    kind = kinds()["canary"]
    left = {"canary.x.left": Seen((Left(mark=MARK, rows=1, age_s=9),))}
    there = where(ALL, flown(), left=left)
    found = finding(there, "canary.x")
    assert found.promised == (
        "POST /x is answered 201, a row bears its mark, its job comes to ok or sent, /seen shows "
        "it, it is gone again, within 30 s"
    )
    assert found.seen == (
        "201 in 0.5 s, 1 row after 0.2 s; jobs ok; /seen shows it after 0.1 s; 1 row removed"
    )
    promise, behind = (there.contract.promise(f"canary.x{one}") for one in ("", ".left"))
    row = {"Canary": "POST /x", "Seen": "201 in 0.5 s, 1 row after 0.2 s"}
    assert kind.row(promise, there) == row
    assert kind.row(behind, there) == {"Canary": "POST /x", "Seen": MARK}
    nothing = where(ALL, flown(rows=Seen((2, 1.0))), left={"canary.x.left": Seen(())})
    assert kind.row(behind, nothing)["Seen"] == "nothing is left"
    assert kind.row(promise, nothing)["Seen"] == "201 in 0.5 s, 2 rows after 1.0 s"
    alone = where(ALL, flown(rows=Absent("none")))
    assert kind.row(promise, alone)["Seen"] == "201 in 0.5 s"
    silent = where(ALL, flown(answer=Absent("refused")))
    assert kind.row(promise, silent)["Seen"] == "no answer"
    nowhere = where(f'writes = true\n{PLAIN}{EVENT}before = "absent"\nafter = "absent"\n', flown())
    assert nowhere.contract.promise("canary.x").moments == ()
    assert kind.shows(promise, "predeploy")
    assert not kind.shows(behind, "predeploy")
    assert behind.before.title.startswith("Nothing that an earlier run wrote is left: ")
    bare = f"writes = true\n{PLAIN}{FIND}{REMOVE}".replace("FROM t", "FROM u")
    assert finding(where(bare, flown()), "canary.x").promised == (
        "POST /x is answered 201, a row bears its mark, it is gone again, within 30 s"
    )
    promises = there.contract.promises
    assert list(kind.references(promise.before, promises)) == []
    lonely = promise.before.model_copy(update={"remove": None})
    mistake = (
        "remove: without it, it flies on a clone alone, and no rehearsal has a release that serves "
        "there"
    )
    assert list(kind.references(lonely, promises)) == [mistake]
    assert list(kind.references(lonely.model_copy(update={"absent": True}), promises)) == []
    assert list(kind.references(behind.before, promises)) == []


def test_when_a_canary_flies() -> None:
    """Where it can be taken away again, and on the side on which it is; what is left with it."""
    kind = kinds()["canary"]
    whole = where(ALL).contract.promise("canary.x")
    for_ever = whole.before.model_copy(update={"remove": None})
    assert kind.moments(whole.before, True) == ("predeploy", "postdeploy", "rollback")
    assert kind.moments(for_ever, True) == ()
    later = where(f'before = "absent"\n{ALL}').contract.promises
    assert {one: later[one].moments for one in later} == {
        "canary.x": ("postdeploy",), "canary.x.left": ("postdeploy",),
    }  # fmt: skip
    never = where(f'before = "absent"\nafter = "absent"\n{ALL}').contract.promises
    assert {one: never[one].moments for one in never} == {"canary.x": ()}
    other = dataclasses.replace(whole, differs=("it is another host",))
    assert [one.differs for one in kind.spread(other)] == [("it is another host",)] * 2


@pytest.mark.parametrize(
    ("keys", "refused"),
    [({"serves": object()}, False), ({"new_release": object()}, False), ({}, True)],
)
def test_a_canary_that_flies_on_a_clone_alone(
    keys: dict[str, Any],
    refused: bool,  # noqa: FBT001 - a table
) -> None:
    """Needs a rehearsal in which a release serves."""
    whole = where(ALL).contract.promise("canary.x")
    lonely = whole.before.model_copy(update={"remove": None})
    given: dict[str, Any] = {"serves": None, "new_release": None, **keys}
    rehearsal = dataclasses.replace(whole, before=Rehearsal.model_construct(**given))
    promises = {"rehearsal.x": rehearsal, "canary.x": whole}
    assert bool(list(kinds()["canary"].references(lonely, promises))) is refused
