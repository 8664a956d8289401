"""File systems that are mounted: where from, with which options, how much room is left."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pydantic

from gate.contract.item import AbsolutePath, Item, Name
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.recorded_mounts import MOUNTS_THERE, floor
from gate.kinds.scene import Scene, unknown
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.mount_boot import ENABLED, mounted_at_boot
from gate.sources.host.mount_table import mount_table
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section
from gate.target import Target

Count = Annotated[int, pydantic.Field(gt=0)]
Percent = Annotated[float, pydantic.Field(gt=0, le=100)]
ROOM = re.compile(r"(\d+) (\d+) (\d+) (\d+) (\d+)")


GUARDS = ("nosuid", "nodev", "noexec")
"""Options that keep somebody from something: recorded where they are there."""


class Mount(Item):
    """A file system at its place.

    Attributes:
        path: Where it is mounted; a target puts its ``prefix`` before it.
        device: What is mounted there, as ``findmnt`` calls its source: where it is a part of a file
            system (a bind mount, a subvolume), that part stands behind it in brackets, as in
            ``/dev/sda1[/srv/office]``; without brackets any part will do.
        type: Of the file system.
        options: Options that it must have, of the mount or of the file system, such as ``ro``.
        options_not: Options that it must not have.
        free_mb: How much room it must have for ordinary users, in MB (10^6 bytes).
        free_percent: The same in percent of its size.
        free_inodes: How many files can be made, at least; what counts none has enough.
        free_inodes_percent: The same in percent.
        starts_at_boot: Whether ``/etc/fstab`` has it mounted at boot, or when it is asked for, or a
            unit in ``/etc/systemd/system`` that is enabled. What else mounts it is not known.
    """

    path: AbsolutePath
    device: Name | None = None
    type: Name | None = None
    options: tuple[Name, ...] = ()
    options_not: tuple[Name, ...] = ()
    free_mb: Count | None = None
    free_percent: Percent | None = None
    free_inodes: Count | None = None
    free_inodes_percent: Percent | None = None
    starts_at_boot: bool | None = None


class Room(Model):
    """What is left of a file system, for ordinary users.

    Attributes:
        size, free: In bytes.
        inodes, free_inodes: How many; 0 of 0 where they are not counted.
    """

    size: int
    free: int
    inodes: int
    free_inodes: int


class MountFacts(Model):
    """A file system that is mounted; of several at one place the last, which hides the others.

    Attributes:
        device: Where from.
        type: Of the file system.
        options: Of the mount and of the file system.
        room: What is left.
        root: What of the file system it is; ``/`` where it is all of it.
        at_boot: Whether the host's own files have it mounted at boot.
    """

    device: str
    type: str
    options: tuple[str, ...]
    room: Fact[Room]
    root: str = "/"
    at_boot: Fact[bool] = CannotTell("it was not asked for", Cause.UPSTREAM)

    @property
    def source(self) -> str:
        """Where from, and which part of it."""
        return self.device if self.root == "/" else f"{self.device}[{self.root}]"


def script(subjects: Sequence[str]) -> str:
    """The kernel's own list, and one ``stat`` for all places."""
    places = shlex.join(dict.fromkeys(subjects))
    return parts(
        {
            "mounts": "cat /proc/self/mountinfo",
            "room": f"limited stat -f --printf '%S %b %a %c %d\\0%n\\0\\n' -- {places}",
            "fstab": "fstab",
            "units": "enabled_mounts",
        },
        functions=ENABLED,
    )


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, MountFacts | Absent | CannotTell]:
    """What is mounted at each place.

    Source:
        ``proc(5)``, mountinfo.
    """
    told = read_parts(section)
    mounts = mount_table(told["mounts"].text)
    rooms, at_boot = _rooms(told["room"]), mounted_at_boot(told["fstab"], told["units"])
    found: dict[str, MountFacts | Absent | CannotTell] = {}
    for place in subjects:
        path = place.rstrip("/") or "/"
        if told["mounts"].rc != 0 or "/" not in mounts:
            found[place] = cannot_tell(told["mounts"], "/proc/self/mountinfo")
        elif path in mounts:
            one = mounts[path]
            room = rooms.get(place) or cannot_tell(told["room"], f"stat -f {place}")
            found[place] = MountFacts(
                device=one.device,
                type=one.type,
                options=one.options,
                room=room,
                root=one.root,
                at_boot=Seen(path in at_boot) if isinstance(at_boot, frozenset) else at_boot,
            )
        else:
            found[place] = Absent(f"/proc/self/mountinfo has no {path}")
    return found


def _rooms(section: Section) -> dict[str, Fact[Room]]:
    found: dict[str, Fact[Room]] = {}
    for record in section.text.split("\0\n"):
        numbers, _, place = record.partition("\0")
        if match := ROOM.fullmatch(numbers):
            size, blocks, free, inodes, free_inodes = map(int, match.groups())
            room = Room(
                size=size * blocks, free=size * free, inodes=inodes, free_inodes=free_inodes
            )
            found[place] = Seen(room)
    return found


MOUNTS = Probe[str, MountFacts](
    name="gate.mounts", model=MountFacts, script=script, read=read, light=True
)


def _differs(item: Mount, found: MountFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if item.device != found.device:  # else any part of it will do
        yield from other("device", item.device, found.source)
    yield from other("type", item.type, found.type)
    yield from (f"it is not {one}" for one in item.options if one not in found.options)
    yield from (f"it is {one}" for one in item.options_not if one in found.options)
    if item.starts_at_boot is not None:
        yield from _at_boot(item.starts_at_boot, found.at_boot)
    wanted = (item.free_mb, item.free_percent, item.free_inodes, item.free_inodes_percent)
    if wanted == (None, None, None, None):
        return
    if isinstance(found.room, Seen):
        yield from _room(item, found.room.value)
    else:
        yield unknown(found.room)


def _at_boot(must: bool, fact: Fact[bool]) -> Iterator[str | CannotTell]:  # noqa: FBT001 - as promised
    if not isinstance(fact, Seen):
        yield unknown(fact)
    elif must != fact.value:
        yield "a reboot would mount it" if fact.value else "a reboot would not mount it"


def _room(item: Mount, room: Room) -> Iterator[str]:
    if item.free_mb is not None and room.free < item.free_mb * 1e6:
        yield f"only {room.free / 1e6:,.0f} MB free"
    if item.free_percent is not None and room.free * 100 < item.free_percent * room.size:
        yield f"only {room.free * 100 / room.size:.1f} % free"
    if not room.inodes:
        return
    if item.free_inodes is not None and room.free_inodes < item.free_inodes:
        yield f"only {room.free_inodes:,} inodes free"
    percent = room.free_inodes * 100 / room.inodes
    if item.free_inodes_percent is not None and percent < item.free_inodes_percent:
        yield f"only {percent:.1f} % of the inodes free"


def _text(found: MountFacts) -> str:
    room = f", {found.room.value.free / 1e6:,.0f} MB free" if isinstance(found.room, Seen) else ""
    return f"{_state(found)}{room}"


def _state(found: MountFacts) -> str:
    return f"{found.type} from {found.source} ({','.join(found.options)})"


def _promised(item: Mount) -> str:
    keys = item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "path"})
    return listed(**keys) if keys else "mounted"


def _look(item: Mount, target: Target) -> str:
    place = shlex.quote(target.placed(item.path))
    return f"findmnt {place}; df {place}; df -i {place}"


def _keys(item: Mount, found: MountFacts) -> Mapping[str, Any]:
    keys = item.model_dump(mode="json", exclude_defaults=True, exclude={*Item.model_fields})
    return {**keys, "path": item.path, "device": found.source, "type": found.type}


def _discovered(item: Mount, found: MountFacts, scene: Scene) -> Mapping[str, Any]:
    """The same with floors well below what is free: what is left of a disk is no promise."""
    room = found.room.value if isinstance(found.room, Seen) else None
    inodes = room is not None and room.inodes > 0
    del scene
    return {
        **_keys(item, found),
        "options": [
            "ro" if "ro" in found.options else "rw",
            *(one for one in GUARDS if one in found.options),
        ],
        "starts_at_boot": True if found.at_boot == Seen(True) else None,
        "free_percent": floor(room.free, room.size) if room else None,
        "free_inodes_percent": floor(room.free_inodes, room.inodes) if room and inodes else None,
    }


KIND = HostKind(
    name="mount",
    chapter="mounts",
    rank=32,
    model=Mount,
    probe=MOUNTS,
    subject=lambda item, target: target.placed(item.path),
    called=lambda item: f"file system at {item.path}",
    promised=_promised,
    differs=_differs,
    text=_text,
    state=_state,
    columns={
        "Type": lambda one: one.type,
        "Device": lambda one: one.source,
        "Options": lambda one: ",".join(one.options),
    },
    look=_look,
    keys=_keys,
    discover=MOUNTS_THERE,
    discovered=_discovered,
    absent="not mounted",
).kind
