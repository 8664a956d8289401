"""What a comparison comes to."""

from __future__ import annotations

import dataclasses


class Here(str):
    """A command that is run where the gate is, such as a client of an API or of a database."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise beside what was seen.

    Attributes:
        promised: The promise in short, such as ``active (running), starts at boot``.
        seen: What was there, in the same words.
        broken: What does not hold, one sentence fragment each; empty where the promise is kept.
        warnings: What holds and is odd.
        look: A command to look for oneself, which only reads: run on the host, led there by
            `gate.kinds.pasted`, or where the gate is if it is `Here`.
        id: The item's id.
        source: Who promised it.
    """

    promised: str
    seen: str
    broken: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    look: str = ""
    id: str = ""
    source: str = ""

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return not self.broken

    @property
    def message(self) -> str:
        """The text of a failed test: the verdict, what was seen, who promised, how to look."""
        lines = [f"{self.id}: {'; '.join(self.broken)}", f"  promised: {self.promised}"]
        lines += [f"  seen: {self.seen}", f"  promised by: {self.source}"]
        lines += [f"  look at: {self.look}"] if self.look else []
        return "\n".join(lines)
