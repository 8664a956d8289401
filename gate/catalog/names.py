"""Names as the catalog tells them: ``table`` in ``public``, else ``schema.table``."""

from __future__ import annotations

import re

PART = re.compile(r'"((?:[^"]|"")*)"(?:\.|\Z)|([^."]*)(?:\.|\Z)')
PUBLIC = "public"


def plain(name: str) -> str:
    """A part of a name: quoted where a dot or a quote in it would be taken for something else."""
    return '"{}"'.format(name.replace('"', '""')) if re.search(r'[."]', name) else name


def parts(name: str) -> tuple[str, str]:
    """Schema and name that a catalog's name, or a contract's, is made of."""
    found = PART.match(name)
    if found is None or found.end() == len(name):
        return PUBLIC, _part(name)
    return _part(name[: found.end() - 1]), _part(name[found.end() :])


def _part(name: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"]|"")+)"', name)
    return quoted[1].replace('""', '"') if quoted else name
