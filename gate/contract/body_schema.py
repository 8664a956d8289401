"""Compare a JSON with its schema in linear time: what a peer sends must not keep the gate busy."""

from __future__ import annotations

import functools
import itertools
import json
import re
from typing import Any

import jsonschema_rs

MOST = 10
"""So many complaints are told of one body."""
BACKTRACKS = 10_000
"""Steps for a pattern that looks around or back; other patterns never backtrack."""


def complaints(schema: dict[str, Any], instance: Any) -> list[str]:
    """Return what is wrong with a JSON, at most `MOST` sentence fragments."""
    errors = _validator(json.dumps(schema, sort_keys=True)).iter_errors(instance)
    return [
        f"body at {_place(one.instance_path)}: {one.message[:200]}"
        for one in itertools.islice(errors, MOST)
    ]


def check_schema(schema: dict[str, Any]) -> None:
    """Accept a schema, or say what is wrong with it.

    Raises:
        ValueError: It is no JSON Schema, or refers to one that would have to be fetched.
    """
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ValueError(f"is no JSON Schema: {(str(error) or 'odd').splitlines()[0]}") from error


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(re.sub(r"\s", " ", str(one))[:60] for one in path)


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
