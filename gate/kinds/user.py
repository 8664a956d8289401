"""Users of the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pydantic

from gate.contract.item import AbsolutePath, Item, Yes
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene, unknown
from gate.kinds.units_there import asks, there
from gate.kinds.unplaced import user_of
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.accounts import USERS, UserFacts
from gate.target import Target

UserName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*\$?$")]


class User(Item):
    """A user of the host, whoever keeps it: files, LDAP, systemd.

    Attributes:
        user: Its name; a target may call it otherwise.
        uid: Its number.
        group: Its first group.
        groups: Groups that it must be in.
        groups_not: Groups that it must not be in, such as ``sudo``.
        home: Its folder.
        shell: What a login starts, such as ``/usr/sbin/nologin``.
        locked: No password must lead in; seen by root alone.
        alone: Nobody else may have its number: to the kernel he is the same user. A directory that
            lists nobody (LDAP, mostly) is not seen.
    """

    user: UserName
    uid: Annotated[int, pydantic.Field(ge=0)] | None = None
    group: UserName | None = None
    groups: tuple[UserName, ...] = ()
    groups_not: tuple[UserName, ...] = ()
    home: AbsolutePath | None = None
    shell: AbsolutePath | None = None
    locked: Yes | None = None
    alone: Yes | None = None


def _name(item: User, target: Target) -> str:
    return target.user(item.user) or item.user


def _differs(item: User, found: UserFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    yield from other("uid", item.uid, found.uid)
    yield from other("group", item.group, found.group)
    yield from other("home", item.home, found.home)
    yield from other("shell", item.shell, found.shell)
    if item.groups or item.groups_not:
        if isinstance(found.groups, Seen):
            groups = found.groups.value
            yield from (f"it is not in {one}" for one in item.groups if one not in groups)
            yield from (f"it is in {one}" for one in item.groups_not if one in groups)
        else:
            yield unknown(found.groups)
    if item.locked:
        if not isinstance(found.locked, Seen):
            yield unknown(found.locked)
        elif not found.locked.value:
            yield "a password leads in"
    if item.alone:
        if not isinstance(found.others, Seen):
            yield unknown(found.others)
        else:
            yield from (f"{one} has its uid, too" for one in found.others.value)


def _text(found: UserFacts) -> str:
    groups = ", ".join(found.groups.value) if isinstance(found.groups, Seen) else found.group
    locked = isinstance(found.locked, Seen) and found.locked.value
    others = found.others.value if isinstance(found.others, Seen) else ()
    same = f", as {', '.join(others)}" if others else ""
    return (
        f"uid {found.uid}{same}, group {found.group}, groups {groups}, home {found.home}, "
        f"shell {found.shell}{', locked' if locked else ''}"
    )


def _keys(item: User, found: UserFacts) -> Mapping[str, Any]:
    return {
        "user": item.user,
        "uid": found.uid,
        "group": found.group,
        "groups": list(found.groups.value) if isinstance(found.groups, Seen) else None,
        "groups_not": list(item.groups_not) or None,
        "locked": item.locked or None,
        "alone": found.others == Seen(()) or None,
        "home": found.home,
        "shell": found.shell,
    }


def _names(scene: Scene, which: Which) -> Iterator[Recorded | LeftOut | CannotTell]:
    """Root, and whoever a unit is started as, but whom systemd makes up."""
    found, notes = there(scene, ("service",), everything=which == "all")
    yield from (one for one in notes if isinstance(one, CannotTell))
    units: dict[str, list[str]] = {}
    for one in found:
        name = user_of(scene.target, one.user) if one.user and not one.user.isdigit() else None
        if name:
            units.setdefault(name, []).append(one.unit)
    root = user_of(scene.target, "root") if found else None
    if root:
        yield Recorded(root, {"title": "Nobody but root is root", "user": root})
    for name, of in sorted(units.items()):
        yield Recorded(name, {"title": f"{name} is the user of {', '.join(of)}", "user": name})


KIND = HostKind(
    name="user",
    chapter="users",
    rank=33,
    model=User,
    probe=USERS,
    subject=_name,
    called=lambda item: f"user {item.user}",
    promised=lambda item: listed(
        **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "user"})
    ),
    differs=_differs,
    text=_text,
    columns={
        "Uid": lambda one: str(one.uid),
        "Group": lambda one: one.group,
        "Home": lambda one: one.home,
        "Shell": lambda one: one.shell,
    },
    look=lambda item, target: f"id {_name(item, target)}; getent passwd {_name(item, target)}",
    keys=_keys,
    discover=Discovery(asks=asks, names=_names, doubtful=("groups", "uid", "home")),
).kind
