"""What can be promised: one model per kind of item, and the chapter that each belongs to.

A kind is the first part of an item's id (``service`` in ``[service.redis]``); a chapter is one
file of the contract and one chapter of every report.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

import jsonschema_rs
import pydantic

from gate.contract.item import AbsolutePath, Item, Moment, Name, Port, Seconds
from gate.contract.rehearsal import Rehearsal

__all__ = ["CHAPTERS", "CHAPTER_OF", "KINDS", "AbsolutePath", "Item", "Moment", "Rehearsal"]

SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key", re.IGNORECASE)


class Service(Item):
    """A systemd unit.

    Attributes:
        label: Its name in the snapshot's table; the unit's where empty.
        state: ``ActiveState (SubState)``, such as ``active (running)``.
        starts_at_boot: Whether a reboot must bring it up; ``None`` promises nothing.
        restarted: After the deployment: whether it must (not) have been restarted by it.
    """

    unit: Name
    state: Annotated[str, pydantic.Field(pattern=r"^[a-z-]+ \([a-z-]+\)$")]
    label: str = ""
    starts_at_boot: bool | None = None
    restarted: bool | None = None


class ListeningPort(Item):
    """A TCP port.

    Attributes:
        service: Name in the snapshot's table.
        owner: Unit that must hold it; ``None`` promises nothing.
        processes: How many worker processes must hold it; ``None`` promises nothing.
        reach: ``loopback`` (nothing wider), ``any`` (a wildcard), or ``None``.
    """

    port: Port
    service: Name
    owner: str | None = None
    processes: Annotated[int, pydantic.Field(gt=0)] | None = None
    reach: Literal["loopback", "any"] | None = None


class KeyPath(Item):
    """A path of the host; ``purpose`` stands in the snapshot's table."""

    path: AbsolutePath
    purpose: Name
    type: Literal["directory", "regular file", "symbolic link", "socket"] = "directory"
    owner: str | None = None
    group: str | None = None
    mode: Annotated[str, pydantic.Field(pattern=r"^[0-7]{4}$")] | None = None
    free_mb: Annotated[int, pydantic.Field(gt=0)] | None = None


class Runtime(Item):
    """A version; exactly one of ``command``, ``package``, ``server``, ``extension`` says whose.

    Attributes:
        label: Its name in the snapshot.
        version: What the version must be; ``16`` is met by 16.11 and not by 160.
        command: Argument list whose output holds the version.
        pattern: Regular expression whose first group is the version in that output.
        package: Python package as ``[environment folder, distribution]``.
        server: ``postgresql``: the server that answers the gate.
        extension: A PostgreSQL extension of the database.
        remark: What the snapshot adds in parentheses.
    """

    label: Name
    version: str = ""
    command: tuple[str, ...] | None = None
    pattern: str = r"(\d+(?:\.\d+)*)"
    package: tuple[str, str] | None = None
    server: Literal["postgresql"] | None = None
    extension: str | None = None
    remark: str = ""

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Runtime:
        given = [self.command, self.package, self.server, self.extension]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of command, package, server, extension")
        if not self.version and not self.absent:
            raise ValueError('needs a version (or `before`/`after` = "absent")')
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError("pattern needs exactly one group")
        return self


class Database(Item):
    """Something about the database as a whole: exactly one of the keys.

    Attributes:
        connects_as: Role that the gate must reach it as; ``*`` for any that is no superuser.
        tables: How many tables there are.
        nothing_else: Tables, indexes and enums that the contract does not name must not be there.
        restored: After a rollback the catalog is the very one that was seen before.
    """

    connects_as: str | None = None
    tables: Annotated[int, pydantic.Field(gt=0)] | None = None
    nothing_else: Literal[True] | None = None
    restored: Literal[True] | None = None

    @pydantic.model_validator(mode="after")
    def _one_promise(self) -> Database:
        given = [self.connects_as, self.tables, self.nothing_else, self.restored]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of connects_as, tables, nothing_else, restored")
        return self


class Table(Item):
    """A table: columns as ``type [not null] [default …]`` by name, keys as definitions by name."""

    columns: Annotated[dict[str, str], pydantic.Field(min_length=1)]
    keys: dict[str, str] = {}


class Column(Item):
    """A column that comes or goes, apart from its table's item."""

    table: Name
    column: Name
    definition: Name


class Index(Item):
    """An index that backs no constraint; it must also be valid and ready."""

    table: Name
    method: Name = "btree"
    columns: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    unique: bool = False
    options: dict[str, str] = {}
    predicate: str = ""
    include: tuple[str, ...] = ()


class Enum(Item):
    """An enum type with its labels in order."""

    labels: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]


class Extension(Item):
    """An extension of the database; its version is a runtime's promise."""

    schema_: str = pydantic.Field(default="public", alias="schema")


class Migration(Item):
    """Something about Alembic: exactly one of the keys.

    Attributes:
        folder: Folder of the revision files.
        head: The one head of the chain in ``folder``.
        current: The one revision that the database is at.
        pending: Revisions between the database and the head of ``folder``, oldest first.
        revisions: Every revision of ``folder``, base first: one unbroken chain.
    """

    folder: AbsolutePath | None = None
    head: str | None = None
    current: str | None = None
    pending: tuple[str, ...] | None = None
    revisions: tuple[str, ...] | None = None

    @pydantic.model_validator(mode="after")
    def _one_promise(self) -> Migration:
        given = [self.head, self.current, self.pending, self.revisions]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of head, current, pending, revisions")
        if self.current is None and self.folder is None:
            raise ValueError("needs the folder of the revision files")
        return self


class Endpoint(Item):
    """One request and what it must be answered with.

    Attributes:
        path: Path and query; ``{name}`` is replaced by the target's value of that name.
        role: Whose login goes with it; ``None`` for none.
        form: Form fields; ``{user}`` and ``{password}`` are those of ``as_role``.
        json_body: JSON to send (key ``json``).
        as_role: Whose credentials fill ``form``.
        content_type: Media type of the answer.
        body: JSON Schema of the answer's JSON.
        text: Strings that must stand in an answer that is no JSON.
        deadline_s: How long to wait for the answer.
        slow: Runs alone, after the others.
        label: Its line in the snapshot's health check, where it has one.
        remark: What the snapshot adds in parentheses; ``{seconds}`` is the seen duration.
    """

    method: Literal["GET", "HEAD", "POST"] = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    role: str | None = None
    form: dict[str, str] = {}
    json_body: Any = pydantic.Field(default=None, alias="json")
    as_role: str | None = None
    status: Annotated[int, pydantic.Field(ge=100, le=599)] = 200
    content_type: str = "application/json"
    body: dict[str, Any] = {}
    text: tuple[str, ...] = ()
    deadline_s: Seconds = 10.0
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
        try:
            jsonschema_rs.validator_for(body)
        except (ValueError, jsonschema_rs.ValidationError) as error:
            raise ValueError(f"is no JSON Schema: {str(error).splitlines()[0]}") from error
        return body


class Queue(pydantic.BaseModel):
    """Where a worker's queue is and when it counts as drained.

    Attributes:
        pending, done, failed: Values of the status column.
        due: Column of the time before which a row need not be taken, if there is one.
        finished: Column of the time of the last change.
        oldest_within_s: How long a due row may wait.
        failed_at_most: How many failed rows are tolerated.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    table: Name
    status: Name = "status"
    pending: tuple[str, ...] = ("PENDING",)
    done: tuple[str, ...] = ("DONE",)
    failed: tuple[str, ...] = ("FAILED",)
    created: Name = "created_at"
    finished: Name = "updated_at"
    due: str | None = None
    oldest_within_s: Seconds = 120.0
    failed_at_most: Annotated[int, pydantic.Field(ge=0)] = 0


class Cycle(pydantic.BaseModel):
    """The trace that a worker's cycle leaves: a column of times in a table."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    table: Name
    column: Name = "updated_at"
    within_s: Seconds


class Poll(pydantic.BaseModel):
    """The worker's own database session: by ``application_name``, how recent its statement is."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    application: Name
    within_s: Seconds


class Work(Item):
    """Proof that a worker works; at least one of queue, cycle and poll."""

    unit: Name
    queue: Queue | None = None
    cycle: Cycle | None = None
    poll: Poll | None = None
    journal_errors: Annotated[int, pydantic.Field(ge=0)] | None = None

    @pydantic.model_validator(mode="after")
    def _some_proof(self) -> Work:
        if self.queue is None and self.cycle is None and self.poll is None:
            raise ValueError("needs at least one proof: queue, cycle or poll")
        return self


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
    answers: str | None = None
    deadline_s: Seconds = 120.0


class Trigger(Item):
    """A reason to roll back, as ids (or ``kind.*``) of items; it fires when one of them breaks.

    Attributes:
        when: The items.
        status_from: For endpoints: only an answer with at least this status fires it.
    """

    kind_moments = ("postdeploy",)

    when: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    status_from: int | None = None


class Waiver(Item):
    """A broken promise that is tolerated until a day; unused or expired, it fails itself.

    Attributes:
        item: Id of the waived item.
        owner: Who answers for it.
        reason: Why, with a ticket.
        expires: The last day on which it holds (UTC).
        moments: When it applies; everywhere if empty.
    """

    item: Name
    owner: Name
    reason: Name
    expires: dt.date
    moments: tuple[Moment, ...] = ()


CHAPTERS: dict[str, dict[str, type[Item]]] = {
    "services": {"service": Service},
    "ports": {"port": ListeningPort},
    "paths": {"path": KeyPath},
    "runtimes": {"runtime": Runtime},
    "database": {
        "database": Database,
        "extension": Extension,
        "enum": Enum,
        "table": Table,
        "column": Column,
        "index": Index,
    },
    "migrations": {"migration": Migration},
    "rehearsal": {"rehearsal": Rehearsal},
    "endpoints": {"endpoint": Endpoint},
    "work": {"work": Work},
    "budgets": {"budget": Budget},
    "risks": {"risk": Risk},
    "plan": {"step": Step, "trigger": Trigger},
    "waivers": {"waiver": Waiver},
}
"""Kinds by chapter, in the order of the snapshot document."""

KINDS: dict[str, type[Item]] = {
    kind: model for kinds in CHAPTERS.values() for kind, model in kinds.items()
}
CHAPTER_OF: dict[str, str] = {kind: name for name, kinds in CHAPTERS.items() for kind in kinds}
