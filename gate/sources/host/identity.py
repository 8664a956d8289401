"""Read who answers: the host's name, its clock, its first process, and who looks."""

from __future__ import annotations

import datetime as dt
import re

from gate.connection.frame import Privileges
from gate.secrets import known
from gate.sources.host.facts import Identity
from gate.sources.host.section import Section

UNKNOWN = "unknown"
TICKS = 100
"""Clock ticks per second of every Linux that is met, where the host does not say."""
SECONDS = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?)(?:\s.*)?")
NAME = re.compile(r"\S{1,100}")


def read_identity(section: Section, privileges: Privileges) -> tuple[Identity, int, int]:
    """Read the section ``identity``: lines ``name=value``, in any order.

    Returns:
        Who answers, the length of its clock tick (per second), and the process id of the shell
        that answered (0 where it does not say).

    Raises:
        ValueError: It does not tell the time, or not since when it is up.
    """
    lines = (line.partition("=") for line in section.text.splitlines())
    said = {name: value.strip() for name, _, value in reversed([*lines])}
    uptime = _seconds(said.get("uptime", ""))
    if uptime is None:
        raise ValueError(f"/proc/uptime does not say since when it is up ({section.why})")
    up = dt.timedelta(seconds=uptime)
    clock, booted = _moment(said.get("clock", "")), _moment(said.get("booted", ""))
    now = clock or (booted + up if booted else None)
    if now is None:
        raise ValueError(
            f"date does not tell the time ({known.first(said.get('clock', ''), 40)!r})"
        )
    identity = Identity(
        hostname=said.get("hostname") or UNKNOWN,
        user=_name(said.get("user", "")),
        os=said.get("os", "").strip("\"'") or UNKNOWN,
        kernel=said.get("kernel") or UNKNOWN,
        init=_name(said.get("init", "")),
        clock=now,
        booted=now - up,
        privileges=privileges,
    )
    ticks, shell = said.get("ticks", ""), said.get("shell", "")
    return (
        identity,
        int(ticks) if re.fullmatch(r"[1-9][0-9]{1,4}", ticks) else TICKS,
        int(shell) if re.fullmatch(r"[0-9]{1,10}", shell) else 0,
    )


def _seconds(text: str) -> float | None:
    match = SECONDS.fullmatch(text)
    return float(match[1]) if match else None


def _moment(text: str) -> dt.datetime | None:
    seconds = _seconds(text)
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.timezone.utc)


def _name(text: str) -> str:
    return text if NAME.fullmatch(text) else UNKNOWN
