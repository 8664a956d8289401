"""Definitions of columns as people write them, in the words that PostgreSQL prints."""

from __future__ import annotations

import re

NAMES = {
    "int2": "smallint",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float": "double precision",
    "float8": "double precision",
    "decimal": "numeric",
    "numeric": "numeric",
    "bool": "boolean",
    "varchar": "character varying",
    "varbit": "bit varying",
    "char": "character",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
}
"""PostgreSQL's own aliases of its types (its documents, chapter 8), and what it prints."""
TYPE = re.compile(
    rf"(?P<name>{'|'.join(sorted(NAMES, key=len, reverse=True))})"
    r"(?:\s*\((?P<size>\s*\d+(?:\s*,\s*-?\d+)?\s*)\))?(?P<array>(?:\[\])?)(?P<rest>\s.*|$)",
    re.DOTALL | re.IGNORECASE,
)
LONG = re.compile(r"\s*(?:with|without)\s+time\s+zone\b", re.IGNORECASE)
REAL = 24
"""So many binary digits a ``real`` has (PostgreSQL's documents, 8.1.3)."""
NOT_NULL = re.compile(r"\s+not\s+null(?=\s|$)", re.IGNORECASE)


def spelled(definition: str) -> str:
    """Return a column's ``type [not null] [default …]`` as PostgreSQL prints it.

    What it prints itself, and what is not one of its own types, stays as it is; so does whatever
    stands behind the type and ``not null``.
    """
    found = TYPE.fullmatch(definition.strip())
    if found is None:
        return definition
    name, rest = found["name"].lower(), found["rest"]
    if LONG.match(rest):
        return definition
    size = re.sub(r"\s", "", found["size"] or "")
    if name == "char" and not size:
        size = "1"
    if NAMES[name] == "numeric" and size.isdecimal():
        size += ",0"
    if name == "float" and size:
        name, size = ("float4" if size.isdecimal() and int(size) <= REAL else "float8"), ""
    first, _, more = NAMES[name].partition(" ") if "time" in name else (NAMES[name], "", "")
    text = first + (f"({size})" if size else "") + (f" {more}" if more else "") + found["array"]
    null = NOT_NULL.match(rest)
    return text + (f" not null{rest[null.end() :]}" if null else rest)
