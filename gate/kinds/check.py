"""Checks: a command of the host that only reads, its exit status and what it prints."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pydantic

from gate.contract.body_schema import check_schema, complaints
from gate.contract.item import Item, Json, Name
from gate.errors import ObservationError
from gate.kinds.bounds import Bounds, outside
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene
from gate.pattern import is_pattern, search
from gate.rule import Is, Not, Rule, exactly_one
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause
from gate.sources.host.checks import CHECKS, LONGEST_S, CheckFacts, Subject, command
from gate.target import Target

LAST = 4
"""So many lines of what a check printed are told where it failed: what failed often stands above
the line that says so."""
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
NO_LIMIT = ("infinity", "max", "unlimited")
"""As systemd, a control group and ``ulimit`` print a limit that is none."""


class Check(Item):
    """A command that is run on the host at every look, and what it must say.

    Nobody can prove that a command only reads: the item says why it changes nothing.

    Attributes:
        reads: Why running it changes nothing, in a sentence.
        command: Argument list; a target puts its ``prefix`` before words that are paths.
        sh: The same as a line of POSIX shell.
        user: As whom, where that is not who looks; root may be anybody, others need ``sudo -n``.
        within_s: How long it may take, in seconds.
        status: Exit status that it must end with.
        matches: Regular expressions that something it prints is like; ``^`` and ``$`` are a line's.
        matches_not: Regular expressions that nothing it prints is like.
        number: Bounds of the one number that it prints; ``infinity``, ``max`` and ``unlimited``, as
            limits are printed that are none, are more than any.
        json_: JSON Schema of what it prints as JSON.
        numbers: Bounds of numbers in that JSON, by where they stand, such as ``queue.0.length``.
    """

    reads: Name
    command: tuple[str, ...] | None = None
    sh: Name | None = None
    user: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] | None = None
    within_s: Annotated[float, pydantic.Field(gt=0, le=LONGEST_S)] = 5.0
    status: Annotated[int, pydantic.Field(ge=0, le=123)] = 0
    matches: tuple[Name, ...] = ()
    matches_not: tuple[Name, ...] = ()
    number: Bounds | None = None
    json_: dict[str, Json] | None = pydantic.Field(default=None, alias="json")
    numbers: dict[str, Bounds] = {}

    RULES = (
        exactly_one("command", "sh"),
        Rule(Not(Is("absent", True)), "a check cannot be promised to be absent"),
    )

    @pydantic.field_validator("json_")
    @classmethod
    def _is_a_schema(cls, given: dict[str, Json] | None) -> dict[str, Json] | None:
        if given is not None:
            check_schema(given)
        return given

    @pydantic.field_validator("matches", "matches_not")
    @classmethod
    def _are_patterns(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            is_pattern(one)
        return given


def _subject(item: Check, target: Target) -> Subject:
    words = (target.placed(one) if one.startswith("/") else one for one in item.command or ())
    shell = item.sh or shlex.join(words)
    return (shell, target.user(item.user) or "", item.within_s)


def _differs(item: Check, found: CheckFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if found.status != item.status:
        lines = [one.strip()[:200] for one in found.output.splitlines() if one.strip()]
        said = " / ".join(lines[-LAST:]) or "without a word"
        yield f"it ended with exit status {found.status}: {said}"
        return
    yield from _like(item, found)
    if item.number is not None:
        text = found.output.strip()
        if NUMBER.fullmatch(text) or text in NO_LIMIT:
            number = math.inf if text in NO_LIMIT else float(text)
            yield from outside(number, item.number.at_least, item.number.at_most)
        else:
            yield CannotTell(f"it printed no number: {text[:80]!r}", Cause.UPSTREAM)
    if item.json_ is not None or item.numbers:
        yield from _json(item, found)


def _like(item: Check, found: CheckFacts) -> Iterator[str | CannotTell]:
    try:
        for one in item.matches:
            if search(f"(?m){one}", found.output) is None:
                yield _cut(found) or f"it printed nothing like {one!r}"
        for one in item.matches_not:
            if search(f"(?m){one}", found.output) is not None:
                yield f"it printed something like {one!r}"
            elif cut := _cut(found):
                yield cut
    except ObservationError as error:
        yield CannotTell(str(error), Cause.TIMEOUT)


def _cut(found: CheckFacts) -> CannotTell | None:
    return CannotTell("it printed more than is kept", Cause.UPSTREAM) if found.cut else None


def _json(item: Check, found: CheckFacts) -> Iterator[str | CannotTell]:
    try:
        document = json.loads(found.output)
    except (ValueError, RecursionError) as error:
        yield CannotTell(f"it printed no JSON: {error}", Cause.UPSTREAM)
        return
    if item.json_ is not None:
        yield from complaints(item.json_, document, known.redactor().cut)
    for path, bounds in item.numbers.items():
        value = at(document, path)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{path} is no number" if value is not None else f"there is no {path}"
        else:
            yield from (f"{path}: {one}" for one in outside(value, bounds.at_least, bounds.at_most))


def at(document: Any, path: str) -> Any:
    """What stands at ``a.0.b`` of a document; ``None`` where nothing does."""
    for word in path.split("."):
        if isinstance(document, list) and word.isdigit() and int(word) < len(document):
            document = document[int(word)]
        elif isinstance(document, dict):
            document = document.get(word)
        else:
            return None
    return document


def _promised(item: Check) -> str:
    bounds = item.number and listed(**item.number.model_dump(exclude_none=True))
    return listed(
        exit_status=str(item.status),
        printing=item.matches,
        not_printing=item.matches_not,
        number=bounds,
        json=item.json_ is not None,
        numbers=tuple(item.numbers),
    )


def _text(found: CheckFacts) -> str:
    lines = found.output.strip().splitlines()
    more = f" (and {len(lines) - 1} lines more)" if len(lines) > 1 else ""
    return f"exit status {found.status}: {lines[0][:200] if lines else 'without a word'}{more}"


def _keys(item: Check, found: CheckFacts) -> Mapping[str, Any]:
    given = item.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    keys = {name: value for name, value in given.items() if name not in Item.model_fields}
    return {**keys, "status": found.status or None}


KIND = HostKind(
    name="check",
    chapter="checks",
    rank=45,
    model=Check,
    probe=CHECKS,
    subject=_subject,
    called=lambda item: f"check {item.sh or shlex.join(item.command or ())}",
    promised=_promised,
    differs=_differs,
    text=_text,
    state=lambda found: f"exit status {found.status}",
    columns={"Exit status": lambda one: str(one.status)},
    look=lambda item, target: (
        command(_subject(item, target)) if item.user else _subject(item, target)[0]
    ),
    keys=_keys,
).kind
