"""What kinds of promises ask of a rehearsal."""

from __future__ import annotations

import dataclasses

from gate.contract.rehearsal import Rehearsal


@dataclasses.dataclass(frozen=True)
class AskRehearsal:
    """Something of the rehearsal on a clone, for an item by its id."""

    id: str
    rehearsal: Rehearsal
