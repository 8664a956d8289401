"""Roles and members that come into sight, or go out of it, with what is told of them elsewhere.

A role matters to a database by what it owns or was granted there. With the first right that it is
given it comes into sight, and with the last one it goes: the right is told, and the role need not
be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gate.catalog.diff import Diff
from gate.catalog.model import Catalog

POWER = ("superuser", "bypasses row security", "replication", "creates roles")
"""What gives a role power over every database, whatever was granted in it."""
HOLDS = re.compile(
    r"^(?:default )?grant (?:on|of) .* to (?P<to>.+)$|^setting \S+ of role (?P<of>.+)"
)
IN_DATABASE = " in this database"
OWNER = re.compile(r"(?:^|, )owner (.+)$")


def reads_roles(catalog: Catalog) -> bool:
    """Whether roles were read: there is always one at least."""
    return any(key.startswith("role ") for key in catalog.objects)


def explained(found: Diff) -> set[str]:
    """Keys of roles that are new, or gone, by a right or an owner that is told itself.

    A role with power over everything is always told. Members of a role that went out of sight have
    lost nothing here; those of one that is new have won something, and are told.
    """
    holds, held = _holders(found.extra), _holders(found.missing)
    holds |= _owners(two[1] for two in found.changed.values())
    held |= _owners(two[0] for two in found.changed.values())
    new = {key for key, text in found.extra.items() if _is_plain(key, text, holds)}
    gone = {key for key, text in found.missing.items() if _is_plain(key, text, held)}
    out = {key.removeprefix("role ") for key in gone}
    members = (key for key in found.missing if key.startswith("membership of "))
    return new | gone | {key for key in members if any(key.endswith(f" in {one}") for one in out)}


def _is_plain(key: str, text: str, holders: set[str]) -> bool:
    """Whether it is a role that holds what is told, and nothing else."""
    kind, _, name = key.partition(" ")
    return kind == "role" and name in holders and not set(text.split(", ")) & set(POWER)


def _holders(found: Mapping[str, str]) -> set[str]:
    """Who is named by rights and settings, or owns something."""
    names = set()
    for match in filter(None, map(HOLDS.match, found)):
        names.add(match["to"] or match["of"].removesuffix(IN_DATABASE))
    return names | _owners(found.values())


def _owners(texts: Iterable[str]) -> set[str]:
    return {match[1] for match in map(OWNER.search, texts) if match}
