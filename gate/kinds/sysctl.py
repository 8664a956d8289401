"""Kernel parameters."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pydantic

from gate.contract.item import Item
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene
from gate.rule import Has, Rule, Some
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

PROC = "/proc/sys/"
WITNESS = "kernel/ostype"
"""A parameter that every kernel has: it shows that there are any."""


class Sysctl(Item):
    """A parameter of the running kernel.

    Attributes:
        key: Its name, such as ``vm.overcommit_memory``; with ``/`` where a part has a dot in it.
        value: What it must be; several numbers have one blank between them.
        at_least: What it must be at least.
        at_most: What it may be at most.
    """

    key: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_-]+([./][A-Za-z0-9_.@:-]+)+$")]
    value: str | None = None
    at_least: int | None = None
    at_most: int | None = None

    RULES = (
        Rule(
            Some(Has("value"), Has("at_least"), Has("at_most")),
            "needs value, at_least or at_most",
        ),
    )


class Parameter(Model):
    """A parameter of the kernel, its blanks made one."""

    value: str


def place(key: str) -> str:
    """The file of a parameter below ``/proc/sys``."""
    return key if "/" in key else key.replace(".", "/")


def script(subjects: Sequence[str]) -> str:
    """All of them in one command."""
    files = dict.fromkeys(f"{PROC}{one}" for one in (WITNESS, *map(place, subjects)))
    return parts({"values": f"limited grep -HZ '' {shlex.join(files)}"})


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, Parameter | Absent | CannotTell]:
    """The value of each."""
    told = read_parts(section)["values"]
    values: dict[str, list[str]] = {}
    for line in told.text.splitlines():
        file, nul, text = line.partition("\0")
        if nul:
            values.setdefault(file.removeprefix(PROC), []).append(" ".join(text.split()))
    found: dict[str, Parameter | Absent | CannotTell] = {}
    for one in subjects:
        at = place(one)
        complaint = next((line for line in told.err.splitlines() if f"{PROC}{at}: " in line), "")
        if at in values:
            found[one] = Parameter(value="\n".join(values[at]))
        elif complaint.endswith("No such file or directory") and WITNESS in values:
            found[one] = Absent(f"the kernel has no {PROC}{at}")
        elif complaint:
            denied = complaint.endswith("Permission denied")
            found[one] = CannotTell(complaint, Cause.PERMISSION if denied else Cause.UPSTREAM)
        else:
            found[one] = cannot_tell(told, f"{PROC}{at}")
    return found


SYSCTLS = Probe[str, Parameter](
    name="gate.sysctls", model=Parameter, script=script, read=read, light=True
)


def _differs(item: Sysctl, found: Parameter, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if item.value is not None and " ".join(item.value.split()) != found.value:
        yield f"it is {found.value}"
    if item.at_least is None and item.at_most is None:
        return
    try:
        number = int(found.value)
    except ValueError:
        yield CannotTell(f"{item.key} is no number: {found.value!r}", Cause.UPSTREAM)
        return
    if item.at_least is not None and number < item.at_least:
        yield f"it is only {number}"
    if item.at_most is not None and number > item.at_most:
        yield f"it is {number}"


KIND = HostKind(
    name="sysctl",
    chapter="kernel",
    rank=36,
    model=Sysctl,
    probe=SYSCTLS,
    subject=lambda item, _: item.key,
    called=lambda item: f"parameter {item.key}",
    promised=lambda item: listed(is_=item.value, at_least=item.at_least, at_most=item.at_most),
    differs=_differs,
    text=lambda found: found.value,
    columns={"Value": lambda one: one.value},
    look=lambda item, _: f"sysctl {item.key}",
    keys=lambda item, found: {"key": item.key, "value": found.value},
).kind
