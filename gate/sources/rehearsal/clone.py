"""A clone of a live database that exists, and how it is reached."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from gate.sources.rehearsal.reach import Way
from gate.sources.rehearsal.state import States


@dataclasses.dataclass(frozen=True)
class Clone:
    """A clone that exists.

    Attributes:
        name: Its database's name.
        way: How it is reached.
        live: How the live database is reached.
        superuser: Whether it is connected to as a superuser.
        major: Major version of its server.
        states: Copies of it that are kept.
    """

    name: str
    way: Way
    live: Way
    superuser: bool
    major: int
    states: States

    @property
    def beside_live(self) -> bool:
        """Whether the live database is on the same server."""
        return self.way.same_server(self.live)

    def connect(self, purpose: str = "") -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open a session on the clone."""
        return self.way.connect(purpose)
