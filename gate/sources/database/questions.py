"""What kinds of promises ask of a database beside its catalog, which is always read."""

from __future__ import annotations

import dataclasses

from gate.contract.work import Work


@dataclasses.dataclass(frozen=True)
class AskWork:
    """The proofs of a worker's work, kept under its item's id."""

    id: str
    work: Work
