"""Which revisions a rehearsal judges, and from where."""

from __future__ import annotations

import dataclasses

from gate.sources.rehearsal.way import Way


@dataclasses.dataclass(frozen=True)
class Scope:
    """What is to be judged.

    Attributes:
        forward: Pending revisions that are judged; the others are applied only.
        backward: Revisions that the clone has already and that are taken back, newest first.
        left: Why a pending revision is not judged, by the revision.
    """

    forward: frozenset[str]
    backward: tuple[str, ...]
    left: dict[str, str]


def scope(steps: str, way: Way) -> Scope:
    """Choose revisions.

    Args:
        steps: ``pending``, ``last N`` or ``all``, as the contract has it.
        way: The order of the upgrade, the whole history, and the promised ways back.
    """
    wanted = set(way.history)
    if steps.startswith("last "):
        wanted = set(way.history[-int(steps.removeprefix("last ")) :])
    elif steps == "pending":
        wanted = set(way.order)
    promised = [one for back in way.backs.values() for one in back.steps]
    if not steps.startswith("last "):
        wanted |= set(promised)
    pending = set(way.order)
    behind = [one for one in (*promised, *reversed(way.history)) if one not in pending]
    return Scope(
        forward=frozenset(pending & wanted),
        backward=tuple(one for one in dict.fromkeys(behind) if one in wanted),
        left={
            one: f'steps = "{steps}" leaves it out'
            for one in dict.fromkeys((*way.order, *promised))
            if one not in wanted
        },
    )
