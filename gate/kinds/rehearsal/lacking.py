"""What cannot be concluded from a clone that lacks something of its original."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gate.catalog.names import split
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import (
    EXTENSIONS,
    REVISIONS,
    ROWS,
    SERVER,
    STATISTICS,
    Lack,
    Leg,
    RehearsalFacts,
)
from gate.sources.rehearsal.inside.doors import OPENS
from gate.sources.rehearsal.inside.foreign import LEADS
from gate.sources.rehearsal.inside.refused import WORDS

TAGS = {
    "grants": ("GRANT", "REVOKE", "DROP OWNED", "REASSIGN OWNED"),
    "default grants": ("ALTER DEFAULT PRIVILEGES",),
    "comments": ("COMMENT",),
    "security labels": ("SECURITY LABEL",),
    "owners": ("REASSIGN OWNED",),
    EXTENSIONS: ("CREATE EXTENSION", "ALTER EXTENSION", "DROP EXTENSION"),
}
"""Commands that change what is lacking without touching the object itself."""
ALWAYS = ("clone", "targets_clone")
"""What holds of a clone whatever it lacks."""
WHOLLY = {ROWS: ("blocked_at_most_s", "vector")}
"""What says nothing at all without something, whatever a step does."""
STEPWISE = ("reaches", "loses", "rolls_back")
"""What says nothing of a step that needs rows of which the clone has some."""
HARMLESS = (STATISTICS,)
"""Kinds that nothing is concluded from."""
SHOWN = 3
PUBLIC = re.compile(r"(?<![\w$.\"])public\.")
"""In front of a name: of a schema whose own name only ends so it is none."""
CLOSED = re.compile(r"(?:foreign table|foreign-data wrapper|function) ")
"""In front of what is closed on a clone."""


def needed(key: str, facts: RehearsalFacts) -> list[str]:
    """Why what holds on the clone may not hold of the live database, one sentence each.

    Args:
        key: What is promised of the rehearsal.
        facts: What it showed.
    """
    clone = facts.clone
    if not isinstance(clone, Seen):
        return []
    found = []
    for lack in clone.value.lacks:
        vector = key == "vector" and lack.kind == EXTENSIONS and _about("extension vector", lack)
        other = lack.kind in (SERVER, REVISIONS) and key not in ALWAYS
        if other or vector or key in WHOLLY.get(lack.kind, ()):
            found.append(
                f"{lack.kind} of the clone are not those of the live database ({_named(lack)})"
            )
        elif key in STEPWISE and lack.kind == ROWS:
            found += _per_step(lack, facts, dict.fromkeys(leg.revision for leg in facts.up))
    return found


def unsure(facts: RehearsalFacts, steps: Iterable[str]) -> list[str]:
    """Why the catalog of the clone tells nothing of the live one's, one sentence per step and kind.

    What a step drops is gone with its grants, comments and owner; made anew it has none of them.
    Where the clone had none in the first place, that is not seen.
    """
    clone, steps = facts.clone, list(steps)
    if not isinstance(clone, Seen):
        return []
    lacks = [one for one in clone.value.lacks if one.kind not in (*HARMLESS, SERVER, REVISIONS)]
    return [text for lack in lacks for text in _per_step(lack, facts, steps)]


def _per_step(lack: Lack, facts: RehearsalFacts, steps: Iterable[str]) -> list[str]:
    found = []
    for step in steps:
        legs = [one for one in (*facts.up, *facts.down) if one.revision == step]
        why = _rows(lack, step, legs, facts) if lack.kind == ROWS else _why(lack, legs)
        if why:
            found.append(
                f"the clone lacks {lack.kind} of the live database ({_named(lack)}), "
                f"and {step} {why}"
            )
    return found


def _named(lack: Lack) -> str:
    more = f" and {len(lack.objects) - SHOWN} more" if len(lack.objects) > SHOWN else ""
    return f"{', '.join(lack.objects[:SHOWN])}{more}"


def _about(name: str, lack: Lack) -> bool:
    return any(one.partition(":")[0] == name for one in lack.objects)


def _rows(lack: Lack, step: str, legs: list[Leg], facts: RehearsalFacts) -> str:
    """What a step does with a table of which some rows are there; empty for nothing.

    Its constraints, and what it makes of the rows, may meet other rows in the live database.
    """
    moved: set[str] = set()
    if isinstance(facts.receipts, Seen):
        moved = {
            table for one in facts.receipts.value if one.revision == step for table in one.moved
        }
    touched = {lock.table for leg in legs for lock in leg.locks} | moved
    for leg in legs:
        if not isinstance(leg.commands, Seen):
            return "was not traced (event triggers need a superuser on the clone's server)"
        named = [name for one in leg.commands.value for name in one.objects]
        touched |= {PUBLIC.sub("", one) for one in (*named, *leg.dropped, *leg.rewritten)}
        made = [one for one in leg.commands.value if one.tag == "CREATE INDEX"]
        if made:
            return f"builds {', '.join(made[0].objects)}"
    for cut in lack.objects:
        table = cut.rpartition(": ")[0] or cut
        if any(_concerns(one, table) for one in touched):
            return f"works on {table}"
    return ""


def foreign(facts: RehearsalFacts, said: str) -> str:
    """Why a step that failed with such words says nothing of the live server; empty if it does.

    It was not done at all where it alters the live database by its name, or its whole server.

    Args:
        facts: What the clone's server has not.
        said: The error: PostgreSQL names what it does not know in quotes, in any language.
    """
    if said.endswith((*WORDS, LEADS.removeprefix("%s"), OPENS.rpartition("%s")[2])):
        return said.partition("FAILED: ")[2] or said
    clone = facts.clone
    for one in clone.value.foreign if isinstance(clone, Seen) else ():
        name = one.partition(" ")[2]
        if re.search(rf"[\"«„]{re.escape(name)}[\"»“]", said):
            return f"the clone's server has no {one}, which the live server has: {said}"
    for one in clone.value.closed if isinstance(clone, Seen) else ():
        name = split(CLOSED.sub("", one))[-1]
        if re.search(rf"[\"«„]{re.escape(name)}[\"»“]", said):
            return f"{one} leads to another server, and a clone has nothing to do there: {said}"
    return ""


def _why(lack: Lack, legs: list[Leg]) -> str:
    """What a step does that concerns what is lacking; empty for nothing."""
    for leg in legs:
        if not isinstance(leg.commands, Seen):
            return "was not traced (event triggers need a superuser on the clone's server)"
        tags = {one.tag for one in leg.commands.value} & {*TAGS.get(lack.kind, ())}
        if tags:
            return f"runs {', '.join(sorted(tags))}"
        for dropped in leg.dropped:
            if any(_concerns(one, name_of(dropped)) for one in lack.objects):
                return f"drops {dropped}"
    return ""


def name_of(dropped: str) -> str:
    """The catalog's name of what is gone: ``t.c`` of ``table column t.c``.

    What was granted on it, or said of it, is called by another word for its kind.
    """
    return dropped.partition(" ")[2].removeprefix("column ")


def _concerns(lacking: str, dropped: str) -> bool:
    """Whether what is lacking is about a dropped object, or about a part of it."""
    return re.search(rf"(?<![\w.\"]){re.escape(dropped)}(?![\w\"])", lacking) is not None
