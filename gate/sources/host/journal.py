"""Read the journal of a host: errors by unit."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Journal
from gate.sources.host.section import Section

QUOTED = 5
"""Lines that are kept of a unit."""
SHORT = 2000
"""How much is kept of a line, in characters."""
NOTHING = "-- No entries --"
NUMBER = re.compile(r"[0-9]{1,18}")
UNIT = re.compile(r"[\w:.\\@-]{1,255}\.(?:service|timer|socket|scope|mount|path|slice|target)")
Entry = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Log:
    """The errors of a host.

    Attributes:
        section: How the question ended.
        errors: Entries by unit, and by their place in the journal (newest first).
        untold: Why nothing can be told of a unit, by its name; of any unit by ``""``.
    """

    section: Section
    errors: Mapping[str, Mapping[int, Entry]]
    untold: Mapping[str, str]


def read_journal(section: Section, newest: Section) -> Log:
    """Sort the entries by unit: the one that logged, and the one that systemd logged about.

    Args:
        section: What ``journalctl`` printed of errors, each a line of JSON.
        newest: The same of the newest entry of all: a journal without it is not read.
    """
    found: dict[str, dict[int, Entry]] = {}
    untold: dict[str, str] = {}
    for number, line in enumerate(section.text.splitlines()):
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


def journal(log: Log, names: Iterable[str], since_us: int, viewer: str) -> Fact[Journal]:
    """Count and quote the errors of one unit.

    Args:
        log: The host's errors.
        names: Every name of the unit.
        since_us: Only what was logged from then on; microseconds since the host came up.
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
    found = {number: one for name in names for number, one in log.errors.get(name, {}).items()}
    lines = [
        _words(entry.get("MESSAGE"))
        for _, entry in sorted(found.items())
        if int(entry["__MONOTONIC_TIMESTAMP"]) >= since_us
    ]
    return Seen(Journal(errors=len(lines), last=tuple(reversed(lines[:QUOTED]))))


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
    return known.redactor().cut(str(message), SHORT)
