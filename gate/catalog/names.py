"""Names as the catalog tells them: ``table`` in ``public``, else ``schema.table``."""

from __future__ import annotations

import re

PART = re.compile(r'"((?:[^"]|"")*)"(?:\.|\Z)|([^."]*)(?:\.|\Z)')
SQL_PART = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')
PUBLIC = "public"


def plain(name: str) -> str:
    """A part of a name: quoted where a dot or a quote in it would be taken for something else."""
    return '"{}"'.format(name.replace('"', '""')) if re.search(r'[."]', name) else name


def split(name: str) -> list[str]:
    """Every part of a name, however many there are, without quotes."""
    return [
        one[1].replace('""', '"') if one[1] is not None else one[2]
        for one in SQL_PART.finditer(name)
    ]


def above(name: str) -> str:
    """What a name lies in: a column's table, a table's schema; empty where no name is in front."""
    return ".".join(map(plain, split(name)[:-1]))


def told(identity: str) -> str:
    """A name as PostgreSQL quotes it, such as ``public."a.b"``, as the catalog tells it."""
    found = split(identity)
    if len(found) > 1 and found[0] == PUBLIC:
        del found[0]
    return ".".join(map(plain, found))


def parts(name: str) -> tuple[str, str]:
    """Schema and name that a catalog's name, or a contract's, is made of."""
    found = PART.match(name)
    if found is None or found.end() == len(name):
        return PUBLIC, _part(name)
    return _part(name[: found.end() - 1]), _part(name[found.end() :])


def _part(name: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"]|"")+)"', name)
    return quoted[1].replace('""', '"') if quoted else name
