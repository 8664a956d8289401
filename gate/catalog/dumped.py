"""What ``pg_dump --schema-only`` says of a database, so that what it says twice can be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from gate.catalog.expression import normal

HEADER = re.compile(r"^-- (?:Name|Data for Name): (.*); Type: ([A-Z ]+); Schema: (.*?); Owner: ")
NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|)$")
"""Comments, empty lines, and the token that changes with every dump."""
SETTINGS = re.compile(r"^SET default_(tablespace|table_access_method) = ")
"""What is written before the entry that needs it first: told where it is not the usual."""
COLUMNS = re.compile(r"^CREATE (UNLOGGED )?(FOREIGN )?TABLE ")
SHOWN = 160
"""Characters of a line that a difference names."""

Entries = dict[str, tuple[str, ...]]
"""Lines by kind and name, such as ``INDEX public.ix``."""


def entries(text: str) -> Entries:
    """Take the text of a dump apart.

    The order of the entries does not matter, nor that of a table's columns; expressions are in
    their normal form. Several entries of one kind and name are one.
    """
    found: defaultdict[str, list[list[str]]] = defaultdict(list)
    usual: dict[str, str] = {}
    lines: list[str] | None = None
    for line in text.splitlines():
        header = HEADER.match(line)
        if header:
            name, kind, schema = header.groups()
            key = f"{kind} {name}" if schema == "-" else f"{kind} {schema}.{name}"
            lines = []
            found[key].append(lines)
            lines += usual.values() if kind in ("TABLE", "INDEX", "MATERIALIZED VIEW") else ()
        elif SETTINGS.match(line):
            usual[line.partition(" =")[0]] = line
            if lines is not None:
                lines.append(line) if not lines else None
        elif lines is not None and not NOISE.match(line):
            lines.append(normal(line.rstrip()))
    return {key: _told(every) for key, every in found.items()}


def _told(every: list[list[str]]) -> tuple[str, ...]:
    return tuple(line for lines in sorted(map(_sorted, every)) for line in lines)


def _sorted(lines: list[str]) -> list[str]:
    """The lines of a table's columns in the order of their text."""
    begin = next((at for at, one in enumerate(lines) if COLUMNS.match(one)), None)
    if begin is None:
        return lines
    end = next((at for at, one in enumerate(lines) if at > begin and one.startswith(")")), begin)
    columns = sorted(one.rstrip(",") for one in lines[begin + 1 : end])
    return [*lines[: begin + 1], *columns, *lines[end:]]


def differences(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """One sentence per entry that is not what it was, by kind and name."""
    found = []
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        if was is None or now is None:
            found.append(f"{'-' if now is None else '+'} {key}")
            continue
        gone = [one.strip() for one in was if one not in now] or ["another order"]
        come = [one.strip() for one in now if one not in was] or ["another order"]
        found.append(f"~ {key}: {' '.join(gone)[:SHOWN]} -> {' '.join(come)[:SHOWN]}")
    return found
