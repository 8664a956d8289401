"""The verdict: one pure function from what was promised and what came out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gate.account.absence import warnings
from gate.contract.item import Moment
from gate.contract.model import Promise
from gate.kinds.waiver import Waiver, in_force


class Outcome(str, enum.Enum):
    """How an item ends; exactly one of these."""

    PASS = "PASS"  # noqa: S105 - an outcome, no password
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    WAIVED = "WAIVED"


class Word(str, enum.Enum):
    """The verdict in a word."""

    PROMOTE = "PROMOTE"
    BLOCKED = "BLOCKED"
    INCONCLUSIVE = "INCONCLUSIVE"
    PARTIAL = "PARTIAL"
    INTERRUPTED = "INTERRUPTED"
    REPLAYED = "REPLAYED"


EXIT_STATUS = {
    Word.PROMOTE: 0,
    Word.BLOCKED: 1,
    Word.INTERRUPTED: 2,
    Word.INCONCLUSIVE: 10,
    Word.PARTIAL: 10,
    Word.REPLAYED: 10,
}
"""Exit statuses of the gate; 2 to 6 are pytest's own and are never replaced."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What one run of an item's test came to.

    Attributes:
        promised: What the contract says, in short.
        seen: What was there, in short; empty where nothing could be seen.
        reason: Why it did not pass, or what to look at.
        look: A command to look for oneself.
    """

    outcome: Outcome
    promised: str = ""
    seen: str = ""
    reason: str = ""
    look: str = ""
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line(Result):
    """One line of the account: an item and how it ended."""

    id: str
    chapter: str
    title: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The account of one moment.

    Attributes:
        lines: One per promised item, in the contract's order.
        not_run: Ids of the items that no test accounted for.
        warnings: What is odd about all the promises together, which changes no exit status; and
            what blocks and is no promise: a test beside them that failed, a secret in a report.
    """

    word: Word
    exit_status: int
    lines: tuple[Line, ...]
    not_run: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many items ended so."""
        return self._counts[outcome]

    @functools.cached_property
    def _counts(self) -> Counter[Outcome]:
        return Counter([line.outcome for line in self.lines])


BESIDE = "a test that accounts for no promise failed"
"""What stands before the name of such a test."""
SEVERITY = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.WARN, Outcome.PASS)
"""Where several tests account for one item, the first of these that occurs is its outcome."""


def verdict(
    promises: Sequence[Promise],
    results: Mapping[str, Sequence[Result]],
    waivers: Mapping[str, Waiver],
    *,
    moment: Moment,
    today: dt.date,
    interrupted: bool = False,
    replayed: bool = False,
    besides: Sequence[str] = (),
) -> Verdict:
    """Account for every promise.

    Args:
        promises: What the contract promises at this moment; the account has these lines, whatever
            happened to run.
        results: What the tests came to, by item id.
        waivers: Waivers of this moment by their own ids.
        moment: Which moment this is.
        today: Today's date (UTC), for the waivers' expiry.
        interrupted: Whether the run was ended before it was through.
        replayed: Whether a kept look was judged again, which promotes nothing.
        besides: Tests of the same run that failed and account for no promise, by their names.

    Returns:
        The verdict; its word follows from the worst line: a FAIL blocks, as a test beside the
        promises does; an item that no test accounted for makes it PARTIAL; anything else that
        could not be told INCONCLUSIVE. Nothing promised is not a promotion.
    """
    waived_by = in_force(waivers, today)
    lines: dict[str, Line] = {}
    not_run = []
    for promise in promises:
        found = _worst(results.get(promise.id, ()))
        if found is None:
            not_run.append(promise.id)
            found = Result(
                outcome=Outcome.INCONCLUSIVE, reason="no test accounted for it in this run"
            )
        waiver = waived_by.get(promise.id)
        if found.outcome is Outcome.FAIL and waiver:
            found = dataclasses.replace(
                found, outcome=Outcome.WAIVED, reason=_waived(waivers[waiver], found)
            )
        lines[promise.id] = _line(promise, found)
    for id_ in waivers.keys() & lines.keys():
        lines[id_] = _of_waiver(lines[id_], waivers[id_], lines.get(waivers[id_].item), today)
    waived = {id_ for id_, line in lines.items() if line.outcome is Outcome.WAIVED}
    failed = tuple(f"{BESIDE}: {one}" for one in dict.fromkeys(besides))
    word = _word(
        lines.values(), partial=bool(not_run), interrupted=interrupted, blocked=bool(failed)
    )
    if replayed and word is Word.PROMOTE:
        word = Word.REPLAYED
    return Verdict(
        word=word,
        exit_status=EXIT_STATUS[word],
        lines=tuple(lines.values()),
        not_run=tuple(not_run),
        warnings=(*failed, *warnings(promises, waived, moment)),
    )


def _worst(results: Sequence[Result]) -> Result | None:
    return min(results, key=lambda one: SEVERITY.index(one.outcome), default=None)


def _waived(waiver: Waiver, found: Result) -> str:
    return f"waived until {waiver.expires} by {waiver.owner} ({waiver.reason}): {found.reason}"


def _line(promise: Promise, found: Result) -> Line:
    return Line(
        **{field.name: getattr(found, field.name) for field in dataclasses.fields(Result)},
        id=promise.id,
        chapter=promise.chapter,
        title=promise.title,
    )


def _of_waiver(line: Line, waiver: Waiver, waived: Line | None, today: dt.date) -> Line:
    """Judge a waiver by what became of its item: it must be in date and needed."""
    if today > waiver.expires:
        reason = f"expired on {waiver.expires}; {waiver.owner} answers for it"
        return dataclasses.replace(line, outcome=Outcome.FAIL, reason=reason)
    if waived is not None and waived.outcome in (Outcome.PASS, Outcome.WARN):
        reason = f"not needed: {waiver.item} holds; remove the waiver"
        return dataclasses.replace(line, outcome=Outcome.FAIL, reason=reason)
    if waived is None or waived.outcome is Outcome.INCONCLUSIVE:
        reason = f"cannot tell whether it is needed: {waiver.item} is not accounted for"
        return dataclasses.replace(line, outcome=Outcome.INCONCLUSIVE, reason=reason)
    return line


def _word(lines: Iterable[Line], *, partial: bool, interrupted: bool, blocked: bool) -> Word:
    outcomes = {line.outcome for line in lines}
    if interrupted:
        return Word.INTERRUPTED
    if blocked or Outcome.FAIL in outcomes:
        return Word.BLOCKED
    if partial:
        return Word.PARTIAL
    if Outcome.INCONCLUSIVE in outcomes or not outcomes:
        return Word.INCONCLUSIVE
    return Word.PROMOTE
