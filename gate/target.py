"""Where to look: a target file, read strictly; it names credentials and never holds them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate import host_spec, literals
from gate.api import Api
from gate.clone_source import CloneSource
from gate.errors import TargetError
from gate.launch_commands import Launcher
from gate.postgres import NO_DATABASE, Database
from gate.redis import Redis
from gate.rule import Both, Filled, Has, Is, Rule, Some
from gate.signing_key import Evidence
from gate.target_drill import Drill
from gate.text import prose
from gate.toml import Strict, parse, place

Prose = Annotated[str, pydantic.Field(min_length=1), pydantic.AfterValidator(prose)]
Readers = Literal["owner", "group", "all"]


SECRET_KEY = literals.KEY


class Difference(Strict):
    """A declared difference between this target and the contract; shown in every report.

    Attributes:
        item: Id of the item.
        set: Keys of the item that are replaced on this target, at every moment.
        before, after: Keys that are replaced on one side only.
        reason: Why it is right that this target differs.
    """

    item: str
    set: dict[str, Any] = {}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    reason: Prose

    RULES = (
        Rule(
            Some(Filled("set"), Filled("before"), Filled("after")),
            "changes nothing: needs set, before or after",
        ),
    )


class Deadlines(Strict):
    """How long each part of a look may take, and the settling window, in seconds.

    Attributes:
        host_s: The host's one script.
        database_s: The database's session, each statement of it.
        connect_s: Getting a connection.
        window_s: Between the two readings of what has to stand still.
        answer_mib: How much a host may answer, in MiB; what it says beyond that is not read.
    """

    host_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 20.0
    database_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 15.0
    connect_s: Annotated[float, pydantic.Field(gt=0, le=60)] = 5.0
    window_s: Annotated[float, pydantic.Field(ge=0, le=60)] = 0.5
    answer_mib: Annotated[int, pydantic.Field(ge=1, le=1024)] = 32


class Reports(Strict):
    """How the reports of a target are kept.

    Attributes:
        keep: How many runs stay; older ones are removed, but for those that a link leads to.
        readable_by: Who may read them: folders get 0700 and files 0600, or 0750 and 0640, or 0755
            and 0644.
    """

    keep: Annotated[int, pydantic.Field(ge=1, le=100_000)] = 20
    readable_by: Readers = "owner"


NO_API = Api.model_construct(base="")
"""Of a target without ``[api]``: nothing can be promised of endpoints there."""

WAYS = f"^({'|'.join(host_spec.WAYS)})://"
"""What a host spec begins with; `gate.host_spec` says the rest."""
NOT_WRITTEN = ("file",)
"""What no file says: it becomes known when one is read."""


class Target(Strict):
    """One place that can be gated.

    Attributes:
        deadlines: How long each part of a look may take.
        name: The file's name without its suffix; reports are kept under it.
        title: What people call it.
        host: testinfra host spec, such as ``local://`` or ``ssh://navi@hera``.
        sudo: Whether the host look may use ``sudo -n``.
        ssh_config, ssh_identity_file, ssh_known_hosts: As OpenSSH takes them.
        prefix: Put before every path of the contract (a target below a folder of its own).
        port_offset: Added to every port of the contract.
        users: Who stands for a user of the contract here, by the contract's name.
        instance: Which one of several like it this is; a look at another one is no baseline.
        path: Folders put before PATH on the host.
        embedded: Whether this is a throw-away system that the gate starts itself.
        launcher: The commands that start it.
        file: The file that this was read from.
        api: Only where something is promised of endpoints.
        database: Only where something is promised of a database.
        redis: Only where something is promised of it, or of a queue that is kept there.
        rehearsal: Where migrations may be rehearsed.
        reports: How many runs are kept, and who may read them.
        evidence: Whose key signs what a run found.
        drill: That faults may be done to it on purpose.
        differs: Declared differences.
    """

    name: Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")]
    title: Prose
    host: Annotated[str, pydantic.Field(json_schema_extra={"pattern": WAYS})]
    sudo: bool = False
    ssh_config: str | None = None
    ssh_identity_file: str | None = None
    ssh_known_hosts: str | None = None
    prefix: str = ""
    port_offset: int = 0
    users: dict[str, str] = {}
    path: tuple[str, ...] = ()
    embedded: bool = False
    launcher: Launcher | None = None
    file: str = ""
    instance: str = ""
    api: Api = NO_API
    database: Database = NO_DATABASE
    redis: Redis | None = None
    rehearsal: CloneSource | None = None
    deadlines: Deadlines = Deadlines()
    reports: Reports = Reports()
    evidence: Evidence | None = None
    drill: Drill | None = None
    differs: tuple[Difference, ...] = ()

    @pydantic.field_validator("host")
    @classmethod
    def _spec(cls, value: str) -> str:
        host_spec.check(value)
        return value

    RULES = (
        Rule(
            Both(Is("embedded", True), Has("launcher")),
            "embedded = true and [launcher] go together",
        ),
    )

    def at_database(self, name: str) -> Target:
        """The same, with one of its further databases in the place of its own."""
        return self.model_copy(update={"database": self.database.at(name)}) if name else self

    def at_redis(self, name: str) -> Target:
        """The same, with one of its further Redis in the place of its own."""
        if not name:
            return self
        found = self.redis.at(name) if self.redis else None
        return self.model_copy(update={"redis": found})

    def placed(self, path: str) -> str:
        """A path of the contract as it is on this target."""
        return self.prefix + path

    def user(self, name: str | None) -> str | None:
        """A user of the contract as called on this target."""
        return self.users.get(name, name) if name else name

    def port(self, port: int) -> int:
        """A port of the contract as it is on this target."""
        return port + self.port_offset

    def value(self, name: str, environ: Mapping[str, str] = os.environ) -> str | None:
        """The value for ``{name}`` in an endpoint's path; ``None`` where it is not given."""
        if name in self.api.values:
            return self.api.values[name]
        variable = self.api.values_env.get(name)
        return environ.get(variable) if variable else None


def load_target(name_or_path: str, folder: pathlib.Path, **extra: Any) -> Target:
    """Read a target by name (in ``folder``) or by path.

    Args:
        name_or_path: ``hera`` for ``folder/hera.toml``, or a path to a TOML file.
        folder: Where the named targets are.
        **extra: Keys that are known only now, put over the file's (an embedded sandbox's ports).

    Raises:
        TargetError: No such target, malformed, an unknown key, or a literal credential; the text
            names the file and the key.
    """
    is_path = name_or_path.endswith(".toml") or os.sep in name_or_path
    file = pathlib.Path(name_or_path) if is_path else folder / f"{name_or_path}.toml"
    if not file.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.toml"))) or "none"
        raise TargetError(
            f"no target {name_or_path!r}: there is no file {file}; "
            f"named targets: {known}; or give the path of a .toml file"
        )
    data: dict[str, Any] = {"name": file.stem, **parse(file, TargetError)}
    for key in NOT_WRITTEN:
        if key in data:
            known = ", ".join(sorted(Target.model_fields.keys() - {*NOT_WRITTEN}))
            raise TargetError(f"{file}: {key}: unknown key; known: {known}")
    data["file"] = str(file)
    found = literals.literal(data)
    if found is not None:
        raise TargetError(
            f"{file}: {found[0]}: {found[1]}; name an environment variable (user_env, "
            f"password_env) or a libpq service"
        )
    for key, value in extra.items():
        old = data.get(key)
        data[key] = {**old, **value} if isinstance(old, dict) else value
    try:
        return Target.model_validate(data)
    except pydantic.ValidationError as error:
        raise TargetError(place(str(file), error, Target)) from error
