"""``journalctl`` of a sandbox: from the units' log files, and from what is noted of their starts.

Not like systemd: a line's time is the one that it bears, else its unit's start.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

from sandbox.state import LOGS, RUN

STARTED = "39f53479d3a045ac8e11786248231fbf"
RESTART = "5eb03494b6584870a536b337290809b3"
"""Message ids of systemd: a unit was started; systemd is about to start it again by itself."""
STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3})\b")
PRIORITY = re.compile(r"<([0-7])>")
INFO = "6"
Entry = dict[str, Any]


def note_start(name: str, *, automatic: bool = False) -> None:
    """Keep that a unit is started now, and how long its log is."""
    log = LOGS / f"{name}.log"
    start = {
        "at": time.time(),
        "up": time.clock_gettime(time.CLOCK_BOOTTIME),
        "size": log.stat().st_size if log.exists() else 0,
        "automatic": automatic,
    }
    with (RUN / f"{name}.starts").open("a", encoding="utf-8") as file:
        file.write(json.dumps(start) + "\n")


def starts(name: str) -> list[Entry]:
    """Every start of a unit, the oldest first."""
    file = RUN / f"{name}.starts"
    return (
        [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    )


def started_us(name: str) -> int:
    """When a unit was last started, in microseconds since the host came up; 0 for never."""
    found = starts(name)
    return int(found[-1]["up"] * 1_000_000) if found else 0


def entries(name: str) -> Iterator[Entry]:
    """What the journal would have of a unit, the oldest first."""
    log, known = LOGS / f"{name}.log", starts(name)
    if not known:
        return
    text = log.read_bytes() if log.exists() else b""
    bounds = [one["size"] for one in known[1:]] + [len(text)]
    for number, (start, end) in enumerate(zip(known, bounds, strict=True)):
        if start["automatic"]:
            said = f"{name}: Scheduled restart job, restart counter is at {number}."
            yield _own(name, start["at"], RESTART, said)
        yield _own(name, start["at"], STARTED, f"Started {name}.")
        when = start["at"]
        for line in text[start["size"] : end].decode("utf-8", "backslashreplace").splitlines():
            when = max(when, _stamped(line) or when)
            priority = PRIORITY.match(line)
            yield {
                **_times(when),
                "_SYSTEMD_UNIT": name,
                "PRIORITY": priority[1] if priority else INFO,
                "MESSAGE": line[priority.end() :] if priority else line,
            }


def _own(name: str, at: float, id_: str, said: str) -> Entry:
    own = {"_PID": "1", "UNIT": name, "MESSAGE_ID": id_, "PRIORITY": INFO, "MESSAGE": said}
    return {**_times(at), **own}


def _times(at: float) -> Entry:
    up = at - time.time() + time.clock_gettime(time.CLOCK_BOOTTIME)
    return {
        "__REALTIME_TIMESTAMP": str(int(at * 1_000_000)),
        "__MONOTONIC_TIMESTAMP": str(int(up * 1_000_000)),
    }


def _stamped(line: str) -> float | None:
    match = STAMP.search(line[:100])
    if match is None:
        return None
    try:
        local = dt.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").astimezone()
    except ValueError:  # the 99th of a month
        return None
    return local.timestamp() + int(match[2]) / 1000


def journal(arguments: list[str]) -> int:
    """Answer ``journalctl`` as far as it is asked: units, times, priorities, ids, order, number."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who has read enough closes the pipe
    options = {"-n": "", "-p": "", "-o": "", "--since": ""}
    units: list[str] = []
    matches: dict[str, set[str]] = {}
    rest = iter(arguments)
    for one in rest:
        name, equals, value = one.partition("=")
        if one in ("-u", "--unit"):
            units.append(next(rest))
        elif one in options:
            options[one] = next(rest)
        elif name in options and equals:
            options[name] = value
        elif equals and not one.startswith("-"):
            matches.setdefault(name, set()).add(value)
    full = [one if "." in one else f"{one}.service" for one in units]
    names = full or sorted({file.name.removesuffix(".starts") for file in RUN.glob("*.starts")})
    found = [one for name in names for one in entries(name)]
    found.sort(key=lambda one: int(one["__REALTIME_TIMESTAMP"]))
    since = float(options["--since"].removeprefix("@") or 0) * 1_000_000
    least = {"err": 3, "3": 3, "warning": 4, "4": 4}.get(options["-p"], 7)
    found = [
        one
        for one in found
        if int(one["__REALTIME_TIMESTAMP"]) >= since
        and int(one["PRIORITY"]) <= least
        and all(one.get(key) in values for key, values in matches.items())
    ]
    number = int(options["-n"] or len(found))
    found = found[len(found) - number :] if number else []
    if "-r" in arguments:
        found.reverse()
    as_json = options["-o"] == "json"
    print("\n".join(json.dumps(one) if as_json else one["MESSAGE"] for one in found))
    return 0
