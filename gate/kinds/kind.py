"""What a kind of promise is to the engine: everything that any other place asks of it.

Whoever adds a kind writes one module with one `Kind` in it, or names one by the entry point
``gate.kinds``; the loader, the look, the comparison, the state diff, every report, the schema and
the recorder are loops over the kinds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from gate.contract.item import Item, Moment
from gate.contract.model import MOMENTS, Promise
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Seen
from gate.target import Target

Severity = Literal["blocker", "critical", "normal", "minor", "trivial"]
"""Allure's severities, the worst first."""

Found = Seen[Any] | Absent | CannotTell | None
"""The fact behind an item; ``None`` for what has none of its own (a risk, a waiver)."""

Promises = Mapping[str, Promise]
"""Every promise of a contract by id."""


@dataclasses.dataclass(frozen=True)
class State:
    """What an item is: in words, and in parts where the words do not hold everything.

    It holds what must not change by itself: no PIDs, no durations, no free space.

    Attributes:
        text: In words.
        parts: In parts, by name.
        started: When it began (ISO 8601, UTC), where that belongs to it.
        start: Which start that was, told by no clock that is set; ``started`` where it is empty.
        started_by: Id of the plan's step that promises this start; empty where none does.
    """

    text: str
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    started: str = ""
    start: str = ""
    started_by: str = ""

    @property
    def same_start(self) -> str:
        """What is equal of two states exactly where nothing was started anew between them."""
        return self.start or self.started


Cells = Mapping[str, "str | CannotTell"]
"""An item's columns by heading; what a cell would say and nobody could see is said as that."""

Told = State | CannotTell | None
ABSENT = State("absent")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """An item that promises what was seen.

    Attributes:
        name: Its id without the kind.
        keys: What its table says, but for `source`; they hold at every moment.
    """

    name: str
    keys: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """What is there and is not written down.

    Attributes:
        text: What it is, and why: a line at the head of the chapter.
    """

    text: str


Which = Literal["usual", "all"]
DISCOVERED = "found there"
"""Source of the items that a `Discovery` names, until what they are is written down."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Discovery:
    """How a kind finds out what there is, so that `gate record` needs nobody to name it.

    Attributes:
        asks: What the sources have to be asked first, on a target: an `AskProbe` that lists.
        names: What is there, by what the first look saw. Each item says what it is about; what it
            is, the kind's `record` writes by a second look. What is left out, and what cannot be
            told, is said at the chapter's head. Where all is wanted, that is, too, which most
            people would never promise.
        doubtful: Keys that go where the item does not hold with them, one after the other.
        about: What of an item says what it is about: what the contract names so is not found again.
            Without it that is all that is asked for it.
    """

    asks: Callable[[Target], Iterable[object]]
    names: Callable[[Scene, Which], Iterable[Recorded | LeftOut | CannotTell]]
    doubtful: tuple[str, ...] = ()
    about: Callable[[Any], object] | None = None


def records_nothing(scene: Scene) -> Iterable[Recorded]:
    """What it promises is nothing that a look could make up by itself."""
    del scene
    return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of promise, whole.

    Attributes:
        name: First part of an item's id, ``service`` in ``service.redis``.
        chapter: File of the contract (without ``.toml``) and chapter of every report.
        rank: Its place among the kinds: chapters and items are told in this order.
        model: What can be promised; its docstring is the reference for users.
        severity: Allure's, for items that guard no risk.
        moments: When an item is accounted for; the flag tells whether plans are carried out.
        asks: What the sources have to be asked for an item at a moment on a target.
        find: The fact behind an item.
        compare: The judgement; raises `ObservationError` where it cannot be told.
        state: What the state diff compares from moment to moment.
        row: Columns of its table in the documents, by heading: always the same ones, text without
            any markup; it raises nothing where a fact cannot be told.
        references: What is wrong with what an item says of other items, one sentence each.
        shows: Whether an item that holds at a moment shows that something is there; what an empty
            host would keep as well does not.
        record: Items that promise what a look has seen, for `gate record`, and what is none.
        discover: How it finds out what there is; ``None`` where only what is named can be recorded.
        measure: How long it takes, in seconds, where that is what an item is about: two looks are
            told side by side.
        named_by: Keys by which other items name one of this kind, beside the kind's own name; what
            it is itself stands under the first of them (``unit`` of a service).
        carries: Whether, as it was seen, it can carry what stands on it: a worker that does not run
            carries no queue. What is not seen carries nothing.
        stands_on: Ids of other items that it stands on, beyond those that its keys and its reason
            name: where one of them did not pass, this one follows from that.
        spread: The promises that one table of the contract comes to, where it is more than itself:
            each has an id of its own that begins with the table's, and is accounted for.
    """

    name: str
    chapter: str
    rank: int
    model: type[Item]
    severity: Severity
    moments: Callable[[Item, bool], tuple[Moment, ...]]
    asks: Callable[[Promise, Moment, Target], Iterable[object]]
    find: Callable[[Promise, Scene], Found]
    compare: Callable[[Promise, Scene], Finding]
    state: Callable[[Promise, Scene], Told]
    row: Callable[[Promise, Scene], Cells]
    references: Callable[[Item, Promises], Iterable[str]]
    shows: Callable[[Promise, Moment], bool] = lambda one, moment: not one.at(moment).absent
    record: Callable[[Scene], Iterable[Recorded | LeftOut]] = records_nothing
    discover: Discovery | None = None
    measure: Callable[[Promise, Scene], float | None] = lambda _promise, _scene: None
    named_by: tuple[str, ...] = ()
    carries: Callable[[Promise, Scene], bool] = lambda _promise, _scene: True
    stands_on: Callable[[Promise, Scene], Iterable[str]] = lambda _promise, _scene: ()
    spread: Callable[[Promise], Iterable[Promise]] = lambda promise: (promise,)


def always(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    """Accounted for at every moment."""
    del item, carries_out
    return MOMENTS


def asks_nothing(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    """Judged by what other items ask for."""
    del promise, moment, target
    return ()


def shows_nothing(promise: Promise, moment: Moment) -> bool:
    """It holds on an empty host, too, or by what other items show."""
    del promise, moment
    return False


def no_fact(promise: Promise, scene: Scene) -> Found:
    """Nothing of its own stands behind it."""
    del promise, scene
    return None


def no_state(promise: Promise, scene: Scene) -> Told:
    """It is no state of the target that two looks could be compared by."""
    del promise, scene
    return None


def no_references(item: Item, promises: Promises) -> Iterable[str]:
    """It names no other item."""
    del item, promises
    return ()


def not_seen(fact: Absent | CannotTell) -> State | CannotTell:
    """The state of what is proven not to be there, or could not be looked at."""
    return fact if isinstance(fact, CannotTell) else ABSENT


def shown(fact: Found, absent: str, text: Callable[[Any], str]) -> str | CannotTell:
    """A cell for a fact: what it says, what is said of its absence, or why nobody can tell."""
    if isinstance(fact, Seen):
        return text(fact.value)
    return fact if isinstance(fact, CannotTell) else absent
