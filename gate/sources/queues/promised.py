"""What can be promised of a queue, whatever engine keeps it."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.contract.item import Seconds
from gate.toml import Strict

Count = Annotated[int, pydantic.Field(ge=0)]


class QueuePromise(Strict):
    """Limits of a queue's states.

    Attributes:
        oldest_within_s: How long a job that is due may wait to be taken.
        stalled_s: A job is due for longer than this, and none was taken for as long: nobody works.
        running_within_s: How long a job may be at work; one that takes longer is stuck.
        attempts_at_most: How often a job may be tried; more is a storm of retries.
        failed_at_most: How many jobs may have failed since the deployment, or since the worker
            was started (and no less than an hour back).
        discarded_at_most: How many may have been given up.
        proves_for_s: For how long a job that was taken shows that its worker works.
    """

    oldest_within_s: Seconds = 120.0
    stalled_s: Seconds = 60.0
    running_within_s: Seconds = 600.0
    attempts_at_most: Count | None = None
    failed_at_most: Count = 0
    discarded_at_most: Count | None = None
    proves_for_s: Seconds = 60.0
