"""Where in a TOML file a table or a key stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEADER = re.compile(r"\s*(\[\[?[^=]*?\]\]?)\s*(?:#.*)?")


def line_of(text: str, table: Sequence[str], keys: Sequence[str] = ()) -> int:
    """Return the line of a table's header, or of the first of some keys that stands in it.

    Args:
        text: The file.
        table: Path of the table, such as ``("service", "redis")``; empty for the file itself.
        keys: Keys to look for below the header, the best first; each may be dotted, and stand in a
            table further in.

    Returns:
        A line from 1; that of the header where no key is found, 1 where there is no header.
    """
    lines = text.splitlines()
    found = [*_ranges(lines)]
    places = [(begin, end) for path, begin, end in found if path == tuple(table)]
    for key in keys:
        first, *rest = key.split(".")
        for begin, end in places:
            for number in range(begin, end):
                if re.match(rf"""\s*["']?{re.escape(first)}["']?\s*[=.]""", lines[number]):
                    return number + 1
        if any(path == (*table, first) for path, _, _ in found):
            return line_of(text, (*table, first), [".".join(rest)] if rest else ())
    if not places:
        return 1
    return max(1, places[0][0])


def _ranges(lines: list[str]) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Path of each table, and the lines below its header, as indices from 0."""
    path: tuple[str, ...] = ()
    begin = 0
    for number, line in enumerate(lines):
        header = HEADER.fullmatch(line)
        named = _path(header[1]) if header else None
        if named is not None:
            yield path, begin, number
            path, begin = named, number + 1
    yield path, begin, len(lines)


def _path(header: str) -> tuple[str, ...] | None:
    """The path that a header names; ``None`` where the line is something else, such as a list."""
    try:
        data: object = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return None
    path: list[str] = []
    while data:
        data = data[0] if isinstance(data, list) else data
        if not isinstance(data, dict) or not data:
            break
        ((name, data),) = data.items()
        path.append(name)
    return tuple(path)
