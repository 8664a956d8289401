"""What is no mistake yet: variables not set, waivers that end, moments that show nothing."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
from collections.abc import Iterable, Iterator

from gate.account.absence import warnings
from gate.connection import libpq
from gate.contract.model import MOMENTS, Contract
from gate.kinds.step import Step
from gate.kinds.waiver import Waiver
from gate.lint.note import Note, about
from gate.target import Target

NEAR = dt.timedelta(days=14)
"""A waiver that ends so soon is told."""


def of_contract(contract: Contract, target: Target | None) -> Iterator[Note]:
    """What is odd about a contract.

    Args:
        contract: It was loaded, so that it holds no mistake.
        target: Where it is to be kept; whose differences must concern something.
    """
    for one in contract.promises.values():
        file = str(pathlib.Path(contract.folder) / f"{one.chapter}.toml")
        if isinstance(one.before, Waiver):
            yield from _waiver(file, one.id, one.before)
        if isinstance(one.before, Step) and not one.before.done_if:
            text = "done_if: nothing tells whether it is done already, so it cannot be run again"
            yield about("advice", file, one.id, text)
    for moment in MOMENTS:
        promised = [one for one in contract.promises.values() if moment in one.moments]
        for text in warnings(promised, (), moment):
            yield Note("warning", text, contract.folder, 1)
    for id_ in contract.unused_differs if target else ():
        yield Note(
            "warning", f"differs: the contract has no item {id_!r}", target.file if target else ""
        )


def _waiver(file: str, id_: str, item: Waiver) -> Iterable[Note]:
    left = item.expires - dt.datetime.now(dt.timezone.utc).date()
    if left < dt.timedelta(0):
        yield about(
            "warning", file, id_, f"expires: it ended on {item.expires}, and fails", "expires"
        )
    elif left <= NEAR:
        text = f"expires: it ends in {left.days} days, on {item.expires}"
        yield about("warning", file, id_, text, "expires")


def of_target(target: Target) -> Iterator[Note]:
    """What a target names and this environment does not have.

    Nothing is asked of one that the gate starts itself: it brings its own along.
    """
    if target.embedded:
        return
    for table, key, variable in _variables(target):
        if not os.environ.get(variable):
            text = f"{key}: the variable {variable} is not set here"
            yield about("warning", target.file, table, text, key)
    services = [("database", target.database.service)]
    others = target.database.others.items()
    services += [(f"database.others.{name}", one.service) for name, one in others]
    services += [("rehearsal", target.rehearsal.service or "")] if target.rehearsal else []
    for table, service in services:
        why = _undefined(service) if service else ""
        if why:
            yield about("warning", target.file, table, f"service: {why}", "service")


def _undefined(service: str) -> str:
    """Why libpq does not know a service; empty where it does."""
    try:
        libpq.service(service)
    except LookupError as error:
        return str(error)
    return ""


def _variables(target: Target) -> Iterator[tuple[str, str, str]]:
    """Table, key and name of each variable that a target names."""
    yield from target.api.variables
    yield from target.redis.variables if target.redis else []
    for name, variable in target.api.values_env.items():
        yield "api.values_env", name, variable
