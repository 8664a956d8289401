"""What is seen of a queue, whatever engine keeps it."""

from __future__ import annotations

from gate.sources.fact import Fact, Model


class QueueFacts(Model):
    """A queue at one moment; ages and spans are in seconds.

    Attributes:
        name: What it is called in messages.
        waiting: Jobs that are due and not taken; where `at_least` says so, no fewer than that.
        oldest_due_s: For how long the oldest of them has been due.
        running: Ages of the jobs that were taken and are not finished, the oldest first.
        gone: Jobs among them whose process or session is proven to be gone, as sentences.
        taken_s: Since a job was last taken or finished; ``None`` where none is known of.
        tried_s: Since a job that waits was last tried: that is no sign that any is finished.
        attempts: The most attempts of a job that is not finished.
        failed: Jobs that failed for good.
        failures: Ages of the newest of them, the newest first.
        error: What the newest of them says.
        discarded: Jobs that were given up on purpose.
        unnamed: States that are found and that nobody named.
        broken: What is wrong in itself, as sentences, such as no worker at all.
        at_least: Whether there may be more of everything than was counted.
        unread: What could not be had cheaply, as sentences.
    """

    name: str
    waiting: int = 0
    oldest_due_s: float | None = None
    running: tuple[float, ...] = ()
    gone: tuple[str, ...] = ()
    taken_s: float | None = None
    tried_s: float | None = None
    attempts: int = 0
    failed: int = 0
    failures: tuple[float, ...] = ()
    error: str = ""
    discarded: int = 0
    unnamed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    at_least: bool = False
    unread: tuple[str, ...] = ()


class Queues(Model):
    """What engines with a look of their own told, by the item's id and the engine's name."""

    found: dict[str, Fact[QueueFacts]] = {}
