"""As whom a process runs, in which groups, with which variables, limits and time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.kinds.host_kind import Differences, other
from gate.kinds.scene import Scene, unknown
from gate.sources.fact import Fact, Seen
from gate.sources.host.programs import ProgramFacts
from gate.sources.host.zones import same_zone


def value(fact: Fact[Any], judge: Any) -> Differences:
    """Judge what was seen; say why else."""
    if isinstance(fact, Seen):
        yield from judge(fact.value)
    else:
        yield unknown(fact)


def rights(item: Any, found: ProgramFacts, scene: Scene) -> Differences:
    """Say what of that is not as a process is promised."""
    if item.user is not None:
        must = scene.target.user(item.user)
        yield from value(found.user, lambda is_: other("user", must, is_))
    if item.groups or item.groups_not:
        yield from value(
            found.groups, lambda is_: _names("group", item.groups, item.groups_not, is_)
        )
    if item.environment or item.environment_not:
        must_not = item.environment_not
        yield from value(
            found.variables, lambda is_: _names("variable", item.environment, must_not, is_)
        )
    if item.zone is not None:
        must_be = item.zone
        yield from value(
            found.zone,
            lambda is_: () if same_zone(must_be, is_) else other("time zone", must_be, is_),
        )
    if item.limits:
        yield from value(found.limits, lambda is_: _limits(item.limits, is_))


def _names(
    noun: str, must: tuple[str, ...], must_not: tuple[str, ...], is_: tuple[str, ...]
) -> Iterator[str]:
    yield from (f"it has no {noun} {one}" for one in must if one not in is_)
    yield from (f"it has the {noun} {one}" for one in must_not if one in is_)


def _limits(must: Mapping[str, int], is_: Mapping[str, int]) -> Iterator[str]:
    for name, least in must.items():
        value = is_.get(name.lower())
        if value is None:
            yield f"there is no limit {name!r}: known are {', '.join(is_)}"
        elif value != -1 and (least == -1 or value < least):
            yield f"{name} is {value}"
