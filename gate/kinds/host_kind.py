"""Kinds that one probe of the host answers: what they have in common, once.

A module that promises something of a host says what can be promised (a model), what is asked (a
probe), and how the two differ; the rest of a `Kind` follows from that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pydantic

from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    DISCOVERED,
    Cells,
    Discovery,
    Found,
    Kind,
    Recorded,
    Severity,
    State,
    Told,
    always,
    no_references,
    not_seen,
    shown,
)
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Fact, Seen, known
from gate.sources.host.probe import AskProbe, Probe
from gate.target import Target

It = TypeVar("It", bound=Item)
F = TypeVar("F", bound=pydantic.BaseModel)
OF_ANY = frozenset(Item.model_fields)
"""What can be said of any item."""
Differences = Iterable["str | CannotTell"]
"""What does not hold, a sentence fragment each, and what of it nobody can tell."""


def nothing_odd(item: Any, fact: Any, scene: Scene) -> Sequence[str]:
    """There is nothing about it that holds and is odd."""
    del item, fact, scene
    return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostKind(Generic[It, F]):
    """A kind that a probe answers.

    Attributes:
        name: First part of its items' ids.
        chapter: File of the contract.
        rank: Its place among the kinds.
        model: What can be promised.
        probe: What is asked of the host.
        subject: What an item asks the probe for.
        called: What an item is about, in a few words: ``package nginx``.
        promised: The promise in short.
        differs: What is not as promised of what is there.
        text: What is there, in short.
        columns: Columns of its table in the documents, of what is there.
        look: A command to look for oneself.
        keys: The keys that promise what is there, for `gate record`.
        discover: How it finds out what there is.
        discovered: The keys of what was found so, where they are others than `keys`.
        again: Keys of what the contract names that stay as it has them; laid over `keys`.
        state: What the state diff compares; as `text` where nothing of that changes by itself.
        odd: What holds and is odd.
        severity: Allure's.
        absent: What is said of an item that is not there.
        why_absent: Why it is not there, where that is more than that nothing was found.
        may_miss: Whether an item holds of what is not there.
    """

    name: str
    chapter: str
    rank: int
    model: type[It]
    probe: Probe[Any, F]
    subject: Callable[[It, Target], Any]
    called: Callable[[It], str]
    promised: Callable[[It], str]
    differs: Callable[[It, F, Scene], Differences]
    text: Callable[[F], str]
    columns: Mapping[str, Callable[[F], str]]
    look: Callable[[It, Target], str]
    keys: Callable[[It, F], Mapping[str, Any]]
    discover: Discovery | None = None
    discovered: Callable[[It, F, Scene], Mapping[str, Any]] | None = None
    again: Callable[[It, F, Scene], Mapping[str, Any]] = lambda _item, _found, _scene: {}
    state: Callable[[F], str] | None = None
    odd: Callable[[It, F, Scene], Sequence[str]] = nothing_odd
    severity: Severity = "normal"
    absent: str = "absent"
    why_absent: Callable[[Absent], str] = lambda _: ""
    may_miss: Callable[[It, Absent], bool] = lambda _item, _gone: False

    @property
    def kind(self) -> Kind:
        """The kind."""
        return Kind(
            name=self.name,
            chapter=self.chapter,
            rank=self.rank,
            model=self.model,
            severity=self.severity,
            moments=always,
            asks=self._asks,
            find=self._find,
            compare=self._compare,
            state=self._state,
            row=self._row,
            references=no_references,
            record=self._record,
            discover=self.discover,
        )

    def _fact(self, promise: Promise, scene: Scene) -> Fact[F]:
        return scene.probed(self.probe, self.subject(scene.item(promise, self.model), scene.target))

    def _find(self, promise: Promise, scene: Scene) -> Found:
        return self._fact(promise, scene)

    def _asks(self, promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
        item = promise.at(moment)
        if isinstance(item, self.model):
            yield AskProbe(self.probe, self.subject(item, target))

    def _compare(self, promise: Promise, scene: Scene) -> Finding:
        item, fact = scene.item(promise, self.model), known(self._fact(promise, scene))
        must, look = (
            self.absent if item.absent else self.promised(item),
            self.look(item, scene.target),
        )
        if isinstance(fact, Absent):
            why = f": {said}" if (said := self.why_absent(fact)) else ""
            return Finding(
                promised=must,
                seen=f"{self.absent} ({fact.proof})",
                broken=()
                if item.absent or self.may_miss(item, fact)
                else (f"there is no {self.called(item)}{why}",),
                look=look,
            )
        return Finding(
            promised=must,
            seen=self.text(fact),
            broken=(f"{self.called(item)} is there",)
            if item.absent
            else judged(self.differs(item, fact, scene)),
            warnings=() if item.absent else tuple(self.odd(item, fact, scene)),
            look=look,
        )

    def _state(self, promise: Promise, scene: Scene) -> Told:
        fact = self._fact(promise, scene)
        return (
            State((self.state or self.text)(fact.value))
            if isinstance(fact, Seen)
            else not_seen(fact)
        )

    def _row(self, promise: Promise, scene: Scene) -> Cells:
        fact = self._fact(promise, scene)
        what = {self.name.capitalize(): self.called(scene.item(promise, self.model))}
        return what | {head: shown(fact, self.absent, one) for head, one in self.columns.items()}

    def _record(self, scene: Scene) -> Iterable[Recorded]:
        """Those that the contract names, or that were found, as they are."""
        for promise in scene.contract.at(scene.moment):
            item = promise.at(scene.moment)
            fact = self._fact(promise, scene) if isinstance(item, self.model) else None
            if isinstance(item, self.model) and isinstance(fact, Seen):
                keys = {"title": item.title, **self._keys(item, fact.value, scene)}
                yield Recorded(promise.name, {k: v for k, v in keys.items() if v is not None})
            elif (
                isinstance(item, self.model)
                and isinstance(fact, Absent)
                and self.may_miss(item, fact)
            ):
                said = item.model_dump(mode="json", exclude_defaults=True, exclude={*OF_ANY})
                yield Recorded(promise.name, {"title": item.title, **said})

    def _keys(self, item: It, found: F, scene: Scene) -> Mapping[str, Any]:
        if item.source == DISCOVERED and self.discovered is not None:
            return self.discovered(item, found, scene)
        return {**self.keys(item, found), **self.again(item, found, scene)}


def judged(differences: Differences) -> tuple[str, ...]:
    """What is broken; what nobody can tell counts where nothing is.

    Raises:
        ObservationError: Nothing is known to be broken, and something could not be told.
    """
    found = list(differences)
    broken = tuple(one for one in found if isinstance(one, str))
    unclear = next((one for one in found if isinstance(one, CannotTell)), None)
    if unclear is not None and not broken:
        raise ObservationError(f"cannot tell ({unclear.cause.value}): {unclear.reason}")
    return broken


def other(name: str, must: object, is_: object) -> Iterable[str]:
    """One word where a value is promised and another one is there."""
    if must is not None and must != is_:
        yield f"{name} is {is_}" if is_ not in ("", None) else f"there is no {name}"


def listed(**words: object) -> str:
    """A promise in short: what is said of each key that is given."""
    said = []
    for name, value in words.items():
        if value in (None, "", (), {}, False):
            continue
        label = name.removesuffix("_").replace("_", " ")
        shown_as = ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else value
        said.append(label if value is True else f"{label} {shown_as}")
    return ", ".join(said) or "there"
