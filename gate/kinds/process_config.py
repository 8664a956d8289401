"""Whether a process knows its configuration: what it read when it began, or was reloaded."""

from __future__ import annotations

import datetime as dt
import posixpath

from gate.kinds.host_kind import Differences
from gate.kinds.scene import Scene, unknown
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.configured import OTHERWISE, THEMSELVES
from gate.sources.host.programs import ProgramFacts

JUST = dt.timedelta(seconds=0.1)
"""So exactly a process's start is known."""
AGREES = dt.timedelta(seconds=1.5)
"""So far two of systemd's tellings of one time may lie apart."""
AT_ONCE = dt.timedelta(seconds=1)
NGINX, LEAVING = "nginx: master process", "worker process is shutting down"
"""What the processes of ``nginx`` call themselves."""


def newest_unread(found: ProgramFacts, scene: Scene) -> Differences:
    """Say what is wrong where the file that changed last is younger than what was read."""
    newest = found.newest or CannotTell("its files were not asked for", Cause.UPSTREAM)
    if isinstance(newest, Seen):
        yield from unread(*newest.value, found, scene.host.identity.booted)
    else:
        yield unknown(newest)


def unread(
    path: str, changed: dt.datetime, found: ProgramFacts, booted: dt.datetime
) -> Differences:
    """Say what is wrong where a file is younger than what a process has read.

    Args:
        path: The file that changed last.
        changed: When it did.
        found: The processes of the unit.
        booted: When the host came up.
    """
    if changed > _read_since(found, booted) + JUST:
        told = f"{path} changed at {changed:%Y-%m-%d %H:%M:%S}, after it was started"
        if found.reload:
            yield f"{told}, and its last reload failed ({found.reload})"
        else:
            yield from _by_workers(path, found, booted, changed, f"{told} or reloaded")


def _read_since(found: ProgramFacts, booted: dt.datetime) -> dt.datetime:
    """When it was started, or reloaded by systemd, whose own time of that has no fractions.

    A reload that failed read nothing, and when there was another one before it nobody tells.
    """
    started = booted + dt.timedelta(seconds=found.programs[0].started_s)
    if found.reload:
        return started
    known = found.changed or started
    if found.changed_s is not None:
        exact = booted + dt.timedelta(seconds=found.changed_s)
        known = exact if abs(exact - known) < AGREES else known
    return max(started, known)


def _by_workers(
    path: str, found: ProgramFacts, booted: dt.datetime, changed: dt.datetime, told: str
) -> Differences:
    """A reload of which systemd does not know is told by workers that are all of another birth.

    ``nginx`` starts all of its workers anew when it has read its files; one that is started again
    alone has died. Others start workers anew for reasons of their own.
    """
    main = found.programs[0]
    program = posixpath.basename((main.executable or main.command).partition(" ")[0])
    if program in THEMSELVES and path.endswith(".conf"):
        yield CannotTell(
            f"{told} by systemd; it may have written that itself (CONFIG REWRITE): see what it "
            "runs with, and restart it where that is something else",
            Cause.UPSTREAM,
        )
        return
    if program in OTHERWISE:
        yield CannotTell(
            f"{told} by systemd; whether it was told otherwise, by a signal or in SQL, is not "
            "known: reload it by systemctl",
            Cause.UPSTREAM,
        )
        return
    workers = [
        one for one in found.programs if one.parent == main.pid and LEAVING not in one.command
    ]
    births = sorted(booted + dt.timedelta(seconds=one.started_s) for one in workers)
    if not births or births[0] + JUST <= changed:
        yield told
    elif len(births) == 1 or births[-1] - births[0] > AT_ONCE or NGINX not in main.command:
        yield CannotTell(
            f"{told} by systemd; its {len(births)} workers are younger than that: after a reload "
            f"by hand, or started again for another reason: reload it by systemctl",
            Cause.UPSTREAM,
        )
