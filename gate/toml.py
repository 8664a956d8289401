"""Read TOML files and say where a mistake is: file, table and key."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pydantic

from gate.errors import GateError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def parse(file: pathlib.Path, error: type[GateError]) -> dict[str, Any]:
    """Read one TOML file.

    Raises:
        GateError: Of the given type: unreadable, not UTF-8, or malformed, with line and column.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as cause:
        raise error(f"{file}: cannot be read: {cause.strerror}") from cause
    except UnicodeDecodeError as cause:
        raise error(f"{file}: is not UTF-8 text (byte {cause.start})") from cause
    except tomllib.TOMLDecodeError as cause:
        raise error(f"{file}: malformed TOML: {cause}") from cause


def place(where: str, error: pydantic.ValidationError) -> str:
    """Tell all mistakes of a table, one a line, as ``where: key: what is wrong``."""
    lines = []
    for one in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in one["loc"])
        text = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            text = "unknown key"
        lines.append(f"{where}: {key}: {text}" if key else f"{where}: {text}")
    return "\n".join(lines)
