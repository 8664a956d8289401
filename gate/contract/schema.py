"""The contract's JSON Schema, for editors: one for each chapter, and one for all of them."""

from __future__ import annotations

from typing import Any

from gate.contract.ids import LONGEST
from gate.contract.load import ABOUT, ALEMBIC, MAY_BE_EMPTY, About
from gate.contract.rehearsal import Alembic
from gate.contract.sides import item_schema
from gate.contract.vocabulary import Vocabulary, chapters
from gate.errors import ContractError
from gate.json_schema import DEFS, Draft, table_schema, whole

NAMES: dict[str, Any] = {
    "minLength": 1,
    "maxLength": LONGEST,
    "pattern": r"^\S([\s\S]*\S)?$",
    "not": {
        "pattern": r"::|[`\\\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e"
        r"\u2060-\u206f\ufeff]"
    },
}
"""What an item may be called, as far as a pattern can say it; see `gate.contract.ids.flaw`."""


def schema(
    vocabulary: Vocabulary, chapter: str = "", *, draft: Draft = "2020-12"
) -> dict[str, Any]:
    """Return a JSON Schema of a contract file.

    Args:
        vocabulary: What can be promised.
        chapter: Whose file; empty for any, which must not mix chapters then.
        draft: Of JSON Schema.

    Raises:
        ContractError: There is no such chapter.
    """
    known = chapters(vocabulary)
    if chapter and chapter not in known:
        raise ContractError(f"unknown chapter {chapter!r}; known: {', '.join(known)}")
    names = known[chapter] if chapter else list(vocabulary)
    definitions: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for key, model in ((ABOUT, About), (ALEMBIC, Alembic)):
        own = table_schema(model, f"{key}.")
        definitions |= own.pop("$defs", {})
        tables[key] = own
    for name in names:
        definitions[name], others = item_schema(name, vocabulary[name].model)
        definitions |= others
        tables[name] = {
            "type": "object",
            "propertyNames": NAMES,
            "additionalProperties": {"$ref": f"{DEFS}{name}"},
            "description": definitions[name].get("description", ""),
        }
    rules = _not_empty(chapter, names) if chapter else _apart(known)
    body = {
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
        "$defs": definitions,
    }
    title = f"Chapter {chapter} of a contract" if chapter else "Contract of a deployment gate"
    return whole(body, draft, title)


def _not_empty(chapter: str, names: list[str]) -> list[dict[str, Any]]:
    """A chapter promises something."""
    if chapter in MAY_BE_EMPTY:
        return []
    some = [{"required": [one], "properties": {one: {"minProperties": 1}}} for one in names]
    return some if len(some) == 1 else [{"anyOf": some}]


def _apart(known: dict[str, list[str]]) -> list[dict[str, Any]]:
    """What belongs into one chapter stands in no file of another."""
    return [
        {
            "if": {"anyOf": [{"required": [one]} for one in names]},
            "then": {
                "properties": {
                    other: False for others in known.values() if names != others for other in others
                }
            },
        }
        for names in known.values()
    ]
