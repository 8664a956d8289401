"""What cannot be concluded from a clone that lacks something of its original."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import Lack, Leg, RehearsalFacts

TAGS = {
    "grants": ("GRANT", "REVOKE", "DROP OWNED", "REASSIGN OWNED"),
    "default grants": ("ALTER DEFAULT PRIVILEGES",),
    "comments": ("COMMENT",),
    "security labels": ("SECURITY LABEL",),
    "owners": ("REASSIGN OWNED",),
}
"""Commands that change what is lacking without touching the object itself."""
SHOWN = 3


def unsure(facts: RehearsalFacts, steps: Iterable[str]) -> list[str]:
    """Why the catalog of the clone tells nothing of the live one's, one sentence per step and kind.

    What a step drops is gone with its grants, comments and owner; made anew it has none of them.
    Where the clone had none in the first place, that is not seen.
    """
    clone = facts.clone
    if not isinstance(clone, Seen) or not clone.value.lacks:
        return []
    found = []
    for step in steps:
        legs = [one for one in (*facts.up, *facts.down) if one.revision == step]
        for lack in clone.value.lacks:
            why = _why(lack, legs)
            if why:
                names = ", ".join(lack.objects[:SHOWN])
                more = f" and {len(lack.objects) - SHOWN} more" if len(lack.objects) > SHOWN else ""
                found.append(
                    f"the clone lacks {lack.kind} of the live database ({names}{more}), and {step} "
                    f"{why}"
                )
    return found


def _why(lack: Lack, legs: list[Leg]) -> str:
    """What a step does that concerns what is lacking; empty for nothing."""
    for leg in legs:
        if not isinstance(leg.commands, Seen):
            return "was not traced (event triggers need a superuser on the clone's server)"
        tags = {one.tag for one in leg.commands.value} & {*TAGS.get(lack.kind, ())}
        if tags:
            return f"runs {', '.join(sorted(tags))}"
        for dropped in leg.dropped:
            name = dropped.removeprefix("table column ").partition(" ")[2] or dropped
            if any(_concerns(one, name) for one in lack.objects):
                return f"drops {dropped}"
    return ""


def _concerns(lacking: str, dropped: str) -> bool:
    """Whether what is lacking is about a dropped object, or about a part of it."""
    return re.search(rf"(?<![\w.\"]){re.escape(dropped)}(?![\w\"])", lacking) is not None
