"""What became of each item between two looks: changed as promised, not changed, drifted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Iterator, Mapping

from gate.account.verdict import Line, Outcome, Verdict
from gate.catalog.expression import normal
from gate.catalog.model import Catalog, labelled
from gate.contract.model import Contract, Promise
from gate.duration import moment_of
from gate.kinds.kind import State
from gate.kinds.scene import scene_of
from gate.report.account import lines_by_id
from gate.report.facts import state_of
from gate.sources.fact import CannotTell, Seen
from gate.sources.observed import Observed
from gate.target import Target

CATALOG = "database"
"""Chapter of what a catalog holds."""
CLOCK_SLACK_S = 5.0
"""A host's boot time is reckoned from two clocks; less than this is no reboot."""


class Kind(str, enum.Enum):
    """What a comparison of two looks comes to."""

    MISSING = "promised, and did not happen"
    DRIFT = "happened, and was not promised"
    UNKNOWN = "cannot be compared"
    PROMISED = "happened as promised"
    SAME = "unchanged"


@dataclasses.dataclass(frozen=True)
class Change:
    """One item, or one thing that no item names, in two looks."""

    id: str
    chapter: str
    kind: Kind
    promised: str
    before: str
    after: str


def compare(
    contract: Contract,
    target: Target,
    before: Observed,
    after: Observed,
    after_verdict: Verdict | None,
) -> list[Change]:
    """Compare two looks, item by item, then whatever the contract does not name.

    Args:
        contract: What is promised at both moments.
        target: Where.
        before: The earlier look.
        after: The later look.
        after_verdict: How the items ended at the later moment; without it nothing is held to
            have happened as promised.
    """
    lines = lines_by_id(after_verdict) if after_verdict else {}
    changes = []
    for promise in contract.promises.values():
        old = state_of(promise, scene_of(contract, target, before))
        new = state_of(promise, scene_of(contract, target, after))
        if old is not None and new is not None:
            to_change = _to_change(promise, before, after)
            changes.append(_item(promise, old, new, to_change, lines))
    return [*changes, *_unnamed(contract, before, after), *_host(before, after)]


def _to_change(promise: Promise, before: Observed, after: Observed) -> bool:
    """Whether the contract promises another state at the later moment than at the earlier."""
    sides = [promise.at(before.moment), promise.at(after.moment)]
    old, new = (one.model_dump(exclude=set(one.WORDS)) for one in sides)
    return old != new or (sides[1].changes_by_itself and sides[0] is not sides[1])


def _step(old: State | CannotTell, new: State | CannotTell) -> str:
    """The step that promises what changed, where that is nothing but a start anew."""
    if (
        isinstance(old, CannotTell)
        or isinstance(new, CannotTell)
        or old.same_start == new.same_start
    ):
        return ""
    return new.started_by if (old.text, old.parts) == (new.text, new.parts) else ""


def _item(
    promise: Promise,
    old: State | CannotTell,
    new: State | CannotTell,
    to_change: bool,  # noqa: FBT001 - private
    lines: Mapping[str, Line],
) -> Change:
    line = lines.get(promise.id)
    promised = line.promised if line else ""
    if isinstance(old, CannotTell) or isinstance(new, CannotTell):
        was, is_ = (
            f"cannot tell: {one.reason}" if isinstance(one, CannotTell) else _shown(one)
            for one in (old, new)
        )
        return Change(promise.id, promise.chapter, Kind.UNKNOWN, promised, was, is_)
    same = (old.text, old.parts, old.same_start) == (new.text, new.parts, new.same_start)
    kind, note = _kind(same, to_change, line)
    step = _step(old, new)
    if kind is Kind.DRIFT and step and line and line.outcome in (Outcome.PASS, Outcome.WARN):
        kind, note = Kind.PROMISED, [f"started anew by {step}"]
    both = bool(old.parts and new.parts)
    is_ = "; ".join([_shown(new), *(_parts(old.parts, new.parts) if both else ()), *note])
    return Change(promise.id, promise.chapter, kind, promised, _shown(old), is_)


def _shown(state: State) -> str:
    """A state in words, with when it began where that belongs to it."""
    if not state.started:
        return state.text
    return f"{state.text}, up since {moment_of(dt.datetime.fromisoformat(state.started))}"


def _kind(same: bool, to_change: bool, line: Line | None) -> tuple[Kind, list[str]]:  # noqa: FBT001
    """Return what it comes to, and what has to be said about it."""
    if not to_change:
        return (Kind.SAME if same else Kind.DRIFT), []
    outcome = line.outcome if line else None
    if outcome in (Outcome.PASS, Outcome.WARN):
        return Kind.PROMISED, ["was so already"] if same else []
    if outcome is Outcome.WAIVED:
        return Kind.MISSING, ["waived"]
    if outcome is Outcome.FAIL or same:
        return Kind.MISSING, [] if same else ["changed, but not to what was promised"]
    return Kind.UNKNOWN, ["changed; whether as promised was not told"]


def _parts(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in [*old, *(one for one in new if one not in old)]:
        if name not in new:
            yield f"{name} is gone"
        elif name not in old:
            yield f"{name} is new ({new[name]})"
        elif old[name] != new[name]:
            yield f"{name} is {new[name]}, was {old[name]}"


def _unnamed(contract: Contract, before: Observed, after: Observed) -> Iterator[Change]:
    """What the catalogs hold that no item of the contract names."""
    old, new = before.database, after.database
    if not (isinstance(old, Seen) and isinstance(new, Seen)):
        return
    moving = {one.name for one in contract.promises.values() if _comes_or_goes(one)}
    whole = old.value.catalog.whole == new.value.catalog.whole
    was, is_ = (_things(one.value.catalog, whole=whole) for one in (old, new))
    for name in sorted({*was, *is_}):
        if name.replace(" ", ".", 1) in contract.promises or was.get(name) == is_.get(name):
            continue
        if _belongs(name, moving):
            continue
        yield Change(
            name, CATALOG, Kind.DRIFT, "", was.get(name, "absent"), is_.get(name, "absent")
        )


def _comes_or_goes(promise: Promise) -> bool:
    return promise.chapter == CATALOG and promise.before.absent != promise.after.absent


def _belongs(name: str, moving: set[str]) -> bool:
    """Whether it comes with what is promised to come, or goes with it: grants, serials."""
    words = set(re.split(r"[^\w]+", name))
    serials = {one for one in words if one.endswith("_seq")}
    return bool(words & moving) or any(
        one.startswith(f"{other}_") for one in serials for other in moving
    )


def _things(catalog: Catalog, *, whole: bool) -> dict[str, str]:
    """What a catalog holds, by kind and name, one line each; other kinds where it is whole."""
    things = {
        f"table {name}": f"{len(one.columns)} columns" for name, one in catalog.tables.items()
    }
    things |= {
        f"index {name}": one.definition
        for name, one in catalog.indexes.items()
        if not one.constraint
    }
    things |= {f"enum {name}": labelled(labels) for name, labels in catalog.enums.items()}
    things |= {f"extension {name}": version for name, version in catalog.extensions.items()}
    things |= catalog.objects if whole else {}
    return {name: normal(one) for name, one in things.items()}


def _host(before: Observed, after: Observed) -> Iterator[Change]:
    """A reboot, or another machine, between the looks."""
    old, new = before.host, after.host
    if not (isinstance(old, Seen) and isinstance(new, Seen)):
        return
    was, is_ = old.value.identity, new.value.identity
    if was.hostname != is_.hostname:
        yield Change("hostname", "host", Kind.DRIFT, "", was.hostname, is_.hostname)
    if abs((was.booted - is_.booted).total_seconds()) > CLOCK_SLACK_S:
        texts = (f"booted {moment_of(one.booted)}" for one in (was, is_))
        yield Change("boot", "host", Kind.DRIFT, "", *texts)
