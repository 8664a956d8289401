"""Runtime versions: what is installed, and whether it is what was promised."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import ClassVar, Literal

import pydantic

from gate.contract.item import Item, Moment, Name
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    DISCOVERED,
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    no_references,
    shown,
)
from gate.kinds.recorded_programs import RUNTIMES_THERE
from gate.kinds.scene import Scene, asked, unknown
from gate.pattern import search
from gate.rule import Filled, Is, Rule, Some, exactly_one
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.fact import known as known_fact
from gate.sources.host.questions import AskOutput, AskPackage
from gate.target import Target
from gate.version import meets


class Runtime(Item):
    """A version; exactly one of ``command``, ``package``, ``server``, ``extension`` says whose.

    Attributes:
        label: Its name in the snapshot.
        version: What the version must be; ``16`` is met by 16.11, and not by 160 or 16.changed.
        command: Argument list whose output holds the version.
        pattern: Regular expression whose first group is the version in that output.
        package: Python package as ``[environment folder, distribution]``.
        server: ``postgresql``: the server that answers the gate.
        extension: A PostgreSQL extension of the database.
        remark: What the snapshot adds in parentheses.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"label", "remark"}

    RULES = (
        exactly_one("command", "package", "server", "extension"),
        Rule(
            Some(Filled("version"), Is("absent", True)),
            'needs a version (or `before`/`after` = "absent")',
        ),
    )

    label: Name
    version: str = ""
    command: tuple[str, ...] | None = None
    pattern: str = r"(\d+(?:\.\d+)*)"
    package: tuple[str, str] | None = None
    server: Literal["postgresql"] | None = None
    extension: str | None = None
    remark: str = ""

    @pydantic.model_validator(mode="after")
    def _is_a_pattern(self) -> Runtime:
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError("pattern needs exactly one group")
        return self


def runtime(promise: Promise, scene: Scene) -> Finding:
    """Compare a version."""
    item = scene.item(promise, Runtime)
    version = known_fact(version_of(promise, scene))
    promised = "not installed" if item.absent else f"version {item.version}"
    look = shlex.join(item.command) if item.command else ""
    if isinstance(version, Absent):
        broken = () if item.absent else (f"{item.label} is not installed",)
        return Finding(
            promised=promised, seen=f"not installed ({version.proof})", broken=broken, look=look
        )
    if item.absent:
        broken = (f"{item.label} is installed: {version}",)
    elif meets(version, item.version):
        broken = ()
    else:
        broken = (f"{item.label} is version {version}",)
    return Finding(promised=promised, seen=f"version {version}", broken=broken, look=look)


def version_of(promise: Promise, scene: Scene) -> Seen[str] | Absent | CannotTell:
    """The version that is there, such as ``16.11``; kept under the item's id on the host."""
    item = scene.item(promise, Runtime)
    if item.server or item.extension:
        return _of_database(item, scene)
    host = scene.observed.host
    if not isinstance(host, Seen):
        return host
    if item.package:
        return asked(host.value.packages, promise.id)
    output = asked(host.value.outputs, promise.id)
    if not isinstance(output, Seen):
        return output
    return version_in(output.value, item.pattern)


def version_in(output: str, pattern: str) -> Seen[str] | CannotTell:
    """The version in what a command printed: the first group of a pattern."""
    try:
        match = search(pattern, output)
    except ObservationError as error:
        return CannotTell(str(error), Cause.TIMEOUT)
    if match is None:
        return CannotTell(
            f"no version like {pattern!r} in the output {known.first(output, 200)!r}",
            Cause.UPSTREAM,
        )
    return Seen(match[1])


def _of_database(item: Runtime, scene: Scene) -> Seen[str] | Absent | CannotTell:
    database = scene.observed.database
    if not isinstance(database, Seen):
        return unknown(database)
    if item.server:
        # Debian puts its package's version behind it: "16.11 (Debian 16.11-1.pgdg12+1)".
        return Seen(database.value.server_version.partition(" ")[0])
    version = database.value.catalog.extensions.get(str(item.extension))
    return Seen(version) if version else Absent(f"no row {item.extension} in pg_extension")


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    item = promise.at(moment)
    if isinstance(item, Runtime) and item.command:
        words = (target.placed(one) if one.startswith("/") else one for one in item.command)
        yield AskOutput(promise.id, tuple(words))
    if isinstance(item, Runtime) and item.package:
        environment, distribution = item.package
        yield AskPackage(promise.id, target.placed(environment), distribution)


def _find(promise: Promise, scene: Scene) -> Found:
    return version_of(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = version_of(promise, scene)
    if isinstance(fact, Absent):
        return State("not installed")
    return fact if isinstance(fact, CannotTell) else State(f"version {fact.value}")


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Runtime), version_of(promise, scene)
    version = shown(fact, "Not installed", str)
    remark = item.remark if isinstance(fact, Seen) else ""
    return {"Runtime": item.label, "Version": version, "Remark": remark}


def _record(scene: Scene) -> Iterable[Recorded]:
    """The runtimes that the contract names already, at the version that is there.

    A version of the contract stays as long as it holds: 16 is met by 16.11.
    """
    for promise in scene.contract.at(scene.moment):
        item = promise.at(scene.moment)
        fact = version_of(promise, scene) if isinstance(item, Runtime) else None
        if isinstance(item, Runtime) and isinstance(fact, Seen):
            given = item.model_dump(mode="json", exclude_defaults=True, exclude={"version", "risk"})
            keys = {**given, "title": f"{item.label} is {fact.value}", "version": fact.value}
            if item.source != DISCOVERED and meets(fact.value, item.version):
                keys |= {"title": item.title, "version": item.version}
            yield Recorded(promise.name, keys)


KIND = Kind(
    name="runtime",
    chapter="runtimes",
    rank=40,
    model=Runtime,
    severity="normal",
    moments=always,
    asks=_asks,
    find=_find,
    compare=runtime,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    discover=RUNTIMES_THERE,
)
