"""What was carried out for an item, as Allure's nested steps."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from gate.contract.model import Promise
from gate.plan.facts import StepRecord
from gate.report.account import Account
from gate.report.facts import fact_of
from gate.report.text import short
from gate.report.times import milliseconds, stages
from gate.sources.rehearsal.facts import CloneFacts, Leg

STATUS = {True: "passed", False: "failed"}


def steps(
    promise: Promise, account: Account, start: dt.datetime
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What was carried out for an item, as Allure's steps, and the texts that it printed.

    Of a rehearsal the order and the durations are kept: its stages are told one behind the other.

    Returns:
        The steps; each has ``output`` where something was printed, the key of its text.
    """
    if account.observed is None:
        return [], {}
    found, texts, at = [], {}, start
    for number, one in enumerate(stages(fact_of(promise, account.scene)), start=1):
        began = one.started if isinstance(one, StepRecord) else at
        at = began + dt.timedelta(seconds=one.seconds)
        step: dict[str, Any] = {
            **_told(one),
            "stage": "finished",
            "start": milliseconds(began),
            "stop": milliseconds(at),
        }
        output = getattr(one, "output", "")
        if output:
            step["output"] = f"output of {number}"
            texts[step["output"]] = output
        found.append(step)
    return found, texts


@functools.singledispatch
def _told(stage: Any) -> dict[str, Any]:
    raise TypeError(stage)


@_told.register
def _step(stage: StepRecord) -> dict[str, Any]:
    well = stage.state != "failed" and not stage.unmet
    message = stage.unmet or f"exit status {stage.exit_status}"
    return {
        "name": f"{stage.step}: {stage.state}",
        "status": STATUS[well],
        "parameters": _parameters(command=stage.command, exit_status=stage.exit_status),
        **({} if well else {"statusDetails": {"message": message}}),
    }


@_told.register
def _leg(stage: Leg) -> dict[str, Any]:
    well = stage.exit_status == 0
    message = "did not end in time" if stage.exit_status is None else f"exit {stage.exit_status}"
    return {
        "name": f"{stage.direction} {stage.revision}",
        "status": STATUS[well],
        "parameters": _parameters(
            exit_status=stage.exit_status,
            locks="; ".join(
                f"{one.table} {one.mode} held {one.held_s:.3f} s, waited {one.waited_s:.3f} s"
                for one in stage.locks
            ),
            rewritten=", ".join(stage.rewritten),
            dropped=", ".join(stage.dropped),
        ),
        **({} if well else {"statusDetails": {"message": message}}),
    }


@_told.register
def _clone(stage: CloneFacts) -> dict[str, Any]:
    return {
        "name": f"clone: {stage.source}",
        "status": STATUS[not stage.differences],
        "parameters": _parameters(bytes=stage.bytes, rows=sum(stage.rows.values())),
        **(
            {"statusDetails": {"message": "; ".join(stage.differences)}}
            if stage.differences
            else {}
        ),
    }


def _parameters(**values: object) -> list[dict[str, str]]:
    """What a step says beside its name; nothing of what is empty."""
    return [
        {"name": name.replace("_", " "), "value": short(str(value), 2000)}
        for name, value in values.items()
        if value not in ("", None)
    ]
