"""A systemd timer as a queue of one job: its last run, how that ended, and its next one."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from gate.contract.item import Name
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.probe import AskProbe, Probe, probed
from gate.sources.host.section import Section
from gate.sources.observed import Observed
from gate.sources.queues.engine import Engine
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise
from gate.target import Target

PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Result,Triggers,LastTriggerUSecMonotonic,NextElapseUSecRealtime,"
    "NextElapseUSecMonotonic,ExecMainStartTimestampMonotonic,ExecMainStatus,"
    "ActiveEnterTimestampMonotonic"
)
SPAN = re.compile(r"([0-9.]+)(y|month|w|d|h|min|s|ms|us)")
SECONDS = {"y": 31557600.0, "month": 2629800.0, "w": 604800.0, "d": 86400.0, "h": 3600.0,
           "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}  # fmt: skip
RUNS = ("activating", "active", "deactivating", "reloading")
DATE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
SLACK_S = 60.0
"""How late a timer may be by itself: systemd's default `AccuracySec`."""
Told = QueueFacts | Absent | CannotTell
Subject = tuple[str, float]
"""A timer, and within how many seconds it must have run."""


class Timer(QueuePromise):
    """A systemd timer and the service that it starts.

    Attributes:
        unit: The timer's name.
        ran_within_s: How long ago its last run may have begun.
    """

    unit: Name
    ran_within_s: float


def _script(asked: Sequence[Subject]) -> str:
    """What systemd says of each timer and of what it triggers."""
    units = shlex.join(dict.fromkeys(name for name, _ in asked))
    show = f"TZ=UTC systemctl show -p {PROPERTIES} --"
    return (
        f'read -r up rest </proc/uptime; echo "now=$(date +%s) up=$up"; echo; {show} {units}; '
        f"echo; services=$({show} {units} | sed -n 's/^Triggers=//p'); "
        f'[ -z "$services" ] || {show} $services'
    )


def _read(
    section: Section, asked: Sequence[Subject]
) -> Mapping[Subject, QueueFacts | Absent | CannotTell]:
    blocks = [_pairs(one) for one in section.text.split("\n\n")]
    clock = next((one for one in blocks if "now" in one), {})
    units = {one["Id"]: one for one in blocks if one.get("Id")}
    if section.rc != 0 or not clock:
        why = CannotTell(f"systemctl show: {section.why}", Cause.UPSTREAM)
        return dict.fromkeys(asked, why)
    now, _, up = clock["now"].partition(" up=")
    return {one: _facts(*one, units, float(now), float(up)) for one in asked}


def _pairs(block: str) -> dict[str, str]:
    lines = (line.partition("=") for line in block.splitlines())
    return {key.strip(): value for key, equals, value in lines if equals}


def _facts(
    name: str, within_s: float, units: Mapping[str, dict[str, str]], now: float, up: float
) -> Told:
    timer = units.get(name)
    if timer is None:
        return CannotTell(f"systemctl show told nothing of {name}", Cause.UPSTREAM)
    if timer.get("LoadState") == "not-found":
        return Absent(f"{name}: LoadState=not-found")
    job = timer.get("Triggers") or "what it starts"
    if timer.get("Triggers") and job not in units:
        return CannotTell(f"systemctl show told nothing of {job}", Cause.UPSTREAM)
    service = units.get(job, {})
    last_up, started = _span(timer.get("LastTriggerUSecMonotonic")), service.get(
        "ExecMainStartTimestampMonotonic", "")  # fmt: skip
    busy = service.get("ActiveState") in RUNS
    running = (max(0.0, up - int(started) / 1e6),) if busy and started.isdigit() else ()
    broken = []
    if timer.get("ActiveState") != "active":
        broken.append(f"{name} is {timer.get('ActiveState')} ({timer.get('SubState')})")
    failed = service.get("Result", "success") != "success" and not busy
    error = (
        f"{job} ended with Result={service.get('Result')}, status {service.get('ExecMainStatus')}"
    )
    next_s = _next(timer, now, up)
    # While what it starts is at work a timer has no next run yet.
    if next_s is None and not busy and timer.get("SubState") != "running" and not broken:
        broken.append(f"{name} has no next run")
    late = max(0.0, -next_s - SLACK_S) if next_s is not None and not busy else 0.0
    ago = max(0.0, up - last_up) if last_up else None
    since = timer.get("ActiveEnterTimestampMonotonic", "")
    up_s = up - int(since) / 1e6 if since.isdigit() and since != "0" else 0.0
    if ago is None and up_s > within_s and not busy:
        broken.append(f"{name} was started {up_s:.0f} s ago and has never run")
    elif ago is not None and ago > within_s and not busy:
        broken.append(f"{name} last ran {ago:.0f} s ago, not within {within_s:g} s")
    return QueueFacts(
        name=name,
        waiting=int(late > 0),
        oldest_due_s=late or None,
        running=running,
        taken_s=None if failed else ago,  # a run that failed is no sign that any is finished
        tried_s=ago if failed else None,
        failed=int(failed),
        failures=(ago or 0.0,) if failed else (),
        error=known.first(error, 200) if failed else "",
        broken=tuple(known.first(one, 200) for one in broken),
    )


def _span(text: str | None) -> float | None:
    """Seconds of ``1h 23min 20.5s``; nothing where it never was, or never will be."""
    parts = SPAN.findall(text or "")
    return sum(float(number) * SECONDS[unit] for number, unit in parts) if parts else None


def _next(timer: Mapping[str, str], now: float, up: float) -> float | None:
    """Seconds until the next run: by a date (``Sat 2026-11-28 16:25:22 UTC``) or by a span."""
    at = DATE.search(timer.get("NextElapseUSecRealtime", ""))
    if at is not None:
        date = dt.datetime.strptime(at[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.timezone.utc)
        return date.timestamp() - now
    text = timer.get("NextElapseUSecMonotonic", "")
    span = None if text == "infinity" else _span(text)
    return None if span is None else span - up


PROBE: Probe[Subject, QueueFacts] = Probe(
    name="gate.timer_runs", model=QueueFacts, script=_script, read=_read
)


def _asks(id_: str, queue: Timer, target: Target) -> Iterable[object]:
    del id_, target
    return [AskProbe(PROBE, (queue.unit, queue.ran_within_s))]


def _find(id_: str, queue: Timer, observed: Observed) -> Fact[QueueFacts]:
    del id_
    host = observed.host
    return (
        probed(host.value.probes, PROBE, (queue.unit, queue.ran_within_s))
        if isinstance(host, Seen)
        else host
    )


ENGINE = Engine(
    name="timer", model=Timer, says="a systemd timer and what it starts", asks=_asks, find=_find
)
