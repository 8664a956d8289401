"""Groups of the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pydantic

from gate.contract.item import Item
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.scene import Scene
from gate.kinds.user import UserName
from gate.sources.host.accounts import GROUPS, GroupFacts


class Group(Item):
    """A group of the host.

    Attributes:
        group: Its name.
        gid: Its number.
        members: Users that must be in it; those of whom it is the first group are not listed.
        members_not: Users that must not be in it.
        only: Nobody but its ``members`` may be listed in it; nobody at all where there are none.
    """

    group: UserName
    gid: Annotated[int, pydantic.Field(ge=0)] | None = None
    members: tuple[UserName, ...] = ()
    members_not: tuple[UserName, ...] = ()
    only: bool = False


def _differs(item: Group, found: GroupFacts, scene: Scene) -> Iterator[str]:
    called = {one: scene.target.user(one) for one in (*item.members, *item.members_not)}
    yield from other("gid", item.gid, found.gid)
    yield from (f"{one} is not in it" for one in item.members if called[one] not in found.members)
    yield from (f"{one} is in it" for one in item.members_not if called[one] in found.members)
    known = {called[one] for one in item.members}
    yield from (f"{one} is in it" for one in found.members if item.only and one not in known)


KIND = HostKind(
    name="group",
    chapter="users",
    rank=34,
    model=Group,
    probe=GROUPS,
    subject=lambda item, _: item.group,
    called=lambda item: f"group {item.group}",
    promised=lambda item: listed(
        **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "group"})
    ),
    differs=_differs,
    text=lambda found: f"gid {found.gid}, members {', '.join(found.members) or 'none'}",
    columns={
        "Gid": lambda one: str(one.gid),
        "Members": lambda one: ", ".join(one.members) or "-",
    },
    look=lambda item, _: f"getent group {item.group}",
    keys=lambda item, found: {
        "group": item.group,
        "gid": found.gid,
        "members": list(found.members) or None,
        "members_not": list(item.members_not) or None,
        "only": item.only or None,
    },
).kind
