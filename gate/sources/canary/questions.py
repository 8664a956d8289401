"""What kinds of promises ask of canaries."""

from __future__ import annotations

import dataclasses

from gate.sources.canary.promised import PromisedCanary


@dataclasses.dataclass(frozen=True)
class AskCanary:
    """Let it fly, and tell what came of it."""

    id: str
    canary: PromisedCanary


@dataclasses.dataclass(frozen=True)
class AskLeft:
    """What earlier runs left of it."""

    id: str
    canary: PromisedCanary
