"""What a rehearsal of the migrations promises, and how the application runs Alembic."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Annotated, Literal

import pydantic

from gate.contract.intentions import DataChange, OneWay, Removal
from gate.contract.item import AbsolutePath, Commit, Item, Name, Seconds, Yes
from gate.contract.release import LINKS, Environment, EnvName, FileName, RollBack, Serve, Word
from gate.rule import exactly_one, never_absent
from gate.toml import Strict

Steps = Annotated[str, pydantic.Field(pattern=r"^(pending|all|last [1-9][0-9]{0,5})$")]

PLACES = ("user", "password", "host", "port", "database")
"""What an address is made of, as ``{user}`` and so on."""


def _places(*known: str) -> Callable[[str], str]:
    """A check that a text has no other placeholders than these."""

    def check(text: str) -> str:
        found = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        strange = [one for one in found if one not in known]
        if strange:
            words = ", ".join(f"{{{one}}}" for one in known)
            raise ValueError(f"{{{strange[0]}}} is not known here: {words} are")
        return text

    return check


Url = Annotated[Name, pydantic.AfterValidator(_places(*PLACES))]
Variable = Annotated[str, pydantic.AfterValidator(_places(*PLACES, "url"))]


VersionTable = Annotated[Name, pydantic.AfterValidator(lambda name: name.removeprefix("public."))]


class Alembic(Strict):
    """How migrations are run on the target, exactly as the deployment will run them.

    Attributes:
        folder: The release that holds the revisions; commands run there.
        git: Commit or tag of the release, where ``folder`` is a git repository in which another
            one is checked out: the rehearsal runs in a worktree of it beside ``folder``, which is
            removed afterwards. What git does not keep (``.venv``) is named in ``link``.
        link: Names in ``folder`` that a worktree gets links to.
        versions: Its folder of revision files.
        command: Alembic's command line, or that of a program that takes its words, such as
            ``flask db``.
        application: The application's own command line that migrates, such as
            ``["shop", "db", "upgrade"]``, instead: a Python program. What it asks of Alembic is
            not done; the rehearsal's step is, with the same configuration, at the same place.
        environment: What it needs beside ``variable``, PATH, HOME and LANG.
        variable: Environment variable by which the application finds its database.
        url: What the variable holds; ``{user}``, ``{password}``, ``{host}``, ``{port}`` and
            ``{database}`` are those of the clone.
        variables: Further variables that lead to it, with the same words and ``{url}``.
        option: Option of Alembic's ini file that is set to ``url``, such as ``sqlalchemy.url``,
            where ``env.py`` reads the ini file. ``{url}`` in a word of a command is the same.
        version_table: Where Alembic keeps the revision.
        hot: Tables that are read and written all the while, as the application would.
        idle_reader_s: How long the upgrade finds another session in its way that has read the hot
            tables and sits idle in its transaction; 0 for no such neighbour.
        deadline_s: How long one revision may take.
        steps: Which revisions are judged: ``pending`` ones and the promised way back, the
            ``last N`` up to the target, or ``all`` of the history. What cannot be gone back to from
            here is judged from an empty database.
        second_opinion: Whether ``pg_dump --schema-only`` is asked before and after each step, where
            the host has one of the server's version; it takes about as long as two dumps do.
        newly_allowed: What comes of a way down that fails on rows which only the upgraded schema
            takes (a NULL where ``NOT NULL`` went), or loses what they hold, and of one that fails
            on the first row of a table that has none: ``told`` is a warning, ``judged`` breaks
            ``restores``. A rollback meets such rows once the new release wrote some.
        strikes: Whether each step is also cut off half-way, by a ``lock_timeout`` and by a lost
            connection, and begun again: the same catalog must come of it. Takes two more ways down
            and four more ways up, and a superuser on the clone's server.
        migrators: How many apply each step at once, as replicas that start together do; none may
            fail, hang, or make another catalog. Takes another way down and up. A step that holds an
            advisory lock while something runs ``CONCURRENTLY`` is tried by two in any case.
        neighbours: Who else is at work when a step comes: a running ``pg_dump``, which has locked
            every table, and a ``VACUUM`` of what the step locks. How long the step waits for each,
            and what befalls either, is told; whoever reads and writes meanwhile counts for
            ``blocked_at_most_s``. Takes another way down and up for each.
        neighbours_s: How long a step waits for a neighbour until that leaves.
        one_way: Revisions that are not meant to be taken back; one that can be is wrong here.
        data_changes: Revisions that change rows for good; one that does not is wrong here.
        removes: Revisions that remove content for good; one that does not is wrong here.
    """

    RULES = (LINKS,)

    folder: AbsolutePath
    git: Commit | None = None
    link: tuple[FileName, ...] = ()
    versions: AbsolutePath
    command: Annotated[tuple[Word, ...], pydantic.Field(min_length=1)] = ("alembic",)
    application: Annotated[tuple[Word, ...], pydantic.Field(min_length=1)] | None = None
    environment: Environment = Environment()
    variable: Name = "DATABASE_URL"
    url: Url = "postgresql://{user}:{password}@{host}:{port}/{database}"
    variables: dict[EnvName, Variable] = {}
    option: Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")] | None = None
    version_table: Annotated[
        Name, pydantic.AfterValidator(lambda name: name.removeprefix("public."))
    ] = "alembic_version"
    hot: tuple[Name, ...] = ()
    idle_reader_s: Annotated[float, pydantic.Field(ge=0, le=60)] = 0.0
    deadline_s: Seconds = 60.0
    steps: Steps = "pending"
    second_opinion: bool = True
    newly_allowed: Literal["told", "judged"] = "told"
    strikes: bool = False
    migrators: Annotated[int, pydantic.Field(ge=1, le=8)] = 1
    neighbours: tuple[Literal["pg_dump", "VACUUM"], ...] = ()
    neighbours_s: Annotated[float, pydantic.Field(gt=0, le=60)] = 3.0
    one_way: tuple[OneWay, ...] = ()
    data_changes: tuple[DataChange, ...] = ()
    removes: tuple[Removal, ...] = ()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _whole_file(cls, given: object) -> object:
        if isinstance(given, dict) and "env_file" in given:
            raise ValueError(
                "env_file hands over a whole file, with what leads to mail servers and queues: "
                'write environment = { file = "...", take = ["NAME", ...] }'
            )
        return given

    @pydantic.model_validator(mode="after")
    def _own_variable(self) -> Alembic:
        for name in (self.variable, *self.variables):
            if name in self.environment.names():
                raise ValueError(f"{name} leads to the clone: leave it out of environment")
        if self.variable in self.variables:
            raise ValueError(f"variables.{self.variable}: variable and url say what it holds")
        return self

    @pydantic.model_validator(mode="after")
    def _one_command(self) -> Alembic:
        if self.application is not None and "command" in self.model_fields_set:
            raise ValueError("command and application: one of them says what is run")
        return self


class Vector(Strict):
    """A vector index and the query that it is there for.

    Attributes:
        index: Its name.
        table: Its table.
        column: Its column.
        operator: The distance operator that the application orders by.
        where: The application's filter, if it has one.
        limit: The application's LIMIT.
        recall: Share of the exact answer that the index must find, over the probes.
        probes: How many stored vectors are asked for.
    """

    index: Name
    table: Name
    column: Name
    operator: Literal["<->", "<=>", "<#>", "<+>", "<~>", "<%>"]
    where: str = ""
    limit: Annotated[int, pydantic.Field(ge=1, le=10000)]
    recall: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.9
    probes: Annotated[int, pydantic.Field(ge=1, le=1000)] = 10


class Rehearsal(Item):
    """Something about the rehearsal on a clone: exactly one of the keys.

    Attributes:
        clone: A clone can be made, and supports what is concluded from it.
        targets_clone: Alembic, run as the rehearsal runs it, opens the clone and nothing else.
        reaches: The revision that the upgrade ends at.
        schema: The clone is then what the contract promises for after, and nothing else.
        blocked_at_most_s: How long anybody may be kept waiting on a hot table.
        rewrites: The tables that may be rewritten.
        vector: A vector index serves the application's query.
        serves: The release from before works on the new schema.
        new_release: The release that is to be deployed works on the new schema: what breaks there
            is named before anything is deployed.
        rolls_back: The plan's downgrade works from the tree in which it will run.
        restores: The revision that the downgrade goes back to, leaving the catalog and the rows
            of the kept tables as they were.
        loses: The tables and columns (``table.column``) whose content a rollback gives up.
    """

    clone: Yes | None = None
    targets_clone: Yes | None = None
    reaches: str | None = None
    schema_: Yes | None = pydantic.Field(default=None, alias="schema")
    blocked_at_most_s: Annotated[float, pydantic.Field(ge=0)] | None = None
    rewrites: tuple[str, ...] | None = None
    vector: Vector | None = None
    serves: Serve | None = None
    new_release: Serve | None = None
    rolls_back: RollBack | None = None
    restores: str | None = None
    loses: tuple[str, ...] | None = None

    RULES = (
        exactly_one(
            *(
                "clone",
                "targets_clone",
                "reaches",
                "schema",
                "blocked_at_most_s",
                "rewrites",
                "vector",
            ),
            *("serves", "new_release", "rolls_back", "restores", "loses"),
        ),
        never_absent("a rehearsal"),
    )
