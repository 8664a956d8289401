"""What is said of a release that ran on a clone, and of the plan's way back from its own tree."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gate.contract.rehearsal import Rehearsal
from gate.errors import ContractError, ObservationError
from gate.kinds.finding import Finding
from gate.kinds.rehearsal.serves import serves
from gate.kinds.scene import Scene
from gate.sources.api.facts import ApiFacts
from gate.sources.fact import Absent, Seen
from gate.sources.rehearsal.company import Undone
from tests.selftest.given import DESK, finding, look, promised, unclear
from tests.selftest.judgements.test_answers import answer
from tests.selftest.judgements.test_flights import ALL, flown
from tests.selftest.judgements.test_rehearsals import ALEMBIC, facts

UNCLEAR = "cannot tell (upstream): nobody tells"
SERVE = '[rehearsal.x.{key}]\nready = "up"\nfolder = "/r"\ncommand = "serve"\n'
OLD, NEW = SERVE.format(key="serves"), SERVE.format(key="new_release")
ITEMS = {
    "endpoint.up": 'path = "/up"',
    "endpoint.x": 'path = "/x"\nafter.status = 201',
    "canary.c": ALL,
}
WRITE = 'write = { path = "/y", status = 201 }\n'
GOOD = {"endpoint.up": Seen(answer()), "endpoint.x": Seen(answer())}


def where(keys: str, found: Any, **items: str) -> Scene:
    """The scene of a release, and of what it is asked."""
    contract = promised({"rehearsal.x": keys, **ITEMS, **items}, ALEMBIC)
    fact = found if isinstance(found, Absent) else Seen(found)
    return Scene(contract=contract, target=DESK, moment="predeploy", observed=look(rehearsal=fact))


def release(
    keys: str,
    answers: Any = GOOD,
    flights: Any = None,
    **changes: Any,
) -> Finding:
    """What comes of a release that answered so."""
    api = Seen(ApiFacts(base="http://a", answers=answers)) if isinstance(answers, dict) else answers
    given = {"serves": {"rehearsal.x": api}, "flights": {"rehearsal.x": flights or {}}}
    fences = {"rehearsal.x": "fenced"}
    return finding(where(keys, facts(**{**given, "fences": fences, **changes})), "rehearsal.x")


NO = Seen(answer({"detail": "no"}, status=500))
MADE = Seen(answer(status=201))
X = 'endpoint.x: answered 500 ("no")'


@pytest.mark.parametrize(
    ("keys", "answers", "flights", "seen", "broken"),
    [
        (OLD, GOOD, {}, "2 do; fenced", ()),
        (NEW, {**GOOD, "endpoint.x": MADE}, {}, "2 do; fenced", ()),
        (NEW, GOOD, {}, "1 do; fenced", ("endpoint.x: answered 200",)),
        (OLD, {**GOOD, "endpoint.x": NO}, {}, "1 do; fenced", (X,)),
        (OLD, {**GOOD, "endpoint.x": NO, "endpoint.up": unclear()}, {}, "0 do; fenced", (X,)),
        (OLD, {**GOOD, "endpoint.other": NO}, {}, "3 do; fenced", ()),
        (OLD, GOOD, {"canary.c": Seen(flown())}, "3 do; fenced", ()),
        (OLD, GOOD, {"canary.c": Seen(flown(event=Absent("not shown")))}, "2 do; fenced",
         ("canary.c: not shown",)),
        (OLD + WRITE, {**GOOD, "endpoint.write": MADE}, {}, "3 do; fenced", ()),
        (OLD + WRITE, {**GOOD, "endpoint.write": NO}, {}, "2 do; fenced",
         ("writing (/y) answered 500, not 201",)),
        (OLD + WRITE, {**GOOD, "endpoint.write": Absent("refused")}, {}, "2 do; fenced",
         ("writing: refused",)),
        (OLD + 'write = { path = "/y" }\n', {**GOOD, "endpoint.write": Seen(answer())}, {},
         "3 do; fenced", ()),
        (OLD, {**GOOD, "endpoint.write": NO}, {}, "3 do; fenced", ()),
        (OLD, Absent("it ended with 1"), {}, "it does not", ("it ended with 1",)),
    ],
)  # fmt: skip
def test_a_release(keys: str, answers: Any, flights: Any, seen: str, broken: Any) -> None:
    """Its answers are judged by the side that it is of, as the live one's are."""
    found = release(keys, answers, flights)
    assert (found.seen, found.broken, found.warnings) == (seen, broken, ())


def test_a_release_in_words() -> None:
    """Which one it is, and what it was asked."""
    assert release(OLD).promised == "2 requests come to what is promised before the deployment"
    with_canary = release(NEW, flights={"canary.c": Seen(flown())})
    assert with_canary.promised == (
        "2 requests and 1 canaries come to what is promised after the deployment"
    )
    for keys, who in (
        (OLD, "the release from before"),
        (NEW, "the release that is to be deployed"),
    ):
        assert release(keys, Absent("it ended")).promised == f"{who} comes up"
        for changes, why in (
            ({"serves": {}}, f"cannot tell: {who} was not reached"),
            ({"serves": {}, "receipts": unclear()}, UNCLEAR),
            ({"serves": {}, "receipts": Absent("no")}, "cannot tell (upstream): no downgrade: no"),
            ({"serves": {"rehearsal.x": unclear()}}, UNCLEAR),
        ):
            with pytest.raises(ObservationError, match=f"^{re.escape(why)}$"):
                release(keys, **changes)


@pytest.mark.parametrize(
    ("answers", "flights", "why"),
    [
        ({**GOOD, "endpoint.x": unclear()}, {}, f"cannot tell: endpoint.x: {UNCLEAR}"),
        (GOOD, {"canary.c": unclear()}, f"cannot tell: canary.c: {UNCLEAR}"),
        (GOOD, {"canary.c": Absent("no")},
         "cannot tell: canary.c: cannot tell (upstream): no flight: no"),
        ({"endpoint.up": unclear(), "endpoint.x": unclear()}, {},
         f"cannot tell: endpoint.up: {UNCLEAR}; endpoint.x: {UNCLEAR}"),
    ],
)  # fmt: skip
def test_answers_that_are_not_told(answers: Any, flights: Any, why: str) -> None:
    """They matter where nothing is broken."""
    with pytest.raises(ObservationError, match=f"^{re.escape(why)}$"):
        release(OLD, answers, flights)
    assert release(OLD, {**answers, "endpoint.x": NO}, flights).broken == (X,)


def test_much_that_is_wrong_with_a_release() -> None:
    """Six things are told, how many more there are, and what its log says of it."""
    for count, last in ((6, "endpoint.e5: answered 500"), (7, "and 1 more"), (8, "and 2 more")):
        items = {f"endpoint.e{one}": f'path = "/e{one}"' for one in range(count)}
        answers = dict.fromkeys(items, Seen(answer(status=500)))
        api = Seen(ApiFacts(base="http://a", answers=answers))
        given = facts(serves={"rehearsal.x": api}, fences={"rehearsal.x": "not fenced: why"},
                      logs={"rehearsal.x": "x\nERROR no table\n"})  # fmt: skip
        found = finding(where(OLD, given, **items), "rehearsal.x")
        assert found.broken[5] == "endpoint.e5: answered 500"
        assert found.broken[-2:] == (last, "its log: ERROR no table")
        assert found.seen == "0 do; not fenced: why"
        assert found.warnings == ("not fenced: why",)
    nobody = facts(serves={"rehearsal.x": api}, fences={})
    assert finding(where(OLD, nobody, **items), "rehearsal.x").seen == "0 do; "
    late = {**items, **{f"endpoint.e{one}": f'path = "/e{one}"' for one in range(8)}}
    open_ = Seen(ApiFacts(base="http://a", answers=dict.fromkeys(late, unclear())))
    with pytest.raises(ObservationError, match=r"endpoint.e5: [^;]*$"):
        finding(where(OLD, facts(serves={"rehearsal.x": open_}), **late), "rehearsal.x")
    good = facts(serves={"rehearsal.x": Seen(ApiFacts(base="http://a", answers=GOOD))},
                 logs={"rehearsal.x": "ERROR no table\n"})  # fmt: skip
    assert finding(where(OLD, good), "rehearsal.x").broken == ()


def test_who_starts_no_release() -> None:
    """Is not judged as one."""
    there = where("clone = true", facts())
    promise = there.contract.promise("rehearsal.x")
    with pytest.raises(TypeError, match=r"rehearsal.x starts no release"):
        serves(there.item(promise, Rehearsal), facts(), promise, there)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (OLD, ""),
        (OLD.replace('"up"', '"down"'), "serves: there is no item 'endpoint.down' in endpoints"),
        (NEW.replace('"up"', '"down"'), "new_release: there is no item 'endpoint.down' in"),
        (OLD + 'endpoints = ["x", "y"]\n', "serves: there is no item 'endpoint.y' in endpoints"),
        (OLD + 'canaries = ["c", "d"]\n', "serves.canaries: there is no item 'canary.d' in"),
        (OLD + 'access = ["who"]\n', "serves.access: there is no item 'access.who' in access.toml"),
        (OLD + 'access = ["a", "b.c"]\n', ""),
        (OLD + 'access = ["d"]\n', "there is no item 'access.d' in access.toml"),
        (OLD + 'canaries = ["c"]\n', ""),
        (OLD + 'access = ["a.boss"]\n', "there is no item 'access.a.boss' in access.toml"),
        ("clone = true", ""),
    ],
)
def test_what_a_release_is_asked(keys: str, said: str) -> None:
    """Only what somebody promises."""
    asked = 'path = "/a"\nroles = { boss = "allowed" }'
    items = {"rehearsal.x": keys, "access.a": asked, 'access."b.c"': asked, **ITEMS}
    items['group."d.e"'] = 'group = "e"'
    if not said:
        assert promised(items, ALEMBIC).promise("rehearsal.x")
        return
    with pytest.raises(ContractError, match=re.escape(said)):
        promised(items, ALEMBIC)


BACK = '[rehearsal.x.rolls_back]\nto = "a"\nfolder = "/r"\n'


def undone(**changes: Any) -> Undone:
    """A downgrade that left the same."""
    return Undone(**{"environment": "operator", "exit_status": 0, "seconds": 2.0, **changes})


@pytest.mark.parametrize(
    ("found", "broken"),
    [
        ((undone(),), ()),
        ((undone(), undone(environment="timer", wrong=("- table t",))),
         ("the downgrade with timer leaves something else: - table t",)),
        ((undone(rows={"t": "t: 5 rows"}, wrong=("- x",)),),
         ("the downgrade with operator leaves something else: - x; t: 5 rows",)),
        ((undone(rows={"t": "t: 5 rows"}),),
         ("the downgrade with operator leaves something else: t: 5 rows",)),
        ((undone(exit_status=1, wrong=("boom",)),),
         ("the downgrade with operator exited with 1: boom",)),
        ((undone(exit_status=None, wrong=("late",)),),
         ("the downgrade with operator was not done: late",)),
        ((undone(wrong=("1", "2", "3", "4", "5")),),
         ("the downgrade with operator leaves something else: 1; 2; 3; 4; 5",)),
        ((undone(wrong=("1", "2", "3", "4", "5", "6", "7")),),
         ("the downgrade with operator leaves something else: 1; 2; 3; 4; 5 and 2 more",)),
    ],
)  # fmt: skip
def test_the_way_back_from_another_tree(found: Any, broken: tuple[str, ...]) -> None:
    """With each environment the same comes of it as of the release's own."""
    comes_to = finding(where(BACK, facts(undone={"rehearsal.x": Seen(found)})), "rehearsal.x")
    assert comes_to.broken == broken
    assert comes_to.promised == "downgrade to a from /r, as the plan runs it"
    how = "not as" if broken else "the same catalog and rows as"
    names = ", ".join(f"with {one.environment} in 2s" for one in found)
    assert comes_to.seen == f"{how} the release's own way down leaves: {names}"


def test_a_tree_that_is_not_there() -> None:
    """It is not as promised; one that nobody tried is not known."""
    tree = BACK + 'git = "v1"\n'
    gone = finding(where(tree, facts(undone={"rehearsal.x": Absent("no v1")})), "rehearsal.x")
    assert (gone.seen, gone.broken) == ("no v1", ("no v1",))
    assert gone.promised == "downgrade to a from /r at v1, as the plan runs it"
    for changes, why in (
        ({}, "cannot tell: the downgrade was not tried from any tree"),
        ({"reached": Absent("no")}, "cannot tell (upstream): no upgrade: no"),
        ({"reached": unclear()}, UNCLEAR),
        ({"undone": {"rehearsal.x": unclear()}}, UNCLEAR),
    ):
        with pytest.raises(ObservationError, match=f"^{re.escape(why)}$"):
            finding(where(tree, facts(**changes)), "rehearsal.x")
