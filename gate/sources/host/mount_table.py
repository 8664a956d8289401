"""The kernel's own table of what is mounted where."""

from __future__ import annotations

import re
from typing import NamedTuple

OCTAL = re.compile(r"\\([0-7]{3})")


class Mounted(NamedTuple):
    """A line of the table.

    Attributes:
        device: Where from.
        type: Of the file system.
        options: Of the mount and of the file system.
        root: What of the file system is mounted; not ``/`` where a folder or a file of it is.
    """

    device: str
    type: str
    options: tuple[str, ...]
    root: str


def mount_table(text: str) -> dict[str, Mounted]:
    """What is mounted, by place; of several at one place the last, which hides the others.

    Source:
        ``proc(5)``, mountinfo.
    """
    found: dict[str, Mounted] = {}
    for line in text.splitlines():
        mount, _, system = line.partition(" - ")
        fields, of = mount.split(" "), system.split(" ")
        if len(fields) < 6 or len(of) < 3:  # noqa: PLR2004 - as proc(5) has them
            continue
        options = dict.fromkeys([*fields[5].split(","), *" ".join(of[2:]).split(",")])
        if "ro" in options:  # of this mount or of the file system: either keeps everybody out
            options.pop("rw", None)
        device, place, root = map(unescaped, (of[1], fields[4], fields[3]))
        found[place] = Mounted(device, of[0], tuple(options), root)
    return found


def unescaped(text: str) -> str:
    """A path as it is, which tables of mounts write with blanks and the like in octal."""
    return OCTAL.sub(lambda one: chr(int(one[1], 8)), text)
