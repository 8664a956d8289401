"""Where a clone is made: on the server of a service, on one of the gate's own, or by a command."""

from __future__ import annotations

import dataclasses

from gate.clone_source import CloneSource
from gate.connection.carrier import Carrier
from gate.sources.rehearsal.reach import Way
from gate.sources.rehearsal.sessions import Sessions
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class Host:
    """What a clone is made with.

    Attributes:
        target: Where.
        source: From what.
        carrier: The way to the host.
        sessions: Where sessions are opened.
        left: Is told what could not be removed.
    """

    target: Target
    source: CloneSource
    carrier: Carrier
    sessions: Sessions
    left: list[str]


@dataclasses.dataclass(frozen=True)
class Place:
    """A server that is there.

    Attributes:
        way: Leads to it.
        branch: Name of a database there that is a copy already.
        own: Whether it is the gate's own, and has no role but the gate's.
    """

    way: Way
    branch: str = ""
    own: bool = False
