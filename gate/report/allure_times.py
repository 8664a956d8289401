"""When an item was looked at, and what went on meanwhile: Allure's times and its nested steps."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from gate.account.verdict import Line
from gate.contract.model import Promise
from gate.kinds.registry import kinds
from gate.plan.facts import StepRecord
from gate.report.account import Account
from gate.report.facts import fact_of
from gate.report.text import short
from gate.sources.fact import Seen
from gate.sources.registry import sources
from gate.sources.rehearsal.facts import CloneFacts, Leg

STATUS = {True: "passed", False: "failed"}


def stages(fact: object) -> Iterator[StepRecord | Leg | CloneFacts]:
    """Whatever was carried out and timed, anywhere in a fact, in the order of the fact."""
    if isinstance(fact, Seen):
        yield from stages(fact.value)
    elif isinstance(fact, (StepRecord, Leg, CloneFacts)):
        yield fact
    elif isinstance(fact, Mapping):
        for one in fact.values():
            yield from stages(one)
    elif isinstance(fact, tuple):
        for one in fact:
            yield from stages(one)


def span(promise: Promise, line: Line, account: Account) -> tuple[dt.datetime, dt.datetime]:
    """From when to when an item was looked at and judged (UTC).

    A step of the plan has its own times; everything else those of the sources that were asked for
    it, which look at all of their items at once, or of the whole look. What is concluded from other
    items has the time of its judgement, behind the look.
    """
    judged, observed = dt.timedelta(seconds=max(0.0, line.seconds)), account.observed
    if observed is None:
        return account.finished - judged, account.finished
    for one in stages(fact_of(promise, account.scene)):
        if isinstance(one, StepRecord):
            return one.started, one.started + dt.timedelta(seconds=one.seconds)
    asked = {
        name: observed.seconds[name]
        for name in _asked(promise, account)
        if name in observed.seconds
    }
    if not asked:
        seen = fact_of(promise, account.scene) is not None
        return observed.started if seen else observed.finished, observed.finished + judged
    late = {name for name in asked if sources()[name].late}
    start = observed.finished if late else observed.started
    longest = max(value for name, value in asked.items() if name in late or not late)
    return start, start + dt.timedelta(seconds=longest) + judged


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


def milliseconds(when: dt.datetime) -> int:
    """A time as Allure has it: since 1970."""
    return round(when.timestamp() * 1000)


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


def _asked(promise: Promise, account: Account) -> set[str]:
    """The sources that an item's questions went to: a question stands in its source's package.

    What is asked for nothing of its own is part of what the source of its chapter reads anyway.
    """
    try:
        asks = [*kinds()[promise.kind].asks(promise, account.moment, account.target)]
    except Exception:  # noqa: BLE001 - a report must be written whatever a kind does
        return set()
    parts = {part for one in asks for part in type(one).__module__.split(".")}
    return (parts or {promise.chapter}) & sources().keys()
