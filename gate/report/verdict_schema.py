"""The JSON Schema of ``verdict.json``, for whoever decides by it.

`FORMAT` rises when a key changes its meaning or goes; keys may be added under the same one.
"""

from __future__ import annotations

from typing import Any

from gate.account.verdict import Outcome, Word
from gate.contract.model import MOMENTS
from gate.json_schema import Draft, whole
from gate.report.runs import INTERRUPTED, RUNNING

FORMAT = 1
TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
DIGEST: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
OUTCOMES = [one.value for one in Outcome]
ENDED = ("gate", "counts", "not_run", "warnings", "not_tried", "differs", "waivers", "replay")
"""Keys of a run that came to its end."""


def verdict_schema(draft: Draft = "2020-12") -> dict[str, Any]:
    """The schema as JSON-ready data."""
    properties: dict[str, Any] = {
        "verdict": {
            "description": "the verdict in a word; PROMOTE alone lets a deployment go on",
            "enum": [RUNNING, *(one.value for one in Word)],
        },
        "exit_status": {"description": "0 with PROMOTE alone", "type": "integer", "minimum": 0},
        "format": {"description": "version of this document's shape", "const": FORMAT},
        "run": {"description": "name of the run's folder", **TEXT},
        "target": {"description": "name of the target", **TEXT},
        "moment": {"enum": [*MOMENTS]},
        "started": {"description": "of the run; of a replay, of its look", **TIME},
        "finished": {
            "description": "null where the run did not come to its end",
            "type": ["string", "null"],
            "format": "date-time",
        },
        "valid_until": {"description": "until when the run's evidence is good", **TIME},
        "advise": {
            "description": "true: the run blocked nothing and ended with 0, whatever its verdict; "
            "it promotes nothing either",
            "type": "boolean",
        },
        "release": {
            "description": "what is released; null where nobody says so",
            "type": ["object", "null"],
            "required": ["commit", "tree", "said_by", "changed"],
            "properties": {
                "commit": {"description": "hash of git; empty where not known", **TEXT},
                "tree": {"description": "hash of git; empty where not known", **TEXT},
                "said_by": {"description": "an option, a variable, or git", **TEXT},
                "changed": {
                    "description": "files were changed since, so it is not what lies there",
                    "type": "boolean",
                },
            },
        },
        "reason": {"description": "why it did not come to its end", **TEXT},
        "replay": {
            "description": "what was judged again, where nothing was looked at",
            "type": ["object", "null"],
            "required": ["file", "sha256", "looked", "at"],
            "properties": {"file": TEXT, "sha256": DIGEST, "looked": TIME, "at": TIME},
        },
        "contract": _object({"sha256": DIGEST, "items": COUNT}, folder=TEXT),
        "gate": _object({"name": TEXT, "version": TEXT}),
        "counts": _object(dict.fromkeys(OUTCOMES, COUNT)),
        "not_run": {"description": "ids of items that no test accounted for", **TEXTS},
        "warnings": {"description": "what is odd about the run as a whole", **TEXTS},
        "not_tried": {
            "description": "what writes and was not sent; no part of the items",
            "type": "array",
            "items": _object({"id": TEXT, "title": TEXT, "reason": TEXT}),
        },
        "differs": {
            "description": "declared differences of the target",
            "type": "array",
            "items": _object({"item": TEXT, "reason": TEXT}),
        },
        "unused_differs": TEXTS,
        "waivers": {
            "type": "array",
            "items": _object(
                {
                    "id": TEXT,
                    "item": TEXT,
                    "owner": TEXT,
                    "reason": TEXT,
                    "expires": {"type": "string", "format": "date"},
                }
            ),
        },
        "items": {
            "description": "one per promised item, in the contract's order",
            "type": "array",
            "items": _object(
                {
                    **dict.fromkeys(
                        ("id", "chapter", "title", "promised", "seen", "reason", "look"), TEXT
                    ),
                    "outcome": {"enum": OUTCOMES},
                    "seconds": {"type": "number", "minimum": 0},
                }
            ),
        },
    }
    always = ("verdict", "exit_status", "format", "run", "target", "moment", "started", "finished")
    promote = {"properties": {"verdict": {"const": Word.PROMOTE.value}}}
    body = {
        "$id": f"urn:gate:verdict:{FORMAT}",
        "description": "What one run at one moment came to. Whoever reads it takes further keys.",
        "type": "object",
        "required": [*always, "contract", "items"],
        "properties": properties,
        "allOf": [
            {
                "if": promote,
                "then": {"properties": {"exit_status": {"const": 0}}},
                "else": {"properties": {"exit_status": {"not": {"const": 0}}}},
            },
            {
                "if": {"properties": {"finished": {"type": "string"}}},
                "then": {"required": [*ENDED]},
                "else": {"properties": {"verdict": {"enum": [RUNNING, INTERRUPTED]}}},
            },
        ],
    }
    return whole(body, draft, "verdict.json of the gate")


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **more},
    }
