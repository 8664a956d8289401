"""An account without secrets: what a target said is cleaned before anything is told of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
from typing import Any, Literal, get_origin

import pydantic

from gate.account.verdict import Line, Verdict
from gate.report.account import Account, Earlier
from gate.secrets.redactor import Redactor
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.observed import Observed

FACTS: dict[type, str] = {Seen: "value", Absent: "proof", CannotTell: "reason"}
"""What each kind of fact says; its tag is what it is read back by."""
WORDS = ("promised", "seen", "reason", "look")
"""What of a line may hold what a target said."""
PLAIN = (bool, int, float, dt.datetime)
"""Types of fields that hold no text."""
SIMPLE = frozenset((*PLAIN, type(None)))


def redacted(account: Account, redactor: Redactor) -> Account:
    """The same account; ids, titles and the contract's own words stay as they are."""
    old = account.baseline_verdict
    baseline = redacted_observed(account.baseline, redactor)
    cleaned = {id(account.baseline): baseline}  # most often a look of the story, too
    return dataclasses.replace(
        account,
        verdict=redacted_verdict(account.verdict, redactor),
        observed=redacted_observed(account.observed, redactor),
        baseline=baseline,
        baseline_verdict=redacted_verdict(old, redactor) if old else None,
        earlier=tuple(_earlier(one, redactor, cleaned) for one in account.earlier),
    )


def _earlier(one: Earlier, redactor: Redactor, cleaned: dict[int, Observed | None]) -> Earlier:
    known = id(one.observed) in cleaned
    observed = cleaned[id(one.observed)] if known else redacted_observed(one.observed, redactor)
    verdict = redacted_verdict(one.verdict, redactor) if one.verdict else None
    return dataclasses.replace(one, verdict=verdict, observed=observed)


def redacted_verdict(verdict: Verdict, redactor: Redactor) -> Verdict:
    """The verdict with every line's words cleaned."""
    return dataclasses.replace(
        verdict, lines=tuple([_cleaned(line, redactor) for line in verdict.lines])
    )


def _cleaned(line: Line, redactor: Redactor) -> Line:
    """A line with its words cleaned; as it is where there is nothing to be taken out."""
    words = {name: redactor.clean(getattr(line, name)) for name in WORDS}
    is_same = all(getattr(line, name) == one for name, one in words.items())
    return line if is_same else dataclasses.replace(line, **words)  # type: ignore[arg-type] # texts


def redacted_observed(observed: Observed | None, redactor: Redactor) -> Observed | None:
    """The look with every text in it cleaned; what is no free text stays, so it can be replayed."""
    return None if observed is None else _clean(observed, redactor)


def _clean(value: Any, redactor: Redactor) -> Any:
    """Clean a value at any depth; what holds no secret is returned as it is."""
    if isinstance(value, str):
        return value if isinstance(value, enum.Enum) else redactor.clean(value)
    if isinstance(value, dict):
        return {key: _clean(one, redactor) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_clean(one, redactor) for one in value)
    if type(value) in FACTS:
        changed = _changed(value, {FACTS[type(value)]: False}, redactor)
        return dataclasses.replace(value, **changed) if changed else value
    # pydantic takes long to say that something is no model, and most values are none
    if type(value) not in SIMPLE and isinstance(value, pydantic.BaseModel):
        changed = _changed(value, _fields(type(value)), redactor)
        return value.model_copy(update=changed) if changed else value
    return value


def _changed(value: Any, fields: dict[str, bool], redactor: Redactor) -> dict[str, Any]:
    changed = {}
    for name, is_json in fields.items():
        old = getattr(value, name)
        new = redactor.clean_json(old) if is_json else _clean(old, redactor)
        if new is not old and new != old:
            changed[name] = new
    return changed


@functools.cache
def _fields(model: type[pydantic.BaseModel]) -> dict[str, bool]:
    """The fields that can hold a secret; whether one is JSON of anybody's making.

    Not among them are the words that a document is read back by.
    """
    annotations = {name: field.annotation for name, field in model.model_fields.items()}
    return {
        name: annotation is Any
        for name, annotation in annotations.items()
        if get_origin(annotation) is not Literal and annotation not in PLAIN
    }
