"""Timers of systemd, with what they start."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Mapping, Sequence

import pydantic

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

TIMER = (
    "Id,LoadState,ActiveState,UnitFileState,Unit,LastTriggerUSec,NextElapseUSecRealtime,"
    "NextElapseUSecMonotonic,Persistent,Result,SubState,TimersCalendar,TimersMonotonic,"
    "NeedDaemonReload"
)
STARTED = "Id,LoadState,ActiveState,Result,ExecMainStatus,ExecMainExitTimestamp,NeedDaemonReload"
TIME = re.compile(r"Timers(?:Calendar|Monotonic)=\{ (On\w+=.+) ; next_elapse=.* \}")
"""A time of a timer, in one of the lines that tell of them."""
RELOAD = "NeedDaemonReload"
NEVER = ("", "n/a", "0", "infinity")


class TimerFacts(Model):
    """A timer, and the unit that it starts.

    Attributes:
        active: Whether it waits, in systemd's word.
        at_boot: Its unit file's state.
        starts: The unit that it starts.
        last: When it last elapsed (UTC); ``None`` where it never did.
        next: Whether a next time is known.
        lacking: Why that unit cannot be started: ``masked``, ``not-found``; empty where it can.
        result: Of the unit that it starts, in systemd's word.
        status: Exit status of that unit's last run.
        ended: When that unit's last run ended (UTC), where it did.
        running: Whether that unit runs now, or did when the timer was asked.
        persistent: Whether the time of its last run is kept when the host comes up anew.
        schedule: Its times, in systemd's words: ``OnCalendar=*-*-* 02:30:00``.
        edited: Which of both unit files changed on disk since systemd read it.
    """

    active: str
    at_boot: str
    starts: str
    last: pydantic.AwareDatetime | None
    next: bool
    result: str
    status: int
    ended: pydantic.AwareDatetime | None
    running: bool
    lacking: str = ""
    persistent: bool = True
    schedule: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


def script(subjects: Sequence[str]) -> str:
    """One ``systemctl show`` for all timers, and one for what they start."""
    return parts(
        {
            "timers": "shown",
            "started": "started",
        },
        functions=FUNCTIONS.replace("UNITS", shlex.join(subjects)),
    )


FUNCTIONS = f"""
TZ=UTC0; export TZ
told=$(limited systemctl show -p {TIMER} -- UNITS 2>&1); status=$?
shown() {{
  [ $status = 0 ] || {{ printf '%s\\n' "$told" >&2; return $status; }}
  printf '%s\\n' "$told"
}}
started() {{
  set -f --; IFS='
'
  for line in $told; do case $line in Unit=?*) set -- "$@" "${{line#Unit=}}" ;; esac; done
  unset IFS
  [ $# = 0 ] || limited systemctl show -p {STARTED} -- "$@"
}}
"""


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, TimerFacts | Absent | CannotTell]:
    """What is said of each timer; they are told in the order of asking."""
    told = read_parts(section)
    timers = {one.get("Id", ""): one for one in _blocks(told["timers"].text)}
    started = {one.get("Id", ""): one for one in _blocks(told["started"].text)}
    return {one: _timer(one, timers, started, told["timers"]) for one in subjects}


def _blocks(text: str) -> list[dict[str, str]]:
    return [
        {
            **dict(line.split("=", 1) for line in block.splitlines() if "=" in line),
            "Times": "\n".join(
                match[1].replace("USec=", "Sec=")
                for line in block.splitlines()
                if (match := TIME.fullmatch(line))
            ),
        }
        for block in text.split("\n\n")
    ]


def _timer(
    name: str,
    timers: Mapping[str, Mapping[str, str]],
    started: Mapping[str, Mapping[str, str]],
    section: Section,
) -> TimerFacts | Absent | CannotTell:
    one = timers.get(name)
    if section.rc != 0 or one is None or "LoadState" not in one:
        return cannot_tell(section, f"systemctl show {name}")
    if one["LoadState"] == "not-found":
        return Absent(f"{name}: LoadState=not-found")
    if one["LoadState"] != "loaded":
        return CannotTell(f"{name}: LoadState={one['LoadState']}", Cause.UPSTREAM)
    unit = one.get("Unit", "")
    of = started.get(unit, {})
    if not {"Result", "ExecMainStatus", "ActiveState"} <= of.keys() and ".service" in unit:
        return CannotTell(f"{name}: systemctl tells nothing of {unit}", Cause.UPSTREAM)
    try:
        return TimerFacts(
            active=one["ActiveState"],
            at_boot=one.get("UnitFileState", ""),
            starts=unit,
            last=_time(one["LastTriggerUSec"]),
            next=any(
                one.get(key, "") not in NEVER
                for key in ("NextElapseUSecRealtime", "NextElapseUSecMonotonic")
            ),
            result=of.get("Result", ""),
            status=int(of.get("ExecMainStatus", "0")),
            ended=_time(of.get("ExecMainExitTimestamp", "")),
            # It may have ended by the time that it was asked of.
            running=one.get("SubState") == "running"
            or of.get("ActiveState") in ("active", "activating", "reloading"),
            persistent=one.get("Persistent") != "no",
            schedule=tuple(sorted(one.get("Times", "").splitlines())),
            edited=tuple(
                unit_ for unit_, said in ((name, one), (unit, of)) if said.get(RELOAD) == "yes"
            ),
            lacking="" if (state := of.get("LoadState", "loaded")) == "loaded" else state,
        )
    except (KeyError, ValueError) as error:
        return CannotTell(f"{name}: systemctl's answer is odd: {error}", Cause.UPSTREAM)


def _time(text: str) -> dt.datetime | None:
    """``Sat 2026-11-28 15:12:53 UTC``."""
    if text in NEVER:
        return None
    return dt.datetime.strptime(text.replace("UTC", "+0000"), "%a %Y-%m-%d %H:%M:%S %z")


TIMERS = Probe[str, TimerFacts](
    name="gate.timers", model=TimerFacts, script=script, read=read, light=True
)
