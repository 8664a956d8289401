"""``gate record``: write what is there as chapters of a contract, to be reviewed by a person.

What was recorded is what *is*; it becomes a promise only when somebody has read it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

import psycopg

from gate import launcher
from gate.catalog.model import Catalog
from gate.catalog.read import read_catalog
from gate.catalog.roles import THEIRS
from gate.connection.obstacle import first_line
from gate.connection.postgres import Guard, connect
from gate.contract.model import Contract
from gate.contract.vocabulary import chapters
from gate.errors import ContractError, GateError, ObservationError, TargetError
from gate.kinds.kind import Which
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from gate.recorder.between import chapters_of, differences
from gate.recorder.database import record_both
from gate.recorder.live import record
from gate.run.settings import find_settings
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.sources.binding import as_looked_at, other_place
from gate.sources.observation_file import read_observed
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
    parser.add_argument(
        "--after",
        metavar="SERVICE-or-FILE",
        help="and as it is after, where that differs; with --before a later observed.json",
    )
    parser.add_argument(
        "--before", metavar="FILE", help="observed.json of the earlier of two looks: what differs"
    )
    parser.add_argument("--source", default="recorded", help="what the items name as their source")
    parser.add_argument("--risk", default="", help="risk that everything new guards")
    parser.add_argument(
        *("--target", "--gate-target"), metavar="NAME-or-PATH", default="", help="look at a target"
    )
    parser.add_argument(
        *("--contract", "--gate-contract"),
        metavar="DIR",
        default="",
        help="whose items are recorded anew; the folder of --write where there is none yet",
    )
    parser.add_argument("--only", default="", help="chapters, such as services,ports,database")
    parser.add_argument(
        "--all", action="store_true", help="write what most people would never promise, too"
    )
    parser.add_argument(
        "--write", metavar="DIR", help="a file for each chapter; one that is there stays"
    )


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Record, and tell or write the chapters; 1 where something could not be told or written.

    Raises:
        GateError: A mistake in an option, or nothing can be looked at.
    """
    if options.what == "database":
        if not options.service:
            raise ContractError("say which database: --service=NAME")
        before = _read(options.service)
        after = _read(options.after) if options.after else before
        text = record_both(before, after, source=options.source, risk=options.risk)
        tell(text)
        return 0
    only = [word for one in options.only.split(",") if (word := one.strip())]
    unknown = sorted(set(only) - set(chapters(kinds())))
    if unknown:
        raise ContractError(f"--only: unknown: {unknown[0]}; known: {', '.join(chapters(kinds()))}")
    if options.before or options.after:
        return _between(options, only, tell)
    with _places(options.target, options.contract, options.write) as (target, contract):
        known.begin(of_run(target, os.environ))
        which: Which = "all" if options.all else "usual"
        found, missing = record(
            target, contract, only, which, elsewhere=_elsewhere(options.write, contract)
        )
    whole = _out(found, options.write, tell)
    for text in missing:
        tell(f"# not recorded: {known.tell(text).splitlines()[0]}")
    return 1 if not whole or (missing and only) else 0


def _between(options: argparse.Namespace, only: list[str], tell: Callable[[str], object]) -> int:
    """What differs between two kept looks; 1 where something of it cannot be written.

    Raises:
        GateError: A look is missing, or is none.
    """
    if not options.before or not options.after:
        raise ContractError("two looks are compared: say --before=FILE and --after=FILE")
    try:
        before, after = (
            read_observed(pathlib.Path(one)) for one in (options.before, options.after)
        )
    except GateError as error:
        raise ContractError(str(error)) from error
    other = other_place(before.bound.place, after.bound.place, ("name", "host"))
    if other:
        raise ContractError(f"--before={options.before} and --after={options.after}: {other}")
    if before.started > after.started:
        raise ContractError(f"--before={options.before} is the later look of the two")
    settings = find_settings(pathlib.Path.cwd())
    named = options.target or settings.target or before.target
    target = as_looked_at(load_target(named, settings.targets), after.bound.place)
    place = pathlib.Path(options.contract) if options.contract else settings.contract
    contract = load_contract(place, target.differs, logins=target.api.logins)
    known.begin(of_run(target, os.environ))
    found, missing = differences(target, contract, before, after, options.source)
    whole = _out(chapters_of(only, found), options.write, tell)
    said = [one for one in missing if not only or one.partition(":")[0] in only]
    for text in said:
        tell(f"# {known.tell(text)}")
    return 1 if said or not whole else 0


@contextlib.contextmanager
def _places(target: str, folder: str, new: str | None) -> Iterator[tuple[Target, Contract]]:
    """The target, started where it is a throw-away one, and the contract where there is one."""
    settings = find_settings(pathlib.Path.cwd())
    named = target or settings.target
    if not named:
        raise TargetError("no target is named: say --target=NAME-or-PATH")
    found = load_target(named, settings.targets)
    place = pathlib.Path(folder) if folder else settings.contract
    if any(place.glob("*.toml")) or (folder and folder != new):
        contract = load_contract(place, found.differs, logins=found.api.logins)
    else:
        contract = Contract(system="", cwd="/", folder=str(place), sha256="", promises={})
    if not found.embedded:
        yield found, contract
        return
    instance, own = launcher.start(found, _tell, threading.Event())
    try:
        os.environ.update(instance.env)
        yield launcher.placed(found, instance), contract
    finally:
        if own:
            launcher.stop(found, own)


def _tell(text: str) -> None:
    """What is started is said beside what is recorded."""
    sys.stderr.write(f"{text}\n")


def _elsewhere(folder: str | None, contract: Contract) -> bool:
    """Whether chapters are written into another folder than the contract's."""
    if not folder:
        return False
    return pathlib.Path(folder).resolve() != pathlib.Path(contract.folder).resolve()


def _out(chapters: Mapping[str, str], folder: str | None, tell: Callable[[str], object]) -> bool:
    """Tell chapters, or write each where no such file is yet; whether none was left out.

    Raises:
        ContractError: A file cannot be written.
    """
    stays = False
    for name, text in chapters.items():
        if not folder:
            tell(text)
            continue
        file = pathlib.Path(folder) / f"{name}.toml"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ContractError(f"{folder}: cannot be made: {error.strerror}") from error
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except FileExistsError:
            tell(f"# {file}: is there already, and stays; `--only={name}` alone shows what is new")
            stays = True
        except OSError as error:
            raise ContractError(f"{file}: cannot be written: {error.strerror}") from error
        else:
            tell(str(file))
    return not stays


def _read(service: str) -> Catalog:
    try:
        with connect(
            Guard(RECORD_S, threading.Event()),
            CONNECT_S,
            service=service,
            application_name="atum-desk-gate",
            options=f"-c default_transaction_read_only=on -c statement_timeout={RECORD_S * 1000}",
        ) as connection:
            return read_catalog(connection, whole=True, itself=True, roles=THEIRS)
    except psycopg.Error as error:
        raise ObservationError(f"database service {service!r}: {first_line(error)}") from error
