"""pytest's reports without secrets: failures, captured output, properties; cleaned in place."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from gate.secrets import known

JSON = ("{", "[", '"')
"""How JSON in a user property begins; its strings are cleaned one by one, so that it stays JSON."""


PLAIN = (type(None), bool, int, float)
"""Types that say no words."""


def clean_report(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Clean everything that any writer could take from a report; most have nothing to clean."""
    if report.longrepr is not None:
        report.longrepr = clean_repr(report.longrepr)
    if report.sections:
        report.sections = [(known.tell(name), known.tell(text)) for name, text in report.sections]
    if isinstance(report, pytest.TestReport) and report.user_properties:
        report.user_properties = [
            (name, _property(value)) for name, value in report.user_properties
        ]
    for name in ("wasxfail", "keywords_reason"):
        if isinstance(getattr(report, name, None), str):
            setattr(report, name, known.tell(getattr(report, name)))


def clean_repr(shown: Any) -> Any:
    """Clean the representation of a failure, at any depth, in place as far as that goes."""
    if isinstance(shown, PLAIN):
        return shown
    if isinstance(shown, str):
        return known.tell(shown)
    if isinstance(shown, tuple):
        return tuple([clean_repr(one) for one in shown])
    if isinstance(shown, list):
        return [clean_repr(one) for one in shown]
    if not dataclasses.is_dataclass(shown) and not hasattr(shown, "toterminal"):
        return shown
    for name, value in [*vars(shown).items()]:
        new = _member(name, value)
        if new is not value:
            object.__setattr__(shown, name, new)
    return shown


def _member(name: str, value: Any) -> Any:
    """Clean what an attribute of a representation holds; anything else stays as it is."""
    if isinstance(value, PLAIN):
        return value
    if name == "lines" and isinstance(value, list):
        # Together: a secret of several lines, such as a key, stands in several of them.
        text = "\n".join([str(one) for one in value])
        cleaned = known.tell(text)
        return value if cleaned == text else cleaned.split("\n")
    if isinstance(value, (str, tuple, list)) or hasattr(value, "toterminal"):
        return clean_repr(value)
    return value


def _property(value: object) -> object:
    if not isinstance(value, str):
        return known.tell_json(value)
    if value.startswith(JSON):
        try:
            return json.dumps(known.tell_json(json.loads(value)))
        except (ValueError, RecursionError):
            return known.tell(value)  # it only began like JSON
    return known.tell(value)
