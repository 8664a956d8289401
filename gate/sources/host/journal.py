"""Read the journal of a host: errors by unit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Journal
from gate.sources.host.script import Section

QUOTED = 5
"""Lines that are kept of a unit."""
Errors = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Entries by unit, and by their place in the journal (newest first)."""


def read_errors(section: Section) -> Errors:
    """Sort the entries by unit: the one that logged, and the one that systemd logged about."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for number, entry in enumerate(map(_entry, section.text.splitlines())):
        for name in (entry.get("_SYSTEMD_UNIT"), entry.get("UNIT")):
            if isinstance(name, str):
                found.setdefault(name, {})[number] = entry
    return found


def journal(
    section: Section, errors: Errors, names: Iterable[str], since_us: int, viewer: str
) -> Fact[Journal]:
    """Count and quote the errors of one unit.

    Args:
        section: How the question ended.
        errors: Its entries.
        names: Every name of the unit.
        since_us: Only what was logged from then on; microseconds since the host came up.
        viewer: Who looked.
    """
    if section.rc != 0:
        cause = Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return CannotTell(f"journalctl: {section.why}", cause)
    if "not seeing messages" in section.err:
        reason = f"{viewer} may not read the journal (groups adm, systemd-journal)"
        return CannotTell(reason, Cause.PERMISSION)
    found = {number: one for name in names for number, one in errors.get(name, {}).items()}
    lines = [
        _words(entry.get("MESSAGE"))
        for _, entry in sorted(found.items())
        if int(entry.get("__MONOTONIC_TIMESTAMP", 0)) >= since_us
    ]
    return Seen(Journal(errors=len(lines), last=tuple(reversed(lines[:QUOTED]))))


def _entry(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(message: object) -> str:
    """A message; journald gives one that is no text as a list of bytes."""
    if isinstance(message, list):
        return bytes(message).decode("utf-8", "backslashreplace")
    return str(message)
