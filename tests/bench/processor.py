"""What a stretch of a bench worked: seconds of the processor, in which nobody else is."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import resource
from contextlib import suppress

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Worked:
    """Seconds of the processor.

    Attributes:
        gate: Of this process.
        programs: Of those that it began and that have ended, Alembic's among them.
        server: Of PostgreSQL's, without the sessions that were open at the beginning and no more.
    """

    gate: float
    programs: float
    server: float

    @property
    def all(self) -> float:
        """All of it."""
        return self.gate + self.programs + self.server

    def since(self, before: Worked) -> Worked:
        """What was worked between two moments."""
        return Worked(
            self.gate - before.gate, self.programs - before.programs, self.server - before.server
        )


def worked(database: str) -> Worked:
    """What was worked up to now, with the server of a database; that runs on this machine."""
    with psycopg.connect(database) as session:
        folder = (session.execute("SHOW data_directory").fetchone() or ("",))[0]
    first = int(pathlib.Path(folder, "postmaster.pid").read_text("ascii").split()[0])
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    server = sum(_ticks(first, 4))
    for one in pathlib.Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split():
        with suppress(OSError):  # it has ended just now
            server += sum(_ticks(int(one), 2))
    return Worked(own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime, server / TICKS)


def _ticks(process: int, fields: int) -> list[int]:
    """User and system time of a process, and of its children that have ended."""
    told = pathlib.Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return [int(one) for one in told[11 : 11 + fields]]
