"""Which step of the plan promises that a unit is started anew: such a restart is no drift."""

from __future__ import annotations

import datetime as dt
import re

from gate.contract.item import Moment
from gate.kinds.scene import Scene
from gate.kinds.step import Step
from gate.plan.facts import StepRecord
from gate.sources.fact import Seen
from gate.sources.observed import Observed

PHASES: dict[Moment, str] = {"postdeploy": "deploy", "rollback": "rollback"}
STARTS = re.compile(r"\b(?:re)?start\b|--now\b|\brestart\b|(?:try|reload-or)-restart\b")
SLACK_S = 5.0


def promised_by(unit: str, started: dt.datetime, scene: Scene) -> str:
    """Find the step that starts a unit anew on the way to the moment of a look.

    Where the look tells of the steps, one that was carried out when the unit began is meant; where
    somebody else carried them out, what they say.

    Args:
        unit: Its name for systemd.
        started: When it began, by the host's clock.
        scene: The look, and the contract whose plan it is.

    Returns:
        The step's id; empty where no step promises it.
    """
    look = scene.observed
    bare = re.escape(unit.removesuffix(".service"))
    named = re.compile(rf"(?<![\w.@-]){bare}(?:\.service)?(?![\w.@-])")
    for one in scene.contract.promises.values():
        item = one.at(look.moment)
        if not isinstance(item, Step) or item.phase != PHASES.get(look.moment):
            continue
        if named.search(item.run) and STARTS.search(item.run) and _fits(one.id, look, started):
            return one.id
    return ""


def _fits(step: str, look: Observed, started: dt.datetime) -> bool:
    """Whether a unit began while this step was carried out, as far as that is known."""
    if not isinstance(look.plan, Seen):
        return True
    fact = look.plan.value.steps.get(step)
    record = fact.value if isinstance(fact, Seen) else None
    if not isinstance(record, StepRecord) or record.state != "done":
        return False
    skew = dt.timedelta(0)
    if isinstance(look.host, Seen):  # both clocks were read within the look at the host
        skew = look.host.value.identity.clock - look.started
    slack = dt.timedelta(seconds=SLACK_S + look.seconds.get("host", 0.0))
    begun = record.started + skew
    return begun - slack <= started <= begun + dt.timedelta(seconds=record.seconds) + slack
