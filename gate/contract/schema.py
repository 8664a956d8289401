"""The contract's JSON Schema, for editors: one for all chapters."""

from __future__ import annotations

from typing import Any

from gate.contract.vocabulary import Vocabulary

OPEN_SIDES = {"before": {"type": ["object", "string"]}, "after": {"type": ["object", "string"]}}
"""A side is a table of keys that it replaces, or the word ``absent``."""


def schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a JSON Schema (draft 2020-12) of a contract file.

    What must be there is not said: a side may give it. The loader checks that.
    """
    definitions: dict[str, Any] = {}
    kinds: dict[str, Any] = {"about": {"type": "object"}}
    for kind, word in vocabulary.items():
        own = word.model.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= own.pop("$defs", {})
        own.pop("required", None)
        own["properties"] |= OPEN_SIDES
        definitions[kind] = own
        kinds[kind] = {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{kind}"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Contract of a deployment gate",
        "type": "object",
        "properties": kinds,
        "additionalProperties": False,
        "$defs": definitions,
    }
