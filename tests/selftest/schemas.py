"""A TOML file through its schema, as an editor sees it, in both drafts."""

from __future__ import annotations

import datetime as dt
import functools
import math
import sys
from typing import Any

import jsonschema_rs

from gate.contract.schema import schema
from gate.json_schema import Draft
from gate.kinds.registry import kinds
from gate.target_schema import target_schema

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DRAFTS: tuple[Draft, ...] = ("2020-12", "7")
TARGET = "a target"
ANY = ""
"""The schema of all chapters."""


@functools.cache
def validator(of: str, draft: Draft) -> jsonschema_rs.Validator:
    """Of a chapter, of any chapter (`ANY`), or of a target (`TARGET`)."""
    kind = jsonschema_rs.Draft7Validator if draft == "7" else jsonschema_rs.Draft202012Validator
    found = target_schema(draft=draft) if of == TARGET else schema(kinds(), of, draft=draft)
    return kind(found, validate_formats=True)


def complaint(of: str, text: str, draft: Draft) -> str:
    """What the schema says first of a file; empty where it accepts it."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return f"malformed: {error}"
    found = next(iter(validator(of, draft).iter_errors(as_json(data))), None)
    return f"{found.instance_path}: {found.message[:300]}" if found else ""


def as_json(value: Any) -> Any:
    """What editors make of TOML: dates are texts, and infinities are nothing."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
