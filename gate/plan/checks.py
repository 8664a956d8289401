"""Ask a host whether a step is done already, or has anything to do: commands that only look."""

from __future__ import annotations

import shlex

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.errors import ObservationError
from gate.kinds.step import Check, Step
from gate.pattern import search
from gate.plan.place import prologue
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.target import Target

SAID = 300
"""Characters of an answer that are kept."""
TELLS_NOTHING = 126
"""From this exit status on a command could not be run, was not found, or was killed."""


def holds(check: Check, step: Step, target: Target, carrier: Carrier) -> Fact[tuple[bool, str]]:
    """Ask a step's question.

    Returns:
        Whether it is so, and what was said; or why that cannot be told.
    """
    script = prologue(target) + (
        f"cd {shlex.quote(target.placed(step.cwd))} || exit {TELLS_NOTHING}\n"
        f"sh -c {shlex.quote(check.run)} 2>&1\n"
    )
    try:
        done = carrier.run(script, deadline_s=target.deadlines.host_s)
    except CarrierError as error:
        return CannotTell(f"{check.run.strip()!r}: {error}", error.cause)
    said = done.stdout.decode("utf-8", "replace")
    short = known.last(said, SAID)
    if done.rc >= TELLS_NOTHING or (check.expect and done.rc != 0):
        return CannotTell(
            f"{check.run.strip()!r} ended with exit status {done.rc}: {short or 'no output'}",
            Cause.UPSTREAM,
        )
    try:
        like = not check.expect or search(check.expect, said) is not None
    except ObservationError as error:
        return CannotTell(f"{check.run.strip()!r}: {error}", Cause.TIMEOUT)
    return Seen((done.rc == 0 and like, short))
