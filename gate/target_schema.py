"""The JSON Schema of a target file, for editors."""

from __future__ import annotations

from typing import Any

from gate.json_schema import Draft, table_schema, whole
from gate.target import NOT_WRITTEN, Target


def target_schema(*, draft: Draft = "2020-12") -> dict[str, Any]:
    """Return it; its name is the file's, unless the file says another."""
    found = table_schema(Target)
    for key in NOT_WRITTEN:
        del found["properties"][key]
    found["required"] = [key for key in found["required"] if key != "name"]
    return whole(found, draft, "Target of a deployment gate")
