"""What can be promised of one request and many roles, and what one of the roles comes to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from gate.contract.item import Item, Json, Moment, Name, Seconds
from gate.contract.model import MOMENTS, SIDE, Promise
from gate.rule import Has, Not, Rule, Some, at_least_one
from gate.sources.api.promised import (
    Method,
    PromisedExchange,
    RequestHeaders,
    no_credentials,
)
from gate.toml import Strict

NOBODY = "nobody"
"""The role that stands for a request without a login."""
REFUSALS = (401, 403)
"""Statuses that refuse and say so; what else is named as a refusal proves nothing by itself."""
SHOWING = ("allowed", "sees")
RoleName = Annotated[str, pydantic.Field(pattern=r"^\w[\w-]*([ .][\w-]+)*$")]
Status = Annotated[int, pydantic.Field(ge=100, le=599)]
Word = Literal["allowed", "denied", "sees", "hidden"]
Pointer = Annotated[str, pydantic.Field(pattern=r"^(/[^/]+)+$")]


class Hidden(Strict):
    """Something that only some may be shown: at a place of the answer, or anywhere in it.

    Attributes:
        at: Its place as a JSON Pointer; ``*`` stands for every member of a list or table, ``**``
            (once) for any number of levels. Alone: nothing may stand there, not even null.
        value: What must not stand at the place; other values may.
        text: A string that must not be part of what stands at the place, or anywhere in the answer
            (names of keys, too) where there is no place; ``{name}`` is the target's value.
    """

    RULES = (
        at_least_one("at", "text"),
        Rule(Some(Not(Has("value")), Has("at")), "value needs at, its place"),
        Rule(Some(Not(Has("value")), Not(Has("text"))), "value and text do not go together"),
    )

    at: Pointer | None = None
    value: Json = None
    text: Name | None = None

    @pydantic.field_validator("at")
    @classmethod
    def _one_depth(cls, at: str | None) -> str | None:
        if at is not None and at.split("/").count("**") > 1:
            raise ValueError("** may stand once")
        return at


class Asked(Item):
    """The request, which is the same for every role."""

    base: str = ""
    method: Method = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    request_headers: RequestHeaders = {}
    json_body: Json = pydantic.Field(default=None, alias="json")
    writes: bool = False
    content_type: str = "application/json"
    deadline_s: Seconds = 10.0
    max_bytes: Annotated[int, pydantic.Field(ge=1024, le=16 * 1024**2)] = 4 * 1024**2
    slow: bool = False
    hides: tuple[Hidden, ...] = ()
    denied_by: tuple[Status, ...] = ()

    @pydantic.field_validator("request_headers")
    @classmethod
    def _names_credentials(cls, headers: dict[str, str]) -> dict[str, str]:
        return no_credentials(headers)


class Access(Asked):
    """One request, and what becomes of it for each role: an item per role, ``access.NAME.ROLE``.

    Attributes:
        base: Name of the base that is asked (``[api.bases.NAME]``); the API's own where it is left
            out.
        method: Of HTTP; any but GET, HEAD and OPTIONS needs ``writes = true``.
        path: Path and query; ``{name}`` is replaced by the target's value of that name.
        request_headers: Headers to send; ``{name}`` is the target's value of that name.
        json_body: JSON to send (key ``json``).
        writes: It changes something where it is allowed: sent to a target with ``--apply`` only.
        content_type: Media type of an answer to who is allowed; empty for any.
        deadline_s: How long to wait for the whole answer.
        max_bytes: How long its body may be, as it comes and unpacked; more cannot be told.
        slow: Runs alone, after the others.
        hides: What only some may be shown.
        denied_by: Statuses that count as refused, where those are not 403, and 401 for nobody. A
            401 to who is logged in says that the login is worth nothing, which denies everything;
            404 and the like count only while another role is answered there.
        roles: By role of the target, or ``nobody`` for no login: ``allowed`` (2xx), ``denied``
            (refused, and shown nothing that is hidden), ``sees`` (2xx, and shown all that is
            hidden), ``hidden`` (2xx, and shown nothing of it), or the very status. An answer
            without what is hidden proves something only while a role that ``sees`` it does.
    """

    roles: Annotated[dict[RoleName, Word | Status], pydantic.Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _proves_something(self) -> Access:
        said = set(self.roles.values())
        if self.hides and "sees" not in said:
            raise ValueError(
                "roles: hides needs a role that sees it: without one an empty answer keeps the rest"
            )
        if said & {"sees", "hidden"} and not self.hides:
            raise ValueError("hides: say what is hidden, and seen")
        if {*self.denied_by} - {*REFUSALS} and not said & {*SHOWING}:
            raise ValueError(
                "denied_by: a status that is no refusal (401, 403) proves nothing where no role is "
                "allowed: a wrong path is answered like that, too"
            )
        return self


class Cell(Asked):
    """What the request comes to for one role.

    Attributes:
        role: The role.
        expects: What becomes of it.
        controls: Ids of the items of the same request whose role is answered, or sees it.
    """

    role: str
    expects: Word | int
    controls: tuple[str, ...] = ()

    @property
    def request(self) -> PromisedExchange:
        """The request as it is sent."""
        return PromisedExchange(
            base=self.base,
            method=self.method,
            path=self.path,
            request_headers=self.request_headers,
            role=None if self.role == NOBODY else self.role,
            json=self.json_body,
            writes=self.writes,
            deadline_s=self.deadline_s,
            max_bytes=self.max_bytes,
            slow=self.slow,
        )

    @property
    def requests(self) -> tuple[PromisedExchange, ...]:
        """All that is sent for it."""
        return (self.request,)

    @property
    def refusals(self) -> tuple[int, ...]:
        """Statuses that refuse."""
        return self.denied_by or (REFUSALS if self.role == NOBODY else (403,))


def spread(promise: Promise) -> Iterable[Promise]:
    """One promise for each role; one that only one side names is accounted for on that side."""
    sides = {
        "before": _cells(promise.id, promise.before),
        "after": _cells(promise.id, promise.after),
    }
    for role in {**sides["before"], **sides["after"]}:
        there = {side: cells[role] for side, cells in sides.items() if role in cells}
        any_side = next(iter(there.values()))
        moments: tuple[Moment, ...] = tuple(
            one for one in MOMENTS if SIDE[one] in there and one in promise.moments
        )
        yield Promise(
            id=f"{promise.id}.{role}",
            kind=promise.kind,
            chapter=promise.chapter,
            before=there.get("before", any_side),
            after=there.get("after", any_side),
            moments=moments,
            differs=promise.differs,
        )


def _cells(id_: str, item: Item) -> dict[str, Cell]:
    if not isinstance(item, Access):
        raise TypeError(f"{id_} is no Access")
    wanted = ("sees",) if item.hides else SHOWING
    controls = tuple(f"{id_}.{role}" for role, word in item.roles.items() if word in wanted)
    shared = {name: getattr(item, name) for name in Asked.model_fields if name != "json_body"}
    return {
        role: Cell(
            **{**shared, "title": f"{item.title} ({role}: {word})"},
            json=item.json_body,
            role=role,
            expects=word,
            controls=controls,
        )
        for role, word in item.roles.items()
    }
