"""One section of a host's answer: what a command said, and how it ended."""

from __future__ import annotations

import dataclasses

from gate.connection.frame import TIMED_OUT
from gate.secrets import known

CUT = "it was ended for taking too long"
"""Why what stands behind the place where an answer was ended is missing."""


@dataclasses.dataclass(frozen=True)
class Section:
    """The answer to one question.

    Attributes:
        out: What was printed.
        rc: Exit status; negative where there is no answer, or none that is whole.
        err: What was said on standard error.
    """

    out: bytes
    rc: int
    err: str

    @property
    def text(self) -> str:
        """Its output; bytes that are no UTF-8 are kept escaped."""
        return self.out.decode("utf-8", "backslashreplace")

    @property
    def late(self) -> bool:
        """Whether it was ended for taking too long, or all was before it could be asked."""
        return self.rc in TIMED_OUT or (self.rc < 0 and self.err == CUT)

    @property
    def why(self) -> str:
        """What it said when it failed, in one line."""
        return known.first(self.err, 300) or f"exit status {self.rc} without a word"
