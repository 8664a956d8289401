"""Read the journal of a host: what systemd says of units, and their last lines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Journal
from gate.sources.host.section import Section
from gate.text import line as one_line

QUOTED = 3
"""Lines that are kept of a unit."""
KEPT = 100
"""Times that are kept of one event of a unit."""
RESTART = "5eb03494b6584870a536b337290809b3"
FAILURE = "d9b373ed55a64feb8242e02dbe79a49c"
"""Message ids (``sd-messages.h``): systemd starts a unit again by itself; a unit failed."""
SHORT = 500
"""How much is kept of a line, in characters."""
NOTHING = "-- No entries --"
NUMBER = re.compile(r"[0-9]{1,17}")
UNIT = re.compile(r"[\w:.\\@-]{1,255}\.(?:service|timer|socket|scope|mount|path|slice|target)")
Entry = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Log:
    """What the journal says of a host's units.

    Attributes:
        section: How the question ended.
        entries: By unit, and by their place in the journal (newest first).
        untold: Why nothing can be told of a unit, by its name; of any unit by ``""``.
    """

    section: Section
    entries: Mapping[str, Mapping[int, Entry]]
    untold: Mapping[str, str]


def read_journal(section: Section, newest: Section, lines: Section) -> Log:
    """Sort the entries by unit: the one that logged, and the one that systemd logged about.

    Args:
        section: What ``journalctl`` printed of what systemd says, each a line of JSON.
        newest: The same of the newest entry of all: a journal without it is not read.
        lines: The same of what units that do not run logged themselves.
    """
    found: dict[str, dict[int, Entry]] = {}
    untold: dict[str, str] = {}
    texts = [*section.text.splitlines(), *lines.text.splitlines()]
    for number, line in enumerate(texts):
        if not line.strip() or line == NOTHING:
            continue
        entry = _entry(line)
        if entry is None:
            why = f"journalctl: no entry is like {known.first(line, 80)!r}"
            untold.update(dict.fromkeys(UNIT.findall(line[: 1 << 16]) or [""], why))
            continue
        for name in (entry.get("_SYSTEMD_UNIT"), entry.get("UNIT")):
            if isinstance(name, str):
                found.setdefault(name, {})[number] = entry
    if not found and _entry(newest.text.strip()) is None:
        untold[""] = "journalctl tells nothing, not even the newest line since the host came up"
    return Log(section, found, untold)


def journal(log: Log, names: Iterable[str], booted: dt.datetime, viewer: str) -> Fact[Journal]:
    """What is said of one unit.

    Args:
        log: What is said of all.
        names: Every name of the unit.
        booted: When the host came up.
        viewer: Who looked.
    """
    section, names = log.section, [*names]
    if section.rc != 0:
        cause = Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return CannotTell(f"journalctl: {section.why}", cause)
    if "not seeing messages" in section.err:
        reason = f"{viewer} may not read the journal (groups adm, systemd-journal)"
        return CannotTell(reason, Cause.PERMISSION)
    for name in ("", *names):
        if name in log.untold:
            return CannotTell(log.untold[name], Cause.UPSTREAM)
    entries = [one for name in names for one in log.entries.get(name, {}).values()]
    entries.sort(key=lambda one: int(one["__MONOTONIC_TIMESTAMP"]), reverse=True)
    said = list(dict.fromkeys(_words(one.get("MESSAGE")) for one in entries))
    return Seen(
        Journal(
            restarts=_times(entries, RESTART, booted),
            failures=_times(entries, FAILURE, booted),
            last=tuple(reversed(said[:QUOTED])),
        )
    )


def _times(entries: Iterable[Entry], id_: str, booted: dt.datetime) -> tuple[dt.datetime, ...]:
    stamps = [int(one["__MONOTONIC_TIMESTAMP"]) for one in entries if one.get("MESSAGE_ID") == id_]
    return tuple(booted + dt.timedelta(microseconds=one) for one in dict.fromkeys(stamps[:KEPT]))


def _entry(line: str) -> Entry | None:
    """An entry of the journal; ``None`` where the line is like none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    time = found.get("__MONOTONIC_TIMESTAMP")
    return found if isinstance(time, str) and NUMBER.fullmatch(time) else None


def _words(message: object) -> str:
    """A message; journald gives one that is no text as a list of bytes."""
    if isinstance(message, list):
        values = [one for one in message if isinstance(one, int) and 0 <= one < 1 << 8]
        message = bytes(values).decode("utf-8", "backslashreplace")
    return known.first(one_line(str(message)), SHORT)
