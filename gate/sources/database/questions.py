"""What kinds of promises ask of a database beside what is always read of its catalog."""

from __future__ import annotations

import dataclasses

from gate.sources.database.proofs import Proofs


@dataclasses.dataclass(frozen=True)
class AskWork:
    """The proofs of a worker's work, kept under its item's id."""

    id: str
    work: Proofs


@dataclasses.dataclass(frozen=True)
class AskWhole:
    """The rest of the catalog: functions, triggers, policies, grants, sequences and the like."""


@dataclasses.dataclass(frozen=True)
class AskRights:
    """What the gate's own role might write."""


@dataclasses.dataclass(frozen=True)
class AskReadOnly:
    """Whether transactions of others only read unless they say otherwise."""


@dataclasses.dataclass(frozen=True)
class AskSessions:
    """Who is connected, from where, and what each session does."""
