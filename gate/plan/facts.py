"""What was done: the record of the steps of a plan."""

from __future__ import annotations

import datetime as dt

from gate.sources.fact import Fact, Model


class StepRecord(Model):
    """One carried-out step.

    Attributes:
        step: Id of the step in the contract.
        command: The command as it was run.
        exit_status: Its exit status.
        seconds: How long it took.
        output: Last 4,000 characters of output and error output, redacted.
        unmet: What should have been true afterwards and did not become so in time.
    """

    step: str
    command: str
    started: dt.datetime
    seconds: float
    exit_status: int
    output: str
    unmet: str = ""


class PlanFacts(Model):
    """Records by step id: absent where the step was not carried out, and why."""

    steps: dict[str, Fact[StepRecord]]
