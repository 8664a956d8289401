"""What a comparison may use, and what is said where it is not there."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.group import Group
from gate.kinds.pointer import places
from gate.kinds.scene import Scene, asked, scene_of, unknown
from gate.kinds.test import KIND as TEST
from gate.kinds.user import User
from gate.sources.fact import Absent, CannotTell, Cause, Seen, UnknownError, known, require
from tests.selftest.given import DESK, host, look, promised, scene, unclear
from tests.selftest.judgements.test_catalogs import catalog, database

ITEMS = {"group.a": 'group = "a"', "group.b": 'group = "b"', "user.u": 'user = "u"'}
GONE = Absent("none is promised")


def test_facts_have_three_values() -> None:
    """What cannot be told is never absent, and what is absent is no value."""
    assert known(Seen(5)) == 5
    assert known(GONE) == GONE
    assert require(Seen(0), "number") == 0
    assert unknown(GONE) == CannotTell("none is promised", Cause.UPSTREAM)
    dark = unclear("dark", Cause.PERMISSION)
    assert unknown(dark) is dark
    for ask in (known, lambda fact: require(fact, "number")):
        with pytest.raises(UnknownError, match=r"^cannot tell \(permission\): dark$") as raised:
            ask(dark)
        assert raised.value.cause is Cause.PERMISSION
    with pytest.raises(ObservationError, match=r"^cannot tell \(upstream\): no number: none is"):
        require(GONE, "number")
    assert asked({"a": Seen(5)}, "a") == Seen(5)
    missing: Any = asked({"a": Seen(5)}, "b")
    assert missing == CannotTell("b was not asked for in this look", Cause.UPSTREAM)


@pytest.mark.parametrize(
    ("name", "what"),
    [("host", "look at the host"), ("database", "look at the database"),
     ("api", "look at the API")],
)  # fmt: skip
def test_a_source_that_has_to_be_there(name: str, what: str) -> None:
    """It is named with the reason why there is nothing of it."""
    for fact, why in (
        (GONE, f"cannot tell (upstream): no {what}: none is promised"),
        (unclear(), "cannot tell (upstream): nobody tells"),
    ):
        sources: dict[str, Any] = {name: fact}
        there = scene(ITEMS, **sources)
        with pytest.raises(ObservationError, match=f"^{re.escape(why)}$"):
            getattr(there, name)


def test_parts_of_what_was_seen() -> None:
    """Of a source that was not seen its parts cannot be told."""
    nothing = scene(ITEMS, host=unclear("a"), database=GONE, api=unclear("c"), migrations=GONE)
    assert nothing.unit("x.service") == unclear("a")
    assert nothing.answer("endpoint.x") == unclear("c")
    assert nothing.chain("/r") == unknown(GONE)
    assert nothing.revisions == unknown(GONE)
    assert nothing.catalog("t") == unknown(GONE)
    there = scene(ITEMS, host=host(units={"x.service": GONE}), database=database())
    assert there.unit("x.service") == GONE
    assert there.revisions == Seen(("r1",))
    assert there.catalog("t") == Seen(catalog())


def test_a_catalog_that_is_not_open() -> None:
    """A schema that the role may not use, a table that somebody holds: that of the object."""
    shut = scene(ITEMS, database=database(catalog=catalog(closed=("s",))))
    for name, table in (("s.t", ""), ("ix", "s.t")):
        assert shut.catalog(name, table) == CannotTell(
            f"{name}: the role reader has no USAGE on the schema s: "
            'GRANT USAGE ON SCHEMA "s" TO "reader"',
            Cause.PERMISSION,
        )
    for name, table in (("t", ""), ("s.ix", "t")):
        assert isinstance(shut.catalog(name, table), Seen)
    held = scene(ITEMS, database=database(catalog=catalog(locked=("t",))))
    for name, table in (("t", ""), ("ix", "t")):
        fact = held.catalog(name, table)
        assert isinstance(fact, CannotTell)
        assert fact.cause is Cause.TIMEOUT
        assert fact.reason.startswith(f"{name}: another session holds or awaits an exclusive lock")
    assert isinstance(held.catalog("t", "u"), Seen)


def test_what_is_promised_at_a_moment() -> None:
    """By kind, and as its kind."""
    there = scene({**ITEMS, "test.x": 'node = "tests/test_a.py::test_a"\nmoments = ["rollback"]'})
    assert {kind: [one.id for one in ones] for kind, ones in there.by_kind.items()} == {
        "group": ["group.a", "group.b"],
        "user": ["user.u"],
    }
    promise = there.contract.promise("group.a")
    assert there.item(promise, Group).group == "a"
    with pytest.raises(TypeError, match=r"^group.a is no User$"):
        there.item(promise, User)


def test_a_test_has_its_moments() -> None:
    """Those that it names, else all."""
    every = ("predeploy", "postdeploy", "rollback")
    for keys, moments in (("", every), ('\nmoments = ["rollback"]', ("rollback",))):
        promise = promised({"test.x": f'node = "tests/test_a.py::test_a"{keys}'}).promise("test.x")
        assert TEST.moments(promise.before, True) == moments
        where = dataclasses.replace(scene(ITEMS), moment="rollback")
        with pytest.raises(ObservationError, match=r"^cannot tell: tests/test_a.py::test_a is run"):
            TEST.compare(promise, where)
        assert TEST.row is not None
        assert TEST.row(promise, where) == {"Test": "tests/test_a.py::test_a"}
    group = promised(ITEMS).promise("group.a")
    assert TEST.moments(group.before, True) == every


def test_what_was_seen_before() -> None:
    """Without it nothing is compared, and it is said what to do."""
    before = look()
    assert scene(ITEMS, baseline=before).before("x") is before
    there = scene(ITEMS)
    with pytest.raises(ObservationError, match=r"^cannot tell x: no look from before the deploy"):
        there.before("x")
    with pytest.raises(ObservationError, match=r"^cannot tell x: it is of another target$"):
        dataclasses.replace(there, no_baseline="it is of another target").before("x")


def test_a_look_by_itself() -> None:
    """It is of its own moment, where no other one is asked for."""
    contract, observed = promised(ITEMS), look("rollback")
    assert scene_of(contract, DESK, observed) == Scene(
        contract=contract, target=DESK, moment="rollback", observed=observed
    )
    assert scene_of(contract, DESK, observed, "predeploy").moment == "predeploy"


BODY = {"a": [{"b": 1}, {"b": 2, "c/d": 3}], "e~f": {"*": 4, "b": 5}}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", [("", BODY)]),
        ("/a/1/b", [("/a/1/b", 2)]),
        ("/a/2/b", []),
        ("/a/*/b", [("/a/0/b", 1), ("/a/1/b", 2)]),
        ("/**/b", [("/a/0/b", 1), ("/a/1/b", 2), ("/e~f/b", 5)]),
        ("/**/1/b", [("/a/1/b", 2)]),
        ("/a/1/c~1d", [("/a/1/c/d", 3)]),
        ("/e~0f/b", [("/e~f/b", 5)]),
        ("/a/0/b/x", []),
        ("/a/0/**", [("/a/0/b", 1), ("/a/0", {"b": 1})]),
    ],
)
def test_places_of_a_document(pointer: str, found: Any) -> None:
    """One member, each, or any depth, in the order in which they stand there; parts come first."""
    assert list(places(pointer, BODY)) == found
