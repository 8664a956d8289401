"""Kept looks: ``observed.json``, read strictly and written whole or not at all."""

from __future__ import annotations

import hashlib
import pathlib

import pydantic

from gate.errors import GateError
from gate.sources.observed import Observed


def read_observed(file: pathlib.Path) -> Observed:
    """Read a kept look.

    Raises:
        GateError: No such file, or not the document of this version of the gate.
    """
    return read_kept(file)[0]


def read_kept(file: pathlib.Path) -> tuple[Observed, str]:
    """Read a kept look, and the sha256 of its bytes (hexadecimal); errors as `read_observed`."""
    try:
        content = file.read_bytes()
        return Observed.model_validate_json(content), hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise GateError(f"{file}: cannot be read: {error.strerror}") from error
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise GateError(
            f"{file}: is no kept look of this version of the gate: {where}: {first['msg']} "
            f"({error.error_count()} mistakes)"
        ) from error


def write_observed(file: pathlib.Path, observed: Observed) -> None:
    """Write a look; a reader sees the whole document or the one before.

    Raises:
        GateError: The folder cannot be written to.
    """
    temporary = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(observed.model_dump_json(indent=1), "utf-8")
        temporary.replace(file)
    except OSError as error:
        raise GateError(
            f"{file}: cannot be written: {error.strerror}; choose another folder with --reports"
        ) from error
