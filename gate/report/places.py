"""Where an item stands in the contract: file and line, for annotations."""

from __future__ import annotations

import functools
import pathlib
import re
import sys
from collections.abc import Iterator, Mapping

from gate.contract.model import Contract, Promise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN = re.compile(r"\s*\[([\w-]+)\.([\w-]+)(?:\.[\w.-]+)?\]\s*(?:#.*)?", re.ASCII)
"""A header without quotes and blanks, as nearly all are; the parser takes longer."""
QUOTES = ('"""', "'''")


def place_of(promise: Promise, contract: Contract) -> tuple[str, int]:
    """The file of an item and the line of its table, from 1; ``("", 0)`` where it is not found.

    A promise that a table comes to beyond itself stands where that table does. The file is told
    from the working directory where it is below that.
    """
    found = _tables(contract.folder, contract.sha256)
    parts = promise.id.split(".")
    for length in range(len(parts), 1, -1):
        place = found.get(".".join(parts[:length]))
        if place:
            return place
    return "", 0


def told(place: tuple[str, int]) -> str:
    """As editors and compilers say it; empty where there is none."""
    return f"{place[0]}:{place[1]}" if place[0] else ""


@functools.lru_cache(maxsize=4)
def _tables(folder: str, sha256: str) -> Mapping[str, tuple[str, int]]:
    """The places of a contract's tables, as long as its digest stays."""
    del sha256
    found: dict[str, tuple[str, int]] = {}
    for file in sorted(pathlib.Path(folder).glob("*.toml")):
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # it was there when it was loaded; a report is written all the same
        short = _short(file)
        for id_, line in _headers(text):
            found.setdefault(id_, (short, line))
    return found


def _headers(text: str) -> Iterator[tuple[str, int]]:
    """Ids and lines of the tables ``[kind.name]`` and of what stands below them."""
    quotes = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not quotes and line.lstrip().startswith("["):
            yield from ((id_, number) for id_ in _ids(line))
        for quote in QUOTES:
            if quotes in ("", quote) and line.count(quote) % 2:
                quotes = "" if quotes else quote


def _ids(line: str) -> Iterator[str]:
    plain = PLAIN.fullmatch(line)
    if plain:
        yield f"{plain[1]}.{plain[2]}"
        return
    try:
        data = tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError):
        return  # a line of a list
    for kind, tables in data.items():
        if isinstance(tables, dict):
            yield from (f"{kind}.{name}" for name in tables)


def _short(file: pathlib.Path) -> str:
    try:
        return str(file.resolve().relative_to(pathlib.Path.cwd().resolve()))
    except (OSError, ValueError):
        return str(file)
