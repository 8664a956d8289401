"""What starts a unit when something happens: its socket, its timer, its path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import pydantic

from gate.errors import ObservationError
from gate.sources.host.facts import Unit

Trigger = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9:_.@\\-]+\.(socket|timer|path)$")]


def triggered(names: Iterable[str], unit: Unit) -> list[str]:
    """What does not wait to start it.

    Raises:
        ObservationError: Its state is not told.
    """
    states, broken = dict(unit.triggers), []
    for one in names:
        state = states.get(one, "")
        if not state:
            broken.append(f"it is not started by {one}")
        elif state == "cannot tell":
            raise ObservationError(f"cannot tell (upstream): systemctl tells no state of {one}")
        elif not state.startswith("active "):
            broken.append(f"{one}, which starts it, is {state}")
    return broken


WAITS = {"socket": "listening", "path": "waiting", "timer": "waiting", "automount": "waiting"}
"""What such a unit is while nothing happens; it is ``running`` while what it starts runs."""
RESTING = "inactive (dead)"


def alike(unit: str, state: str) -> str:
    """A unit's state, whether or not what it starts runs just then: that comes and goes."""
    waiting = WAITS.get(unit.rpartition(".")[2])
    return f"active ({waiting})" if waiting and state == "active (running)" else state


def rests(unit: Unit, *, on_demand: bool) -> bool:
    """Whether nobody asks for it just then, or nobody did at one of the two readings."""
    return on_demand and "inactive" in {one.active_state for one in unit.readings}
