"""What can be promised of a canary: a request that writes, what comes of it, how it goes again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic

from gate.contract.body_schema import check_schema
from gate.contract.item import Json, Name, Seconds
from gate.rule import Filled, Has, Not, Rule, Some, at_least_one
from gate.sources.api.promised import PromisedExchange
from gate.toml import Strict

Query = Annotated[str, pydantic.Field(pattern=r"^\s*([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])\b")]
FindQuery = Annotated[
    str,
    pydantic.Field(
        pattern=r"^\s*([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])\b[\s\S]*"
        r"\b[Ll][Ii][Kk][Ee]\b[\s\S]*\{mark\}"
    ),
]


class Sent(Strict):
    """A request of a canary.

    Attributes:
        base: Name of the base that is asked (``[api.bases.NAME]``); the API's own where it is left
            out.
        method: Of HTTP.
        path: Path and query; ``{name}`` is replaced by a word of the canary, or by the target's
            value of that name.
        role: Whose login goes with it.
        json_body: JSON to send (key ``json``); words stand for themselves in its strings.
        status: That it must be answered with.
        content_type: Media type of the answer; empty for any.
        body: JSON Schema of the answer's JSON.
        text: Strings that must stand in the answer, such as ``{mark}``.
        deadline_s: How long to wait for the whole answer.
    """

    base: str = ""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    role: str | None = None
    json_body: Json = pydantic.Field(default=None, alias="json")
    status: Annotated[int, pydantic.Field(ge=100, le=599)] = 200
    content_type: str = ""
    body: dict[str, Json] = {}
    text: tuple[str, ...] = ()
    deadline_s: Seconds = 10.0

    @pydantic.field_validator("body")
    @classmethod
    def _is_a_schema(cls, body: dict[str, Any]) -> dict[str, Any]:
        check_schema(body)
        return body

    def exchange(self, *, writes: bool) -> PromisedExchange:
        """The same as any other request of a contract."""
        return PromisedExchange(
            base=self.base,
            method=self.method,
            path=self.path,
            role=self.role,
            json=self.json_body,
            status=self.status,
            content_type=self.content_type,
            body=self.body,
            text=self.text,
            deadline_s=self.deadline_s,
            writes=writes,
        )


class Event(Sent):
    """Another request that shows what came of the canary; it only reads."""

    method: Literal["GET", "HEAD"] = "GET"


class Job(Strict):
    """A job that the canary leads to.

    Attributes:
        query: Its state: the first column of each row is one job's.
        done: States in which a job is done; every row must come to one of them.
        failed: States in which it has failed: it is not waited for any longer.
    """

    query: Query
    done: Annotated[tuple[Name, ...], pydantic.Field(min_length=1)]
    failed: tuple[Name, ...] = ()


class Removal(Strict):
    """How a canary goes again.

    Attributes:
        requests: Sent for every row that `find` finds, in this order.
        run: A shell command on the target's host, after the requests, once for each row; ``$MARK``
            and the row's other columns (in capitals) are in its environment. Not run for a clone.
        gone: Queries that must find nothing afterwards, beside `find` itself.
    """

    RULES = (Rule(Some(Filled("requests"), Has("run")), "needs at least one of requests, run"),)

    requests: tuple[Sent, ...] = ()
    run: Name | None = None
    gone: tuple[Query, ...] = ()


class PromisedCanary(Strict):
    """A canary as it flies; see `gate.kinds.canary`."""

    RULES = (
        at_least_one("find", "event"),
        Rule(Some(Not(Has("remove")), Has("find")), "remove needs find"),
    )

    writes: Literal[True]
    request: Sent
    within_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 30.0
    find: FindQuery | None = None
    job: Job | None = None
    event: Event | None = None
    remove: Removal | None = None
