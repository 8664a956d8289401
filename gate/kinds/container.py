"""Containers of the host: their image, state, health and restarts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import Item, Name
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.recorded_containers import CONTAINERS_THERE
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

Subject = tuple[str, str]
"""Engine, and the container's name."""
MISSING = ("no such object", "no such container")
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
"""What may be the name of one, in lower case: the last word of a complaint is whole, or another."""


class Container(Item):
    """A container, by its name.

    Attributes:
        container: Its name, or its id.
        engine: Who runs it.
        image: Name and tag of its image, as it was started with.
        digest: Id of its image, ``sha256:`` and 64 digits.
        state: What it must be, in its engine's word.
        health: What its health check must say.
        at_most_restarts: How often its engine may have restarted it.
    """

    container: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    engine: Literal["docker", "podman"] = "docker"
    image: Name | None = None
    digest: Annotated[str, pydantic.Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    state: Name = "running"
    health: Literal["healthy", "unhealthy", "starting"] | None = None
    at_most_restarts: Annotated[int, pydantic.Field(ge=0)] | None = None


class ContainerFacts(Model):
    """A container.

    Attributes:
        image: As it was started with.
        digest: Id of the image.
        state: In its engine's word.
        health: What its health check says; empty where it has none.
        restarts: How often its engine restarted it.
    """

    image: str
    digest: str
    state: str
    health: str
    restarts: int


def script(subjects: Sequence[Subject]) -> str:
    """One question for all containers of an engine."""
    commands = {}
    for engine in ("docker", "podman"):
        names = [name for whose, name in subjects if whose == engine]
        if names:
            words = f"limited {engine} container inspect -- {shlex.join(names)}"
            commands[engine] = words
    return parts(commands, seconds=6.0)


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, ContainerFacts | Absent | CannotTell]:
    """What is said of each container."""
    told = read_parts(section)
    return {one: _container(one, told[one[0]]) for one in subjects}


def _container(subject: Subject, section: Section) -> ContainerFacts | Absent | CannotTell:
    engine, name = subject
    where = f"{engine} container inspect {name}"
    try:
        for one in json.loads(section.text or "null") or ():
            if name in (str(one["Name"]).lstrip("/"), one["Id"], str(one["Id"])[:12]):
                return _facts(one)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if section.rc in (0, 1, 125) and section.text.strip():
            return CannotTell(f"{where}: an odd answer: {error}", Cause.UPSTREAM)
    for line in section.err.lower().splitlines():
        named = name.lower() in NAME.findall(line)[-1:] or f'"{name.lower()}"' in line
        if named and any(one in line for one in MISSING):
            return Absent(f"{where}: no such container")
    return cannot_tell(section, where)


def _facts(one: Mapping[str, Any]) -> ContainerFacts:
    state = one["State"]
    health = state.get("Health") or state.get("Healthcheck") or {}
    image = str(one["Image"])
    return ContainerFacts(
        image=str(one.get("ImageName") or one["Config"]["Image"]),
        digest=image if image.startswith("sha256:") else f"sha256:{image}",
        state=str(state["Status"]),
        health=str(health.get("Status") or ""),
        restarts=int(one["RestartCount"]),
    )


CONTAINERS = Probe[Subject, ContainerFacts](
    name="gate.containers", model=ContainerFacts, script=script, read=read, deadline_s=8.0
)


def _differs(item: Container, found: ContainerFacts, scene: Scene) -> Iterator[str]:
    del scene
    yield from other("image", item.image, found.image)
    yield from other("image's id", item.digest, found.digest)
    yield from other("state", item.state, found.state)
    if item.health is not None:
        yield from other("health", item.health, found.health or "not checked")
    if item.at_most_restarts is not None and found.restarts > item.at_most_restarts:
        yield f"it was restarted {found.restarts} times"


def _text(found: ContainerFacts) -> str:
    return f"{_state(found)}, {found.restarts} restarts"


def _state(found: ContainerFacts) -> str:
    health = f", {found.health}" if found.health else ""
    return f"{found.state}{health}, {found.image} ({found.digest[:19]})"


KIND = HostKind(
    name="container",
    chapter="containers",
    rank=15,
    model=Container,
    probe=CONTAINERS,
    subject=lambda item, _: (item.engine, item.container),
    called=lambda item: f"container {item.container}",
    promised=lambda item: listed(
        **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "container"}),
        **({"state": item.state} if item.state == "running" else {}),
    ),
    differs=_differs,
    text=_text,
    state=_state,
    columns={
        "State": lambda one: one.state,
        "Health": lambda one: one.health or "-",
        "Image": lambda one: one.image,
    },
    look=lambda item, _: f"{item.engine} container inspect {item.container}",
    keys=lambda item, found: {
        "container": item.container,
        "engine": item.engine,
        "image": found.image,
        "digest": found.digest,
        "state": found.state,
        "health": found.health or None,
    },
    discover=CONTAINERS_THERE,
    severity="critical",
).kind
