"""``gate schema``: JSON Schemas of contract and target, for editors, and of ``verdict.json``.

A file that begins with ``#:schema ../.gate/schemas/services.json`` is completed and checked by
editors that know TOML, where ``gate schema --write .gate/schemas`` has written the schemas.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from gate.contract.schema import schema
from gate.contract.vocabulary import chapters
from gate.errors import ContractError, GateError
from gate.json_schema import DRAFTS, Draft
from gate.kinds.registry import kinds
from gate.report.verdict_schema import verdict_schema
from gate.target_schema import target_schema

OTHERS: Mapping[str, Callable[[Draft], dict[str, Any]]] = {
    "target": lambda draft: target_schema(draft=draft),
    "verdict": verdict_schema,
}
"""Schemas beside the contract's, by what they are of."""
HELP = "print the JSON Schemas of contract and target, for editors, and of verdict.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument(
        "of",
        nargs="?",
        default="contract",
        choices=["contract", "target", "verdict"],
        help="of what",
    )
    parser.add_argument("--chapter", default="", help="of one chapter's file, such as services")
    parser.add_argument("--draft", default="2020-12", choices=list(DRAFTS), help="of JSON Schema")
    parser.add_argument(
        "--write",
        metavar="DIR",
        help="write them all: contract.json, target.json, verdict.json, one for each chapter",
    )


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Print one, or write all.

    Raises:
        GateError: There is no such chapter, or a file cannot be written.
    """
    if options.write:
        for file in write_schemas(pathlib.Path(options.write), options.draft):
            tell(str(file))
        return 0
    if options.of != "contract" and options.chapter:
        raise ContractError(f"--chapter is one of a contract: leave it out for a {options.of}")
    found = (
        schema(kinds(), options.chapter, draft=options.draft)
        if options.of == "contract"
        else OTHERS[options.of](options.draft)
    )
    tell(json.dumps(found, indent=2))
    return 0


def schemas(draft: Draft = "2020-12") -> Mapping[str, dict[str, Any]]:
    """Every schema by the name of its file, without ``.json``."""
    found = {name: schema(kinds(), name, draft=draft) for name in chapters(kinds())}
    return {
        **found,
        "contract": schema(kinds(), draft=draft),
        **{name: make(draft) for name, make in OTHERS.items()},
    }


def write_schemas(folder: pathlib.Path, draft: Draft = "2020-12") -> list[pathlib.Path]:
    """Write all of them into a folder, which is made where it is not there.

    Raises:
        GateError: That cannot be done.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in schemas(draft).items():
            file = folder / f"{name}.json"
            file.write_text(json.dumps(one, indent=2) + "\n", "utf-8")
            written.append(file)
    except OSError as error:
        raise GateError(f"{folder}: the schemas cannot be written: {error}") from error
    return written
