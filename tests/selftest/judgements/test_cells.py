"""What is said of what a role was answered: refused, shown, and shown no more than it may."""

from __future__ import annotations

from typing import Any

import pytest

from gate.kinds.access.promised import Hidden
from gate.kinds.access.shown import described, shown
from gate.kinds.kind import State
from gate.kinds.registry import kinds
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.fact import Absent, Seen
from tests.selftest.given import finding, scene, told, unclear
from tests.selftest.hosts import target
from tests.selftest.judgements.test_answers import answer

UNCLEAR = "cannot tell (upstream): nobody tells"
SEEN, HIDDEN = answer({"n": [{"v": "secret"}]}), answer({"n": []})
HIDES = 'hides = [{ at = "/n/*/v", value = "secret" }]\n'
ROLES = 'roles = { boss = "sees", eve = "hidden", nobody = "denied", adam = "denied" }'
DENIED_404 = 'denied_by = [404]\nroles = { boss = "allowed", eve = "denied" }'
PLACE = '"secret" at /n/*/v'
UNREAD = answer("", status=403, unread="too large")


def where(keys: str, **answers: Any) -> Any:
    """The scene of one request and what the roles were answered."""
    facts = {
        f"access.x.{role}": Seen(one) if isinstance(one, Answer) else one
        for role, one in answers.items()
    }
    api = Seen(ApiFacts(base="http://a", answers=facts))
    return scene({"access.x": f'path = "/x"\n{keys}'}, api=api)


def said(keys: str, role: str, found: Any, **others: Any) -> str:
    """What is said of one role."""
    return told(where(keys, **{**others, role: found}), f"access.x.{role}")


@pytest.mark.parametrize(
    ("keys", "role", "found", "others", "expected"),
    [
        (HIDES + ROLES, "boss", SEEN, {}, ""),
        (HIDES + ROLES, "boss", HIDDEN, {}, f"boss is not shown {PLACE}"),
        (HIDES + ROLES, "boss", answer({"detail": "no"}, status=500), {},
         'answered 500 ("no") to boss'),
        (HIDES + ROLES, "boss", answer("", unread="too large"), {},
         "cannot tell (upstream): the body of http://a/x: too large"),
        (HIDES + ROLES, "eve", HIDDEN, {"boss": SEEN}, ""),
        (HIDES + ROLES, "eve", SEEN, {"boss": SEEN}, 'eve is shown "secret" at /n/0/v'),
        (HIDES + ROLES, "eve", SEEN.model_copy(update={"status": 500}), {"boss": SEEN},
         'eve is shown "secret" at /n/0/v; answered 500 to eve'),
        (HIDES + ROLES, "eve", HIDDEN.model_copy(update={"cut": True}), {"boss": SEEN},
         "cannot tell (upstream): the answer of http://a/x went on, and was not kept"),
        (HIDES + ROLES, "eve", SEEN.model_copy(update={"cut": True}), {"boss": SEEN},
         'eve is shown "secret" at /n/0/v'),
        (HIDES + ROLES, "eve", HIDDEN, {"boss": HIDDEN},
         f"cannot tell: an answer without {PLACE} proves nothing while nobody is shown it, and "
         "access.x.boss should be"),
        *((HIDES + ROLES, "eve", HIDDEN, {"boss": one},
           f"cannot tell: an answer without {PLACE} proves nothing while nobody is shown it, and "
           "access.x.boss should be")
          for one in (unclear(), Absent("refused"), SEEN.model_copy(update={"status": 300}),
                      SEEN.model_copy(update={"content_type": "text/html"}),
                      answer("", unread="too large"))),
        (HIDES + ROLES, "eve", answer({}, status=500), {"boss": SEEN}, "answered 500 to eve"),
        (HIDES + ROLES, "eve", answer("", unread="too large"), {"boss": SEEN},
         "cannot tell (upstream): the body of http://a/x: too large"),
        (HIDES + ROLES, "eve", answer("", status=500, unread="too large"), {"boss": SEEN},
         "answered 500 to eve"),
        (HIDES + ROLES, "nobody", answer({}, status=401), {}, ""),
        (HIDES + ROLES, "nobody", answer({}, status=403), {}, ""),
        (HIDES + ROLES, "nobody", answer({}, status=404), {"boss": SEEN},
         "answered 404 to nobody: that refuses nothing"),
        (HIDES + ROLES, "nobody", HIDDEN, {"boss": SEEN}, "answered 200 to nobody"),
        (HIDES + ROLES, "nobody", answer({}, status=302), {},
         "answered 302 to nobody: that refuses nothing"),
        (HIDES + ROLES, "nobody", SEEN.model_copy(update={"status": 401}), {},
         'nobody is shown "secret" at /n/0/v'),
        (HIDES + ROLES, "nobody", UNREAD, {},
         "cannot tell (upstream): the body of http://a/x: too large"),
        (HIDES + ROLES, "nobody", UNREAD.model_copy(update={"status": 500}), {},
         "answered 500 to nobody: that refuses nothing"),
        (HIDES + ROLES, "nobody", UNREAD.model_copy(update={"status": 200}), {},
         "answered 200 to nobody"),
        (HIDES + ROLES, "adam", answer({}, status=401), {},
         "answered 401 to adam: that refuses nothing"),
        (HIDES + ROLES, "adam", answer({}, status=403), {}, ""),
        (HIDES + ROLES, "adam", Absent("connection refused"), {}, "connection refused"),
        (HIDES + ROLES, "adam", unclear(), {}, UNCLEAR),
        (DENIED_404, "boss", answer({}), {}, ""),
        (DENIED_404, "boss", answer({}, status=299), {}, ""),
        (DENIED_404, "boss", answer({}, status=199), {}, "answered 199 to boss"),
        (DENIED_404, "boss", answer({}, status=300), {}, "answered 300 to boss"),
        (DENIED_404, "boss", answer("x", content_type="text/html"), {},
         "answered boss with text/html"),
        (DENIED_404, "boss", answer("x", content_type=""), {},
         "answered boss with no content type"),
        (f'content_type = ""\n{DENIED_404}', "boss", answer("x", content_type="text/html"), {}, ""),
        (DENIED_404, "boss", answer("x", flaw="line 1"), {}, "the body is no JSON: line 1"),
        (DENIED_404, "eve", answer({}, status=404), {"boss": answer({})}, ""),
        (DENIED_404, "eve", answer({}, status=404), {"boss": answer({}, status=404)},
         "cannot tell: a 404 refuses only where another role is answered, and access.x.boss should "
         "be"),
        (DENIED_404, "eve", answer({}, status=404), {"boss": answer("x", content_type="text/html")},
         "cannot tell: a 404 refuses only where another role is answered, and access.x.boss should "
         "be"),
        (DENIED_404, "eve", answer({}, status=403), {},
         "answered 403 to eve: that refuses nothing"),
        ("roles = { eve = 409 }", "eve", answer({}, status=409), {}, ""),
        ("roles = { eve = 409 }", "eve", answer({}, status=408), {}, "answered 408 to eve"),
        (f"{HIDES}roles = {{ boss = 'sees', eve = 400 }}", "eve",
         SEEN.model_copy(update={"status": 400}), {}, 'eve is shown "secret" at /n/0/v'),
        (f"{HIDES}roles = {{ boss = 'sees', eve = 399 }}", "eve",
         SEEN.model_copy(update={"status": 399}), {}, ""),
        (f'{HIDES}before = "absent"\n{ROLES}', "eve", answer({}, status=404), {}, ""),
        (f'{HIDES}before = "absent"\n{ROLES}', "eve", HIDDEN, {},
         "/x is served: 200 application/json"),
    ],
)  # fmt: skip
def test_a_role(keys: str, role: str, found: Any, others: dict[str, Any], expected: str) -> None:
    """What it must not be shown before all else, then its status, then whether that proves it."""
    assert said(keys, role, found, **others) == expected


TWO = 'hides = [{ text = "one" }, { text = "two" }]\nroles = { boss = "sees", eve = "hidden" }'


def test_each_hidden_thing_by_itself() -> None:
    """One that is shown is told, and one that nobody is shown proves nothing."""
    both, one = answer(["one", "two"]), answer(["one"])
    assert said(TWO, "boss", one) == "boss is not shown 'two'"
    assert said(TWO, "eve", one, boss=both) == "eve is shown 'one'"
    assert said(TWO, "eve", both, boss=both) == "eve is shown 'one'; eve is shown 'two'"
    assert "without 'two' proves nothing" in said(TWO, "eve", answer([]), boss=one)


@pytest.mark.parametrize(
    ("hidden", "found", "places"),
    [
        ({"at": "/a"}, answer({"a": None}), ["at /a"]),
        ({"at": "/a", "value": True}, answer({"a": 1}), []),
        ({"at": "/a", "value": 1}, answer({"a": 1}), ["1 at /a"]),
        ({"at": "/a", "value": {"x": 1, "y": 2}}, answer({"a": {"y": 2, "x": 1}}),
         ['{"x": 1, "y": 2} at /a']),
        ({"at": "/*", "text": "b"}, answer(["a", "bc", {"b": 0}]), ["'b' at /1", "'b' at /2"]),
        ({"text": "47"}, answer({"a": [47.5]}), ["'47'"]),
        ({"text": "null"}, answer([None]), ["'null'"]),
        ({"at": "/*"}, answer([1, 2, 3, 4]), ["at /0", "at /1", "at /2"]),
        ({"text": "x"}, answer("axb"), ["'x'"]),
        ({"text": "ü"}, answer({"ü": 1}), ["'ü'"]),
        ({"text": "ü"}, answer({"a": ["aü"]}), ["'ü'"]),
        ({"text": "ü"}, answer(["ü"]), ["'ü'"]),
        ({"at": "/a", "value": {"y": 2, "x": 1}}, answer({"a": {"x": 1, "y": 2}}),
         ['{"y": 2, "x": 1} at /a']),
        ({"at": "/*"}, answer({"k" * 130: 1}), [f"at /{'k' * 119}"]),
        ({"text": "t" * 90}, answer("t" * 90), [f"'{'t' * 79}"]),
    ],
)  # fmt: skip
def test_where_it_stands(hidden: dict[str, Any], found: Answer, places: list[str]) -> None:
    """At most three places of each."""
    assert shown(Hidden.model_validate(hidden), found, target("local://")) == places


def test_a_role_in_words() -> None:
    """What is promised of it, the row, the state, and what a healthy answer shows."""
    kind = kinds()["access"]
    there = where(HIDES + ROLES, boss=SEEN, eve=HIDDEN, nobody=answer({}, status=401), adam=UNREAD)
    expected = {
        "boss": (f"2xx, with {PLACE} for boss", "sees", "shows what is hidden", True),
        "eve": (f"2xx, without {PLACE} for eve", "hidden", "shows nothing hidden", True),
        "nobody": (f"401 or 403, without {PLACE} for nobody", "denied", "shows nothing hidden",
                   False),
    }  # fmt: skip
    for role, (promised, word, hidden, shows) in expected.items():
        promise = there.contract.promise(f"access.x.{role}")
        assert finding(there, promise.id).promised == promised
        row = kind.row(promise, there)
        assert (row["Endpoint"], row["Role"], row["Promised"]) == ("GET /x", role, word)
        assert row["Hidden"] == hidden
        state = kind.state(promise, there)
        assert isinstance(state, State)
        assert state.text.endswith(f", {hidden}")
        assert kind.shows(promise, "predeploy") is shows
        assert kind.find(promise, there) == there.answer(promise.id)
    adam = there.contract.promise("access.x.adam")
    assert kind.row(adam, there)["Hidden"] == "shows what cannot be told"
    plain = where("roles = { eve = 204, adam = 409, boss = 'allowed', nobody = 300 }", eve=HIDDEN)
    promises = plain.contract.promises
    assert [kind.shows(promises[f"access.x.{one}"], "predeploy")
            for one in ("eve", "adam", "boss", "nobody")] == [True, False, True, False]  # fmt: skip
    assert kind.row(promises["access.x.eve"], plain)["Hidden"] == ""
    assert kind.row(promises["access.x.eve"], plain)["Promised"] == "204"
    state = kind.state(promises["access.x.eve"], plain)
    assert isinstance(state, State)
    assert state.text == "200 application/json"
    gone = where(f'before = "absent"\n{HIDES}{ROLES}', boss=answer({}, status=404))
    promise = gone.contract.promise("access.x.boss")
    assert kind.row(promise, gone)["Promised"] == "not served"
    assert not kind.shows(promise, "predeploy")
    lost = where(HIDES + ROLES, boss=unclear())
    assert kind.state(lost.contract.promise("access.x.boss"), lost) == unclear()
    found = finding(where("roles = { eve = 409 }", eve=answer({}, status=409)), "access.x.eve")
    assert (found.promised, found.seen) == ("409 for eve", "409 application/json")
    bare = finding(where(DENIED_404, eve=answer({}, status=404), boss=answer({})), "access.x.eve")
    assert bare.promised == "404 for eve"
    assert described(Hidden(at="/a")) == "/a"
