"""The schema of an item with two sides: what a key comes to on each of them.

An item's keys hold on both sides, what ``before`` or ``after`` says replaces them on its own, and
what is absent on one side is described by the other.
"""

from __future__ import annotations

import functools
from typing import Any

from gate.contract.item import Item
from gate.json_schema import DEFS, table_schema
from gate.rule import at_table

SIDES = ("before", "after")
OTHER = {"before": "after", "after": "before"}
ABSENT = "absent"
IS_ABSENT: dict[str, Any] = {"const": True}
Schema = dict[str, Any]


def item_schema(name: str, model: type[Item]) -> tuple[Schema, dict[str, Schema]]:
    """Return the schema of a kind's items, and the definitions that it refers to.

    Args:
        name: The kind's, which its definitions are called by.
        model: What can be promised.
    """
    own = table_schema(model, f"{name}.")
    definitions: dict[str, Schema] = own.pop("$defs", {})
    required: list[str] = own.pop("required", [])
    own.pop("allOf", None)
    side_name = f"{name}.side"
    definitions[side_name] = {key: value for key, value in own.items() if key != "description"}
    side = {"anyOf": [{"const": ABSENT}, {"$ref": f"{DEFS}{side_name}"}]}
    own["properties"] = {
        **own["properties"],
        "before": {**side, "description": "What is other before the deployment; or absent."},
        "after": {**side, "description": "What is other after the deployment; or absent."},
    }
    rules = [rule.condition for rule in model.RULES]
    flat: Schema = {"required": required} if required else {}
    flat |= {"allOf": [one.schema(at_table) for one in rules]} if rules else {}
    apart = [
        schema
        for where in SIDES
        for given in [functools.partial(_given, where)]
        for schema in (
            *(given(key, {}) for key in required),
            *(rule.schema(given) for rule in rules),
        )
    ]
    own["if"] = {"anyOf": [{"required": [one]} for one in SIDES]}
    own |= {"then": {"allOf": apart}} if apart else {}
    own |= {"else": flat} if flat else {}
    return own, definitions


def _given(side: str, key: str, value: Schema) -> Schema:
    """A key comes to a value of a schema, on one side."""
    found = [_at_side(side, key, value), _common(side, key, value)]
    if key != ABSENT:
        by_other = [_at_side(side, ABSENT, IS_ABSENT), _at_side(OTHER[side], key, value)]
        if value:
            by_other += [{"not": at_table(key, {})}, {"not": _at_side(side, key, {})}]
        found.append({"allOf": by_other})
    return {"anyOf": found}


def _common(side: str, key: str, value: Schema) -> Schema:
    """It stands on the item, and its side says nothing else."""
    if not value:
        return at_table(key, value)
    return {"allOf": [at_table(key, value), {"not": _at_side(side, key, {})}]}


def _at_side(side: str, key: str, value: Schema) -> Schema:
    """A side says it itself; the word ``absent`` stands for ``{ absent = true }``."""
    table: Schema = {"type": "object", **at_table(key, value)}
    says = {"anyOf": [{"const": ABSENT}, table]} if key == ABSENT else table
    return {"required": [side], "properties": {side: says}}
