"""JSON Schemas of models, plain enough for editors, in both drafts that these read."""

from __future__ import annotations

from typing import Any, Literal

import pydantic

Draft = Literal["2020-12", "7"]
DRAFTS: dict[Draft, str] = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}
DEFS = "#/$defs/"


def table_schema(model: type[pydantic.BaseModel], prefix: str = "") -> dict[str, Any]:
    """The schema of a table, in draft 2020-12.

    Args:
        model: Its model.
        prefix: Put before the names of what it refers to, which others may have as well.
    """
    found = model.model_json_schema(ref_template=f"{DEFS}{prefix}{{model}}")
    definitions = found.pop("$defs", {})
    plain: dict[str, Any] = _plain(found)
    if definitions:
        plain["$defs"] = {f"{prefix}{name}": _plain(one) for name, one in definitions.items()}
    return plain


def whole(body: dict[str, Any], draft: Draft, title: str) -> dict[str, Any]:
    """A finished document: its draft, its title, and what stands in it."""
    found: dict[str, Any] = {"$schema": DRAFTS[draft], "title": title, **body}
    return _draft_7(found) if draft == "7" else found


def _plain(schema: Any) -> Any:
    """Without what says nothing to somebody who writes TOML: null, and pydantic's titles."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: {name: _plain(one) for name, one in value.items()}
        if key in ("properties", "patternProperties")
        else value
        if key in ("default", "const", "enum", "examples")
        else _plain(value)
        for key, value in schema.items()
        if key != "title" and not (key == "default" and value is None)
    }
    if "anyOf" in found and {"type": "null"} in found["anyOf"]:
        others = [one for one in found.pop("anyOf") if one != {"type": "null"}]
        found = {**(others[0] if len(others) == 1 else {"anyOf": others}), **found}
    if "patternProperties" in found:
        found.setdefault("additionalProperties", False)
    if "$ref" in found and len(found) > 1:  # what stands beside it is read by no draft-07
        found["allOf"] = [{"$ref": found.pop("$ref")}, *found.get("allOf", ())]
    return found


def _draft_7(schema: Any) -> Any:
    """The same in draft-07: other names for definitions and for the members of a tuple."""
    if isinstance(schema, list):
        return [_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key == "$ref":
            found[key] = value.replace(DEFS, "#/definitions/")
        elif key in ("properties", "patternProperties"):
            found[key] = {name: _draft_7(one) for name, one in value.items()}
        elif key == "$defs":
            found["definitions"] = {name: _draft_7(one) for name, one in value.items()}
        elif key == "prefixItems":
            found["items"] = _draft_7(value)
        elif key in ("default", "const", "enum", "examples"):
            found[key] = value
        else:
            found[key] = _draft_7(value)
    return found
