"""Three-valued facts: seen, absent (positively proven), or cannot tell (with the reason)."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Generic, Literal, TypeVar

import pydantic

from gate.document import Model
from gate.errors import ObservationError

__all__ = [
    "Absent",
    "CannotTell",
    "Cause",
    "Fact",
    "Model",
    "Seen",
    "UnknownError",
    "known",
    "require",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Cause(str, enum.Enum):
    """Why a fact could not be told."""

    UNREACHABLE = "unreachable"
    PERMISSION = "permission"
    TIMEOUT = "timeout"
    TOOL_MISSING = "tool missing"
    UPSTREAM = "upstream"
    """What was looked at answered, but not in a way that tells the fact."""


@dataclasses.dataclass(frozen=True)
class Seen(Generic[T_co]):
    """The fact was read."""

    value: T_co
    fact: Literal["seen"] = "seen"


@dataclasses.dataclass(frozen=True)
class Absent:
    """The thing is proven not to be there.

    Attributes:
        proof: What was asked and what the answer was, such as ``LoadState=not-found``.
    """

    proof: str
    fact: Literal["absent"] = "absent"


@dataclasses.dataclass(frozen=True)
class CannotTell:
    """Nothing is known, and this is why.

    Attributes:
        reason: A complete sentence fragment: where it was looked and what came back.
        cause: The kind of obstacle, for grouping.
    """

    reason: str
    cause: Cause
    fact: Literal["cannot tell"] = "cannot tell"


Fact = Annotated[Seen[T] | Absent | CannotTell, pydantic.Field(discriminator="fact")]


class UnknownError(ObservationError):
    """A fact cannot be told.

    Attributes:
        cause: Its kind of obstacle.
    """

    def __init__(self, fact: CannotTell) -> None:
        """Say what the fact says."""
        super().__init__(f"cannot tell ({fact.cause.value}): {fact.reason}")
        self.cause = fact.cause


def known(fact: Seen[T] | Absent | CannotTell) -> T | Absent:
    """Return what is known: the value, or `Absent`.

    Raises:
        UnknownError: Nothing is known; the text is the reason.
    """
    if isinstance(fact, CannotTell):
        raise UnknownError(fact)
    return fact.value if isinstance(fact, Seen) else fact


def require(fact: Seen[T] | Absent | CannotTell, what: str) -> T:
    """Return the value of a fact that has to be there to say anything at all.

    Args:
        fact: The fact.
        what: What it is a fact about, for the message.

    Raises:
        ObservationError: The fact is absent or cannot be told.
    """
    value = known(fact)
    if isinstance(value, Absent):
        raise ObservationError(f"cannot tell (upstream): no {what}: {value.proof}")
    return value
