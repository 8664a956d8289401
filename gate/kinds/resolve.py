"""Names as the host resolves them: by its files, its DNS, whatever it asks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pydantic

from gate.contract.item import Item, Name
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene
from gate.rule import Is, Not, Rule
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.each import Block, blocks, each
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

LOOKUP_S = 4.0
NOT_FOUND = 2
"""Exit status of ``getent``: no answer, whatever the reason is."""
NO_TOOL = 127


class Resolve(Item):
    """A name that the host must be able to resolve.

    That a name does not resolve cannot be promised: a resolver that is down says the same.

    Attributes:
        name: The name.
        addresses: All of its addresses, no more and no less; without them any will do.
    """

    name: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$")]
    addresses: tuple[Name, ...] = ()

    RULES = (Rule(Not(Is("absent", True)), "a resolver that is down says of no name that it is"),)

    @pydantic.field_validator("addresses")
    @classmethod
    def _are_addresses(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            ipaddress.ip_address(one)
        return given


class Addresses(Model):
    """What a name resolves to, sorted."""

    addresses: tuple[str, ...]


def script(subjects: Sequence[str]) -> str:
    """Each name by itself, side by side: one that is late delays no other."""
    return each((("getent", "ahosts", one) for one in subjects), LOOKUP_S)


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, Addresses | Absent | CannotTell]:
    """The addresses of each name."""
    return {one: _addresses(one, block) for one, block in blocks(section, subjects).items()}


def _addresses(name: str, block: Block) -> Addresses | Absent | CannotTell:
    found = set()
    if block.late:
        return CannotTell(f"getent ahosts {name}: no answer within {LOOKUP_S:g} s", Cause.TIMEOUT)
    if block.rc == NO_TOOL:
        return CannotTell("the host has no getent to ask with", Cause.TOOL_MISSING)
    if block.rc == NOT_FOUND and not block.text.strip():
        return Absent(f"getent ahosts {name} found nothing")
    try:
        for line in block.text.splitlines():
            found.add(str(ipaddress.ip_address(line.split()[0].partition("%")[0])))
    except (ValueError, IndexError):
        return CannotTell(f"getent ahosts {name}: an odd answer", Cause.UPSTREAM)
    if block.rc != 0 or not found:
        why = f"getent ahosts {name} exited with {block.rc}, and said nothing of it"
        return CannotTell(why, Cause.UPSTREAM)
    return Addresses(addresses=tuple(sorted(found)))


RESOLVE = Probe[str, Addresses](
    name="gate.resolve", model=Addresses, script=script, read=read, deadline_s=9.0
)


def _differs(item: Resolve, found: Addresses, scene: Scene) -> Iterator[str]:
    del scene
    wanted = {str(ipaddress.ip_address(one)) for one in item.addresses}
    if wanted and wanted != set(found.addresses):
        yield f"it resolves to {', '.join(found.addresses)}"


KIND = HostKind(
    name="resolve",
    chapter="network",
    rank=22,
    model=Resolve,
    probe=RESOLVE,
    subject=lambda item, _: item.name,
    called=lambda item: f"address of {item.name}",
    promised=lambda item: listed(resolves_to=item.addresses or "an address"),
    differs=_differs,
    text=lambda found: ", ".join(found.addresses),
    columns={"Addresses": lambda one: ", ".join(one.addresses)},
    look=lambda item, _: f"getent ahosts {item.name}",
    keys=lambda item, found: {"name": item.name, "addresses": list(found.addresses)},
).kind
