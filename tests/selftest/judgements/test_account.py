"""What a finding comes to, and what all of them together: outcomes, reasons, exit statuses."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gate.account import judge
from gate.account.judge import Judgement, result_of, unknown, worst
from gate.account.verdict import (
    EXIT_STATUS,
    SEVERITY,
    Line,
    Outcome,
    Result,
    Verdict,
    Word,
    verdict,
)
from gate.errors import JudgedElsewhereError, ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import broken_among, compare
from gate.kinds.scene import Scene
from gate.kinds.waiver import Waiver, in_force
from gate.report.conclusion import advice
from gate.sources.fact import Absent, Cause, UnknownError
from gate.sources.host.accounts import GroupFacts
from tests.selftest.given import promised, scene, unclear

TODAY = dt.date(2026, 2, 13)
FAIL, WARN, PASS, UNCLEAR, WAIVED = (
    Result(outcome=one, promised="p", seen="s", reason="r", look="l", seconds=2.0)
    for one in (Outcome.FAIL, Outcome.WARN, Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.WAIVED)
)
ONE = 'group = "ssl"\ngid = 7'
ITEMS = {"group.a": ONE, "group.b": ONE.replace("ssl", "adm")}
WAIVER = 'item = "group.a"\nowner = "navi"\nreason = "OPS-1: later"\nexpires = {day}'


@pytest.mark.parametrize(
    ("broken", "warnings", "outcome", "reason"),
    [
        ((), (), Outcome.PASS, ""),
        ((), ("odd", "old"), Outcome.WARN, "odd; old"),
        (("bad", "worse"), ("odd",), Outcome.FAIL, "bad; worse"),
        (("bad",), (), Outcome.FAIL, "bad"),
    ],
)
def test_what_a_finding_comes_to(
    broken: tuple[str, ...], warnings: tuple[str, ...], outcome: Outcome, reason: str
) -> None:
    """With everything that is told of it."""
    found = Finding(promised="p", seen="s", broken=broken, warnings=warnings, look="l")
    assert result_of(found) == Result(
        outcome=outcome, promised="p", seen="s", reason=reason, look="l", seconds=0.0
    )
    assert result_of(found, 2.5).seconds == 2.5


def test_what_an_error_comes_to() -> None:
    """What could not be told, and what the gate itself is to blame for."""
    told = unknown(ObservationError("cannot tell (timeout): cannot tell "))
    assert told == Result(outcome=Outcome.INCONCLUSIVE, reason="(timeout): cannot tell ")
    own = unknown(KeyError("cannot tell x"))
    reason = "the gate itself failed: KeyError: 'cannot tell x'"
    assert own == Result(outcome=Outcome.INCONCLUSIVE, reason=reason)


def test_of_several_results_the_worst_counts() -> None:
    """In the order of severity, and of several as bad the first."""
    order = [FAIL, UNCLEAR, WAIVED, WARN, PASS]
    assert [one.outcome for one in order] == list(SEVERITY)
    for at, one in enumerate(order):
        assert worst(*reversed(order[at:])) is one
    again = dataclasses.replace(FAIL, reason="later")
    assert worst(PASS, FAIL, again) is FAIL


def test_a_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result with the finding behind it, and the time that it took; it never raises."""
    where = scene(ITEMS, {"group.a": GroupFacts(gid=7, members=()), "group.b": Absent("gone")})
    good, bad = (judge.judge(where.contract.promise(one), where) for one in ITEMS)
    assert (good.holds, good.result.outcome, good.result.reason) == (True, Outcome.PASS, "")
    assert (bad.holds, bad.result.outcome) == (False, Outcome.FAIL)
    assert bad.result.reason == "there is no group adm"
    assert bad.finding is not None
    assert bad.message == bad.finding.message
    assert "there is no group adm" in bad.message
    times = iter((10.0, 12.5))
    monkeypatch.setattr("gate.account.judge.time.perf_counter", lambda: next(times))
    assert judge.judge(where.contract.promise("group.a"), where).result.seconds == 2.5


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ObservationError("cannot tell: x"), "cannot tell: x"),
        (ValueError("x"), "the gate itself failed: ValueError: x"),
    ],
)
def test_a_judgement_that_fails(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is behind it, and its reason is what is told."""

    def fails(*_: object) -> Finding:
        raise error

    monkeypatch.setattr(judge, "compare", fails)
    where = scene(ITEMS)
    found = judge.judge(where.contract.promise("group.a"), where)
    assert found == Judgement(result=unknown(error))
    assert (found.holds, found.message) == (False, found.result.reason)
    assert reason.endswith(found.message)


def waiver(day: str, item: str = "group.a") -> Waiver:
    """A waiver until a day."""
    return Waiver.model_validate(
        {"title": "t", "source": "s", "item": item, "owner": "navi", "reason": "OPS-1: later",
         "expires": day}
    )  # fmt: skip


def account(results: dict[str, Any], *days: str, **rest: Any) -> Verdict:
    """The verdict of two items and a waiver of the first."""
    items = ITEMS | ({"waiver.w": WAIVER.format(day=days[0])} if days else {})
    contract = promised(items)
    waivers = contract.of(Waiver, "predeploy")
    given = {"waiver.w": [PASS], "group.b": [PASS], **results} if days else results
    promises = contract.at("predeploy")
    return verdict(promises, given, waivers, moment="predeploy", today=TODAY, **rest)


def reasons(found: Verdict) -> dict[str, tuple[str, str]]:
    """Outcome and reason by item."""
    return {one.id: (one.outcome.value, one.reason) for one in found.lines}


FOR = "waived until {} by navi (OPS-1: later): r"


@pytest.mark.parametrize(
    ("result", "day", "item", "own", "word"),
    [
        (FAIL, "2026-02-13", ("WAIVED", FOR.format("2026-02-13")), ("PASS", "r"), Word.PROMOTE),
        (FAIL, "2026-02-12", ("FAIL", "r"),
         ("FAIL", "expired on 2026-02-12; navi answers for it"), Word.BLOCKED),
        (PASS, "2026-02-13", ("PASS", "r"),
         ("FAIL", "not needed: group.a holds; remove the waiver"), Word.BLOCKED),
        (WARN, "2026-02-13", ("WARN", "r"),
         ("FAIL", "not needed: group.a holds; remove the waiver"), Word.BLOCKED),
        (UNCLEAR, "2026-02-13", ("INCONCLUSIVE", "r"),
         ("INCONCLUSIVE", "cannot tell whether it is needed: group.a is not accounted for"),
         Word.INCONCLUSIVE),
        (None, "2026-02-13", ("INCONCLUSIVE", "no test accounted for it in this run"),
         ("INCONCLUSIVE", "cannot tell whether it is needed: group.a is not accounted for"),
         Word.PARTIAL),
    ],
)  # fmt: skip
def test_a_waiver(
    result: Result | None, day: str, item: tuple[str, str], own: tuple[str, str], word: Word
) -> None:
    """It excuses what is broken while it lasts, and is broken itself where it is not needed."""
    found = account({"group.a": [result] if result else []}, day)
    assert reasons(found) == {"group.a": item, "group.b": ("PASS", "r"), "waiver.w": own}
    assert (found.word, found.exit_status) == (word, EXIT_STATUS[word])
    assert found.not_run == (() if result else ("group.a",))
    assert found.warnings == ()


def test_a_waiver_whose_item_is_of_another_moment() -> None:
    """Nobody can say whether it is needed."""
    contract = promised({**ITEMS, "waiver.w": WAIVER.format(day="2026-02-13")})
    promises = [one for one in contract.at("predeploy") if one.id != "group.a"]
    waivers = contract.of(Waiver, "predeploy")
    given = {one.id: [PASS] for one in promises}
    found = verdict(promises, given, waivers, moment="predeploy", today=TODAY)
    assert reasons(found)["waiver.w"][0] == "INCONCLUSIVE"


def test_a_line_says_everything_of_its_item() -> None:
    """What it is called, where it stands, and all of the result."""
    found = account({"group.a": [PASS], "group.b": [PASS, WARN]})
    line = found.lines[1]
    assert dataclasses.asdict(line) == {
        "outcome": Outcome.WARN, "promised": "p", "seen": "s", "reason": "r", "look": "l",
        "seconds": 2.0, "id": "group.b", "chapter": "users", "title": "A promise",
    }  # fmt: skip
    assert (found.count(Outcome.WARN), found.count(Outcome.FAIL)) == (1, 0)


def test_exit_statuses() -> None:
    """As they are documented: 0 goes live, and nothing else does."""
    assert {one.value: EXIT_STATUS[one] for one in Word} == {
        "PROMOTE": 0, "BLOCKED": 1, "INTERRUPTED": 2,
        "INCONCLUSIVE": 10, "PARTIAL": 10, "REPLAYED": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("results", "rest", "word"),
    [
        ({"group.a": [PASS], "group.b": [PASS]}, {}, Word.PROMOTE),
        ({"group.a": [PASS], "group.b": [PASS]}, {"replayed": True}, Word.REPLAYED),
        ({"group.a": [PASS], "group.b": [FAIL]}, {"replayed": True}, Word.BLOCKED),
        ({"group.a": [PASS], "group.b": [PASS]}, {"interrupted": True}, Word.INTERRUPTED),
        ({"group.a": [FAIL], "group.b": [PASS]}, {"interrupted": True}, Word.INTERRUPTED),
        ({"group.a": [FAIL]}, {}, Word.BLOCKED),
        ({"group.a": [UNCLEAR]}, {}, Word.PARTIAL),
        ({"group.a": [UNCLEAR], "group.b": [PASS]}, {}, Word.INCONCLUSIVE),
        ({"group.a": [WARN], "group.b": [WAIVED]}, {}, Word.PROMOTE),
        ({"group.a": [PASS], "group.b": [PASS]}, {"besides": ["t"]}, Word.BLOCKED),
    ],
)
def test_the_word(results: dict[str, Any], rest: dict[str, Any], word: Word) -> None:
    """It follows from the worst line, and from what stands beside the promises."""
    found = account(results, **rest)
    assert (found.word, found.exit_status) == (word, EXIT_STATUS[word])


def test_nothing_promised_is_no_promotion() -> None:
    """And is no line either."""
    found = verdict((), {}, {}, moment="predeploy", today=TODAY)
    assert (found.word, found.lines) == (Word.INCONCLUSIVE, ())


def test_tests_beside_are_named_once() -> None:
    """Whatever else is odd is told after them."""
    absent = {"group.a": f'{ONE}\nbefore = "absent"'}
    promises = promised(absent).at("predeploy")
    found = verdict(
        promises, {"group.a": [PASS]}, {}, moment="predeploy", today=TODAY, besides=["t", "u", "t"]
    )
    assert [one.partition(": ")[2] for one in found.warnings[:2]] == ["t", "u"]
    assert found.warnings[0].startswith("a test that accounts for no promise failed")
    assert found.warnings[2:] == (
        "at predeploy nothing is promised to be there: an empty host would keep it all; promise "
        "something that must be seen",
    )


def test_waivers_in_force() -> None:
    """Until the end of their last day."""
    waivers = {"waiver.a": waiver("2026-02-13"), "waiver.b": waiver("2026-02-12", "group.b")}
    assert in_force(waivers, TODAY) == {"group.a": "waiver.a"}


def test_what_is_compared_carries_its_name() -> None:
    """Its id, who promised it, what is broken where nothing else was seen, and how to look."""
    where = scene(ITEMS, {"group.a": GroupFacts(gid=8, members=()), "group.b": unclear()})
    found = compare(where.contract.promise("group.a"), where)
    assert (found.id, found.source) == ("group.a", "a self-test")
    assert (found.promised, found.seen) == ("gid 7", "gid 8, members none")
    assert found.look == "getent group ssl"
    assert found.broken == ("gid is 8",)


@pytest.mark.parametrize(
    ("promise", "broken", "seen", "expected"),
    [
        ("a  b", ("bad", "worse"), "a b", "bad; worse"),
        ("a b", (), "a b", "a b"),
        ("a b", ("bad",), "a c", "a c"),
    ],
)
def test_what_was_seen(
    promise: str, broken: tuple[str, ...], seen: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the promise; where those are the same and it is broken, what is broken."""
    where = scene(ITEMS)
    found = Finding(promised=promise, seen=seen, broken=broken)
    monkeypatch.setattr("gate.kinds.judge.kinds", lambda: {"group": Fixed(found)})
    assert compare(where.contract.promise("group.a"), where).seen == expected


class Fixed:
    """A kind of which every comparison comes to the same."""

    def __init__(self, found: Finding | Exception) -> None:
        """Take what it comes to."""
        self._found = found

    def compare(self, *_: object) -> Finding:
        """Return it, or raise it."""
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


GONE = UnknownError(unclear("away", Cause.UNREACHABLE))
LATE = UnknownError(unclear("late", Cause.TIMEOUT))
DENIED = UnknownError(unclear("no", Cause.PERMISSION))
HOLDS = Finding(promised="p", seen="s")
BROKEN = dataclasses.replace(HOLDS, broken=("bad", "worse"))


@pytest.mark.parametrize(
    ("found", "away", "broken", "unknown"),
    [
        (HOLDS, False, [], []),
        (BROKEN, False, ["group.a: bad", "group.b: bad"], []),
        (ObservationError("x"), True, [], ["x", "x"]),
        (GONE, False, [], [str(GONE)] * 2),
        (GONE, True, [f"group.a: {GONE}", f"group.b: {GONE}"], []),
        (LATE, True, [f"group.a: {LATE}", f"group.b: {LATE}"], []),
        (DENIED, True, [], [str(DENIED)] * 2),
        (JudgedElsewhereError("x"), True, [], []),
    ],
)
def test_broken_among(
    found: Finding | Exception,
    away: bool,  # noqa: FBT001 - a table
    broken: list[str],
    unknown: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is broken, and what cannot be told; what is away is broken only where that is asked."""
    where: Scene = scene(ITEMS)
    monkeypatch.setattr("gate.kinds.judge.kinds", lambda: {"group": Fixed(found)})
    promises = where.contract.at("predeploy")
    assert broken_among(promises, where, away=away) == (broken, unknown)
    if not away:
        assert broken_among(promises, where) == (broken, unknown)


@pytest.mark.parametrize(
    ("outcome", "reason", "says"),
    [
        (Outcome.INCONCLUSIVE, "cannot tell (permission): not shown", "sudo = true"),
        (Outcome.INCONCLUSIVE, "cannot tell (timeout): 5 s", "could be told: look again"),
        (Outcome.WARN, "(permission): odd", "could be told: look again"),
    ],
)
def test_what_to_do_where_rights_are_lacking(outcome: Outcome, reason: str, says: str) -> None:
    """To look again with the same rights tells nothing more."""
    words: dict[str, Any] = {"id": "path.x", "chapter": "paths", "title": "t"}
    lines = (
        Line(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (upstream): odd", **words),
        Line(outcome=outcome, reason=reason, **words),
    )
    assert says in advice(Verdict(word=Word.INCONCLUSIVE, exit_status=10, lines=lines))
