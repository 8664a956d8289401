"""Compare a JSON with its schema in linear time: what a peer sends must not keep the gate busy."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs

MOST = 10
"""So many complaints are told of one body."""
SEARCHED = 64 * 1024
"""In a longer JSON only the first complaint is looked for: each one costs its time."""
BACKTRACKS = 10_000
"""Steps for a pattern that looks around or back; other patterns never backtrack."""


def complaints(
    schema: dict[str, Any], instance: Any, shortened: Callable[[str, int], str]
) -> list[str]:
    """Return what is wrong with a JSON, at most `MOST` sentence fragments.

    Args:
        schema: What it should be like.
        instance: The JSON.
        shortened: Cuts a text that quotes from it to a length; takes secrets out first.
    """
    validator = _validator(json.dumps(schema, sort_keys=True))
    if validator.is_valid(instance):
        return []
    if len(json.dumps(instance)) > SEARCHED:
        try:
            validator.validate(instance)
        except jsonschema_rs.ValidationError as error:
            return [_complaint(error, shortened)]
    errors = itertools.islice(validator.iter_errors(instance), MOST)
    return [_complaint(one, shortened) for one in errors]


def _complaint(error: jsonschema_rs.ValidationError, shortened: Callable[[str, int], str]) -> str:
    place = _place(error.instance_path, shortened)
    return f"body at {place}: {shortened(error.message, 200)}"


def check_schema(schema: dict[str, Any]) -> None:
    """Accept a schema, or say what is wrong with it.

    Raises:
        ValueError: It is no JSON Schema, or refers to one that would have to be fetched.
    """
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ValueError(f"is no JSON Schema: {(str(error) or 'odd').splitlines()[0]}") from error


def _place(path: list[str | int], shortened: Callable[[str, int], str]) -> str:
    return "/" + "/".join(shortened(str(one), 60) for one in path)


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    linear = jsonschema_rs.RegexOptions()
    try:
        return jsonschema_rs.validator_for(json.loads(schema), pattern_options=linear, offline=True)
    except jsonschema_rs.ValidationError:
        limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS)
        return jsonschema_rs.validator_for(
            json.loads(schema), pattern_options=limited, offline=True
        )
