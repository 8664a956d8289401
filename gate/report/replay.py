"""How every report says that a kept look was judged again, and nothing was looked at."""

from __future__ import annotations

import dataclasses
import datetime as dt

from gate.duration import moment_of
from gate.sources.observed import Observed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replay:
    """What was judged again.

    Attributes:
        file: The document, as it was named.
        sha256: Digest of its bytes, hexadecimal.
        looked: When the look was taken (UTC).
        at: When it was judged again (UTC).
    """

    file: str
    sha256: str
    looked: dt.datetime
    at: dt.datetime

    def sentence(self) -> str:
        """The same in every report, whenever the look is judged again."""
        return (
            f"REPLAY: nothing was looked at; what was seen at {moment_of(self.looked)} was judged "
            f"again ({self.file}, sha256 {self.sha256[:12]}); it promotes nothing"
        )

    def document(self) -> dict[str, str]:
        """The same for machines."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "looked": self.looked.isoformat(),
            "at": self.at.isoformat(),
        }


def replay_of(observed: Observed, file: str, sha256: str, at: dt.datetime) -> Replay:
    """What is told of a replay of this look."""
    return Replay(file=file, sha256=sha256, looked=observed.started, at=at)
