"""The frame around a script: its marker, its deadline, its rights, and how its output begins."""

from __future__ import annotations

import dataclasses
import re
from typing import Literal, TypedDict

Privileges = Literal["root", "sudo", "user"]

GRACE_S = 1.0
"""Between asking a script to end and killing it."""
TIMED_OUT = (124, 137, 143)
"""Exit statuses of ``timeout``: ended by TERM (143 with busybox), or by KILL."""

FRAME = """\
limit=; as=; who=user; why=
if [ "$(id -u)" = 0 ]; then who=root
elif [ {sudo} = 1 ]; then
  if why=$(sudo -n true 2>&1 </dev/null); then as='sudo -n'; who=sudo; fi
fi
if command -v timeout >/dev/null 2>&1; then limit='timeout -k {grace} {limit}'; fi
[ -z "$why" ] || why=$(printf %s "$why" | tr '\\n' ' ')
printf '\\n%s begin %s %s %s\\n' {marker} $who $$ "$why"
$as $limit sh <<'{marker} script'
{{
{script}
}} </dev/null
{marker} script
printf '\\n%s end %s\\n' {marker} $?
"""
STOP = """\
for stat in /proc/[0-9]*/stat; do
  read -r pid _ _ parent _ <$stat && [ "$parent" = {parent} ] && kill "$pid"
done 2>/dev/null
:
"""
"""Ends the children of a frame's shell: ``timeout``, or ``sudo`` before it, pass it on."""


@dataclasses.dataclass(frozen=True)
class Output:
    """How a script ended.

    Attributes:
        rc: Exit status.
        privileges: With what rights it ran.
        no_sudo: Why ``sudo -n`` could not be had, where it was asked for.
        cut: Why the output is not whole; empty where it is.
    """

    rc: int
    stdout: bytes
    stderr: bytes
    privileges: Privileges = "user"
    no_sudo: str = ""
    cut: str = ""


def begin(told: bytes, marker: str) -> re.Match[bytes] | None:
    """The line before a script's output: its rights, its shell's process, why there is no sudo."""
    pattern = rb"^%s begin (root|sudo|user) (\d+) (.*)\n" % marker.encode()
    return re.search(pattern, told, re.MULTILINE)


class Rights(TypedDict):
    """With what rights a script runs, and why there is no sudo."""

    privileges: Privileges
    no_sudo: str


def rights(line: re.Match[bytes]) -> Rights:
    """With what rights a script runs, and why there is no sudo."""
    known: dict[bytes, Privileges] = {b"root": "root", b"sudo": "sudo"}
    privileges = known.get(line[1], "user")
    no_sudo = line[3].decode("utf-8", "replace").strip() if privileges == "user" else ""
    return {"privileges": privileges, "no_sudo": no_sudo}
