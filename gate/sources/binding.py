"""What a look belongs to: the target as it was, the contract, and what was asked; and who fits.

A kept look answers the questions that were asked in it, of the target that was looked at, and
nothing else; whoever judges it again asks here first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pydantic

from gate.duration import moment_of
from gate.sources.api.questions import AskEndpoint
from gate.sources.fact import Absent, CannotTell, Cause, Model, Seen
from gate.target import Target

REQUEST = {"method", "path", "role", "form", "json_body", "as_role"}
"""What of an endpoint item is sent; the rest is what is promised of the answer."""
MORE = {
    *("base", "request_headers", "login", "redirects", "closed", "headers", "cookies"),
    *("token", "metrics", "http_version", "days_left", "at_least_bytes", "at_most_bytes"),
}
"""What is sent, or kept of an answer, only where an item says so."""
TOLD_ONLY = {"title", "source", "risk", "note"}
"""What of an item is for readers only."""
AHEAD = dt.timedelta(minutes=10)
"""So far clocks may differ; a look that is further ahead was never taken."""

T = TypeVar("T")
Fact = Seen[T] | Absent | CannotTell


class Place(Model):
    """A target as it was looked at: where everything was, and no secret."""

    name: str = ""
    host: str = ""
    instance: str = ""
    prefix: str = ""
    port_offset: int = 0
    users: dict[str, str] = {}
    path: tuple[str, ...] = ()
    api_base: str = ""
    api_bases: dict[str, str] = {}
    api_values: dict[str, str] = {}
    api_forward: bool = False
    api_login: str = ""
    database: str = ""
    database_forward: bool = False


IDENTITY = ("name", "host", "instance", "prefix", "database")
"""What makes two looks such of one target, however it was reached."""


class Binding(Model):
    """What a look is bound to.

    Attributes:
        contract: Digest of the contract, as the verdict names it.
        differs: Digest of the target's declared differences, which change the contract.
        place: The target.
        applied: Whether the run carried out plans, and sent what writes.
        asked: Digest of the request behind each answer that is kept under an item's id.
        replayed: Whether the document was written by a replay.
    """

    contract: str = ""
    differs: str = ""
    place: Place = Place()
    applied: bool = False
    asked: dict[str, str] = {}
    replayed: bool = False


def binding(sha256: str, target: Target, asked: Iterable[object], *, applied: bool) -> Binding:
    """Bind a look that is taken now."""
    return Binding(
        contract=sha256,
        differs=_of_differs(target),
        place=place_of(target),
        applied=applied,
        asked=requests(asked),
    )


def place_of(target: Target) -> Place:
    """A target's placement."""
    return Place(
        name=target.name,
        host=target.host,
        instance=target.instance,
        prefix=target.prefix,
        port_offset=target.port_offset,
        users=target.users,
        path=target.path,
        api_base=target.api.base,
        api_bases={name: one.base for name, one in target.api.bases.items()},
        api_values=target.api.values,
        api_forward=target.api.forward,
        api_login=target.api.login,
        database=target.database.service,
        database_forward=target.database.forward,
    )


def as_looked_at(target: Target, place: Place) -> Target:
    """The target as it was in a look: an embedded one is placed anew each time it is started."""
    if not target.embedded:
        return target
    api = target.api.placed(place.api_base, place.api_bases, place.api_values)
    return target.model_copy(
        update={
            "prefix": place.prefix,
            "port_offset": place.port_offset,
            "users": place.users,
            "path": place.path,
            "instance": place.instance,
            "api": api,
            "database": target.database.model_copy(update={"service": place.database}),
        }
    )


def requests(asked: Iterable[object]) -> dict[str, str]:
    """Digest of what was asked for each item under whose id an answer is kept.

    What is kept under its own name (a unit, a path, a tool) needs none.
    """
    words: dict[str, list[Any]] = {}
    for one in asked:
        id_ = getattr(one, "id", None)
        if isinstance(id_, str):
            words.setdefault(id_, []).append([type(one).__name__, _words(one)])
    return {id_: _digest(one) for id_, one in words.items()}


def _words(question: object) -> Any:
    if isinstance(question, AskEndpoint):
        sent = question.endpoint.model_dump(mode="json", include=REQUEST)
        more = question.endpoint.model_dump(mode="json", include=MORE, exclude_defaults=True)
        return {**sent, **more}
    if not dataclasses.is_dataclass(question):
        return repr(question)
    found = {one.name: getattr(question, one.name) for one in dataclasses.fields(question)}
    return {
        name: value.model_dump(mode="json", exclude=TOLD_ONLY)
        if isinstance(value, pydantic.BaseModel)
        else value
        for name, value in found.items()
    }


def _of_differs(target: Target) -> str:
    return _digest([one.model_dump(mode="json") for one in target.differs])


def _digest(words: Any) -> str:
    text = json.dumps(words, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def unfit(bound: Binding, target: Target, sha256: str) -> str:
    """Why a look cannot be judged by this contract for this target; empty where it can."""
    if not bound.contract:
        return "it does not say what it was taken of"
    other = other_place(
        bound.place, place_of(as_looked_at(target, bound.place)), Place.model_fields
    )
    if other:
        return other
    if bound.contract != sha256:
        return f"it was taken by the contract {bound.contract[:12]}, and this is {sha256[:12]}"
    if bound.differs != _of_differs(target):
        return "the target declared other differences then"
    return ""


def unfit_before(
    bound: Binding,
    times: tuple[dt.datetime, dt.datetime],
    target: Target,
    *,
    days: float,
    now: dt.datetime,
) -> str:
    """Why a look from before the deployment cannot be compared with; empty where it can.

    Args:
        bound: What it belongs to.
        times: When it began and ended.
        target: What is compared; the instance of an embedded one that is not started is not known.
        days: How old it may be.
        now: When the look began that it is compared with, or the present time.
    """
    if bound.replayed:
        return "it was written by a replay"
    if not bound.contract:
        return "it does not say what it was taken of"
    place = place_of(target)
    is_placed = not target.embedded or target.instance
    other = other_place(bound.place, place, IDENTITY if is_placed else ("name", "host"))
    if other:
        return other
    if times[1] > now + AHEAD or times[0] > times[1]:
        return f"it is of {moment_of(times[1])}, which is yet to come"
    if now - times[1] > dt.timedelta(days=days):
        return f"it is of {moment_of(times[1])}: older than {days:g} days ([about] baseline_days)"
    return ""


def other_place(was: Place, now: Place, names: Iterable[str]) -> str:
    """What of some names of a place's parts differs; empty where it is the same place."""
    for name in names:
        if getattr(was, name) != getattr(now, name):
            return (
                f"it is of another target: {name} was {getattr(was, name)!r}, "
                f"and is {getattr(now, name)!r}"
            )
    return ""


def belonging(
    facts: Mapping[str, Fact[T]], was: Mapping[str, str], now: Mapping[str, str]
) -> dict[str, Fact[T]]:
    """Facts kept under items' ids, without the answers to another question than is asked now."""
    return {
        id_: fact
        if id_ not in now or was.get(id_) == now[id_]
        else CannotTell(f"what {id_} asks for was not asked for in this look", Cause.UPSTREAM)
        for id_, fact in facts.items()
    }
