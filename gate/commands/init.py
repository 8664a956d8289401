"""``gate init``: write a first contract, a target and a CI job, with explanations.

It looks at the target once and promises what it has seen, so that ``gate lint`` has nothing to say
and ``gate check predeploy`` is green; a person changes it from there. No file is replaced.
"""

from __future__ import annotations

import argparse
import pathlib
import re
from collections.abc import Callable

import pydantic

from gate.commands.schema import write_schemas
from gate.errors import GateError, TargetError
from gate.run.settings import find_settings
from gate.starter.begin import CI, Places, files
from gate.target import Target
from gate.toml import place

HELP = "write a first contract, a target and a CI job"
MISTAKE = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument(
        "--host", default="local://", help="what to guard, such as ssh://user@name (default: here)"
    )
    parser.add_argument("--name", default="", help="what the target is called (default: its host)")
    parser.add_argument(
        "--ci", default="github", choices=[*CI, "none"], help="whose CI job is written"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Look, write, and say what to do next; 4 where a file is there already.

    Raises:
        GateError: The target cannot be looked at, or a file cannot be written.
    """
    settings = find_settings(pathlib.Path.cwd())
    places = Places(root=settings.root, contract=settings.contract, targets=settings.targets)
    target = _target(options.host, options.name)
    written = files(target, places, options.ci)
    there = [file for file in written if file.exists()]
    if there and not options.force:
        for file in there:
            tell(f"{_shown(file)}: is there already")
        tell("nothing was written: move these away, or say --force to replace them")
        return MISTAKE
    for file, text in written.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        except OSError as error:
            raise GateError(f"{file}: cannot be written: {error.strerror}") from error
        tell(f"wrote {_shown(file)}")
    if options.force or not places.schemas.exists():
        write_schemas(places.schemas)
        tell(f"wrote {_shown(places.schemas)}, for editors")
    tell(f"next: gate lint && gate check predeploy --target={target.name}")
    return 0


def _target(host: str, name: str) -> Target:
    """The target that is described.

    Raises:
        TargetError: It leads nowhere, or cannot be called so.
    """
    place_ = re.split(r"[/?]", host.partition("://")[2])[0].rpartition("@")[2]
    own = re.sub(r"[^\w.-]+", "-", place_).strip("-.") or "here"
    called = name or own
    data = {"name": called, "title": place_ or "This machine", "host": host}
    try:
        return Target.model_validate(data)
    except pydantic.ValidationError as error:
        raise TargetError(place("gate init", error, Target)) from error


def _shown(file: pathlib.Path) -> str:
    """A file as seen from here."""
    here = pathlib.Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
