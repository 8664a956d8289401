"""What can be promised of an API, of a deployment's plan, and of what stands around it."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from gate.contract.body_schema import check_schema
from gate.contract.item import AbsolutePath, Day, Item, Json, Moment, Name, Seconds

SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key", re.IGNORECASE)


class Endpoint(Item):
    """One request and what it must be answered with.

    Attributes:
        path: Path and query; ``{name}`` is replaced by the target's value of that name.
        role: Whose login goes with it; ``None`` for none.
        form: Form fields; ``{user}`` and ``{password}`` are those of ``as_role``.
        json_body: JSON to send (key ``json``).
        as_role: Whose credentials fill ``form``.
        writes: It changes something: sent to the rehearsal's clone, to a target with ``--apply``.
        content_type: Media type of the answer.
        body: JSON Schema of the answer's JSON.
        text: Strings that must stand in an answer that is no JSON.
        deadline_s: How long to wait for the whole answer.
        max_bytes: How long its body may be, as it comes and unpacked; more cannot be told.
        slow: Runs alone, after the others.
        label: Its line in the snapshot's health check, where it has one.
        remark: What the snapshot adds in parentheses; ``{seconds}`` is the seen duration.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"label", "remark"}

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    role: str | None = None
    form: dict[str, str] = {}
    json_body: Json = pydantic.Field(default=None, alias="json")
    as_role: str | None = None
    writes: bool = False
    status: Annotated[int, pydantic.Field(ge=100, le=599)] = 200
    content_type: str = "application/json"
    body: dict[str, Json] = {}
    text: tuple[str, ...] = ()
    deadline_s: Seconds = 10.0
    max_bytes: Annotated[int, pydantic.Field(ge=1024, le=16 * 1024**2)] = 4 * 1024**2
    slow: bool = False
    label: str = ""
    remark: str = ""

    @pydantic.field_validator("form")
    @classmethod
    def _no_credentials(cls, form: dict[str, str]) -> dict[str, str]:
        for key, value in form.items():
            if SECRET.search(key) and value not in ("{password}", "{wrong_password}"):
                raise ValueError(
                    f"{key}: a credential must not be written here; "
                    "use {password} with as_role, or {wrong_password}"
                )
        return form

    @pydantic.field_validator("body")
    @classmethod
    def _is_a_schema(cls, body: dict[str, Any]) -> dict[str, Any]:
        check_schema(body)
        return body


class Budget(Item):
    """How long an endpoint may take.

    Attributes:
        endpoint: Name of the endpoint item (without ``endpoint.``).
        samples: How many timed requests; 1 for a slow endpoint (its own answer is the sample).
        p95_s: Limit for the 95th percentile (nearest rank) of the samples.
        limit_s: Limit for every sample.
        change: Factor to the before-run's median that may not be exceeded after.
        slack_s: Seconds of difference that are never a change.
        typical_s: What it takes as a rule; a tenth of it or less is suspicious (WARN).
    """

    endpoint: Name
    samples: Annotated[int, pydantic.Field(ge=1, le=1000)] = 20
    p95_s: Seconds | None = None
    limit_s: Seconds | None = None
    change: Annotated[float, pydantic.Field(gt=1)] | None = None
    slack_s: Seconds = 0.05
    typical_s: Seconds | None = None

    @pydantic.model_validator(mode="after")
    def _some_limit(self) -> Budget:
        if self.p95_s is None and self.limit_s is None and self.change is None:
            raise ValueError("needs at least one of p95_s, limit_s, change")
        return self


class Risk(Item):
    """A row of the risk table: it materialises when an item that names it breaks."""

    area: Name
    level: Literal["LOW", "MEDIUM", "HIGH"]


class Check(pydantic.BaseModel):
    """A question to the host that changes nothing; a command alone stands for a table with `run`.

    Attributes:
        run: A POSIX shell command, run as the step is. Its exit status answers: 0 is yes; 126, 127
            and a signal tell nothing; any other is no.
        expect: Pattern that must be found in its output for a yes; with one, any exit status but 0
            tells nothing.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    run: Name
    expect: str = ""


class Step(Item):
    """One step of the deploy or of the rollback plan.

    Attributes:
        phase: Which plan.
        order: Its place in it, from 1.
        run: A POSIX shell command; ``$PREFIX`` is the target's path prefix (empty on a host).
        cwd: Where it runs.
        text: The step as the snapshot's rollback plan words it; empty to leave it out there.
        tools: Commands that must be found on the target beforehand.
        expect: Pattern that must be found in its output.
        done_if: How to see, without changing anything, that it is done already: asked before the
            step, which is skipped where it holds, and after it, when it must hold.
        only_if: What must hold for the step to have anything to do; where it does not, the step is
            skipped.
        needs: Ids of steps that must have succeeded before; a rollback goes on past a step that
            failed, but for those that need it.
        may_lose: Of a rollback step: how many rows of a table, or values of a column
            (``table.column``), it may give up without being asked; 0 where nothing is said.
        answers: Name of an endpoint item that must answer as promised before the next step, within
            what is left of the deadline; a restart has returned before the service is up.
        deadline_s: How long it may take.
    """

    phase: Literal["deploy", "rollback"]
    order: Annotated[int, pydantic.Field(ge=1)]
    run: Name
    cwd: AbsolutePath = "/"
    text: str = ""
    tools: tuple[str, ...] = ()
    expect: str = ""
    done_if: Check | None = None
    only_if: Check | None = None
    needs: tuple[str, ...] = ()
    may_lose: dict[str, Annotated[int, pydantic.Field(ge=0)]] = {}
    answers: str | None = None
    deadline_s: Seconds = 120.0

    @pydantic.field_validator("done_if", "only_if", mode="before")
    @classmethod
    def _command_alone(cls, value: object) -> object:
        return {"run": value} if isinstance(value, str) else value

    @pydantic.model_validator(mode="after")
    def _loses_on_the_way_back(self) -> Step:
        if self.may_lose and self.phase != "rollback":
            raise ValueError("may_lose: only a step of the rollback gives something up")
        return self


class Trigger(Item):
    """A reason to roll back, as ids (or ``kind.*``) of items; it fires when one of them breaks.

    Attributes:
        when: The items.
        status_from: For endpoints: only an answer with at least this status fires it.
    """

    when: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    status_from: int | None = None


class Waiver(Item):
    """A broken promise that is tolerated until a day; unused or expired, it fails itself.

    Attributes:
        item: Id of the waived item.
        owner: Who answers for it.
        reason: Why, with the number of an issue.
        expires: The last day on which it holds (UTC).
        moments: When it applies; everywhere if empty.
    """

    item: Name
    owner: Name
    reason: Name
    expires: Day
    moments: tuple[Moment, ...] = ()
