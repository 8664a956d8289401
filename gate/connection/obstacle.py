"""Why a host could not be asked: the one error of everything that carries something there."""

from __future__ import annotations

import re

from gate.errors import ObservationError
from gate.sources.fact import Cause

REFUSED = re.compile(
    r"Permission denied|Host key|IDENTIFICATION|Too many auth|administratively prohibited"
)
INTERRUPTED = "the run was interrupted"
POLL_S = 0.1
"""How soon an interruption is noticed, in seconds."""
LED_TO: dict[str, str] = {}
"""What the sockets of forwards lead to, by their path: whoever reads a reason can act on that."""
LATE = re.compile(r"timed out", re.IGNORECASE)


class CarrierError(ObservationError):
    """A script could not be carried out, or its end is unknown; or no forward could be had.

    Attributes:
        cause: The kind of obstacle.
    """

    def __init__(self, reason: str, cause: Cause) -> None:
        """Keep the kind beside the text."""
        super().__init__(reason)
        self.cause = cause


def first_line(error: Exception) -> str:
    """What a server or a library said, in one line; its kind where it said nothing.

    Neither libpq's messages nor PostgreSQL's hold a password.
    """
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    for socket, place in tuple(LED_TO.items()):
        said = said.replace(f'socket "{socket}"', place).replace(socket, place)
    return said


def unreached(host: str, said: str) -> CarrierError:
    """Return the error for a way that ended before the host answered.

    Args:
        host: The target's host spec.
        said: What the way itself said.
    """
    late = Cause.TIMEOUT if LATE.search(said) else Cause.UNREACHABLE
    cause = Cause.PERMISSION if REFUSED.search(said) else late
    return CarrierError(f"{host} could not be asked: {said}", cause)
