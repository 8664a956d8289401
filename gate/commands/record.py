"""``gate record``: write what is there as chapters of a contract, to be reviewed by a person.

What was recorded is what *is*; it becomes a promise only when somebody has read it.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import threading
from collections.abc import Callable

import psycopg

from gate.catalog.model import Catalog
from gate.catalog.read import read_catalog
from gate.connection.obstacle import first_line
from gate.connection.postgres import Guard, connect
from gate.contract.model import Contract
from gate.contract.vocabulary import chapters
from gate.errors import ContractError, ObservationError, TargetError
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from gate.recorder.database import record_both
from gate.recorder.live import record
from gate.run.settings import find_settings
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.target import Target, load_target

RECORD_S, CONNECT_S = 60, 5
"""How long a database may take that is recorded by its service alone, and letting us in, in s."""

HELP = "write what is there as chapters of a contract"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument(
        "what", nargs="?", choices=["database"], help="a database by its libpq service"
    )
    parser.add_argument("--service", help="libpq service of the database as it is before")
    parser.add_argument("--after", metavar="SERVICE", help="and as it is after, where that differs")
    parser.add_argument("--source", default="recorded", help="what the items name as their source")
    parser.add_argument("--risk", default="", help="risk that everything new guards")
    parser.add_argument(
        *("--target", "--gate-target"), metavar="NAME-or-PATH", default="", help="look at a target"
    )
    parser.add_argument(
        *("--contract", "--gate-contract"),
        metavar="DIR",
        default="",
        help="names the paths, units and runtimes that nobody can list",
    )
    parser.add_argument("--only", default="", help="chapters, such as services,ports,database")
    parser.add_argument("--write", metavar="DIR", help="a file for each chapter; none is replaced")


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Record, and tell or write the chapters; 1 where something could not be told.

    Raises:
        GateError: A mistake in an option, or nothing can be looked at.
    """
    if options.what == "database":
        if not options.service:
            raise ContractError("say which database: --service=NAME")
        before = _read(options.service)
        after = _read(options.after) if options.after else before
        tell(record_both(before, after, source=options.source, risk=options.risk))
        return 0
    only = [one for one in options.only.split(",") if one]
    unknown = sorted(set(only) - set(chapters(kinds())))
    if unknown:
        raise ContractError(f"--only: unknown: {unknown[0]}; known: {', '.join(chapters(kinds()))}")
    target, contract = _places(options.target, options.contract)
    known.begin(of_run(target, os.environ))
    found, missing = record(target, contract, only)
    for name, text in found.items():
        _out(name, known.tell(text), options.write, tell)
    for text in missing:
        tell(f"# not recorded: {known.tell(text).splitlines()[0]}")
    return 1 if missing and only else 0


def _places(target: str, folder: str) -> tuple[Target, Contract]:
    """The target, and the contract where there is one already."""
    settings = find_settings(pathlib.Path.cwd())
    named = target or settings.target
    if not named:
        raise TargetError("no target is named: say --target=NAME-or-PATH")
    found = load_target(named, settings.targets)
    if found.embedded:
        raise TargetError(f"{found.file}: is started for a run only: name one that stands")
    place = pathlib.Path(folder) if folder else settings.contract
    if folder or any(place.glob("*.toml")):
        return found, load_contract(place, found.differs, logins=found.api.logins)
    return found, Contract(system="", cwd="/", folder=str(place), sha256="", promises={})


def _out(name: str, text: str, folder: str | None, tell: Callable[[str], object]) -> None:
    """Tell a chapter, or write it where no such file is yet."""
    if not folder:
        tell(text)
        return
    file = pathlib.Path(folder) / f"{name}.toml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise ContractError(f"{file}: is there already: nothing is replaced") from error
    except OSError as error:
        raise ContractError(f"{file}: cannot be written: {error.strerror}") from error
    tell(str(file))


def _read(service: str) -> Catalog:
    try:
        with connect(
            Guard(RECORD_S, threading.Event()),
            CONNECT_S,
            service=service,
            application_name="atum-desk-gate",
            options=f"-c default_transaction_read_only=on -c statement_timeout={RECORD_S * 1000}",
        ) as connection:
            return read_catalog(connection)
    except psycopg.Error as error:
        raise ObservationError(f"database service {service!r}: {first_line(error)}") from error
