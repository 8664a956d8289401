"""Names of time zones, however they are spelt."""

from __future__ import annotations

import re

FOLDER = re.compile(r":?(?:/(?:[^/]+/)*zoneinfo/)?(?:posix/|right/)?")
NAME = re.compile(r"[A-Za-z][\w+-]*(?:/[\w+-]+)*")
UTC = frozenset(
    {
        *("UTC", "Etc/UTC", "UTC0", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal"),
        *("Etc/Universal", "GMT", "Etc/GMT", "GMT0", "Etc/GMT0", "Greenwich", "Etc/Greenwich"),
        *("Etc/GMT-0", "Etc/GMT+0", "GMT+0", "GMT-0"),
    }
)
"""Names of the one zone without an offset and without summer."""


LOCALTIME = """
# Where /etc/localtime leads to; where nothing is at its end, libc takes UTC.
localtime() {
  [ -e /etc/localtime ] || { echo UTC; return; }
  limited readlink -f /etc/localtime
}
"""
"""Shell function that tells of the host's own zone, for `parts` of a probe."""


def zone_of(text: str) -> str:
    """The name in what ``TZ`` says, or in where ``/etc/localtime`` leads to; empty for none."""
    name = FOLDER.sub("", text, count=1)
    return name if NAME.fullmatch(name) else ""


def same_zone(one: str, other: str) -> bool:
    """Whether two names are of one zone: the same, or both of them UTC."""
    return one == other or {one, other} <= UTC
