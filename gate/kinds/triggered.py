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
