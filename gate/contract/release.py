"""A release that the rehearsal runs beside the one that is deployed, and what it is given."""

from __future__ import annotations

import re
from typing import Annotated

import pydantic

from gate.contract.item import AbsolutePath, Commit, Json, Name
from gate.rule import Both, Filled, Has, Not, Rule, Some
from gate.toml import Strict

EnvName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
FileName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$")]
Address = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*:[1-9][0-9]{0,4}$")]
PASSED_ON = ("PATH", "HOME", "LANG")
"""All that a program that the rehearsal starts has of the environment that the gate found."""
LITERAL = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}")
"""A word in braces that is no placeholder: written as ``{{word}}``."""
PLACE = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A placeholder in a word of a command; ``${NAME}`` is a shell's own, JSON has no bare names."""


def _leads(word: str) -> str:
    """A check that a word of a command has no other placeholder than ``{url}``."""
    strange = [one for one in PLACE.findall(LITERAL.sub("", word)) if one != "url"]
    if strange:
        name = strange[0]
        raise ValueError(
            f"{{{name}}} is not known here: {{url}} is, and {{{{{name}}}}} is {{{name}}} itself"
        )
    return word


def spelled(word: str) -> str:
    """A word of a command as it is run: what stands in double braces is a word in single ones."""
    return LITERAL.sub(r"{\1}", word)


Word = Annotated[Name, pydantic.AfterValidator(_leads)]


class Environment(Strict):
    """Environment of a program that the rehearsal starts: what is named here, and nothing else.

    Attributes:
        file: File of ``NAME=value`` lines on the host, as systemd reads it; it is not executed.
        take: Names that are taken from the file; each must stand there.
        give: Further variables; no secrets, since a contract is no place for them.
    """

    RULES = (Rule(Both(Has("file"), Filled("take")), 'file and take = ["NAME", ...] go together'),)

    file: AbsolutePath | None = None
    take: tuple[EnvName, ...] = ()
    give: dict[EnvName, str] = {}

    @pydantic.model_validator(mode="after")
    def _sensible(self) -> Environment:
        twice = {one for one in self.take if self.take.count(one) > 1} | {*self.take} & {*self.give}
        if twice:
            raise ValueError(f"names {', '.join(sorted(twice))} twice")
        return self

    def names(self) -> set[str]:
        """Every variable that it gives."""
        return {*self.take, *self.give}


LINKS = Rule(Some(Not(Filled("link")), Has("git")), "link goes with git")


class Serve(Strict):
    """A release that is started on the upgraded clone, and reads and writes there.

    Attributes:
        ready: Name of the endpoint item that it answers once it is ready.
        folder: Where it runs.
        git: Commit or tag of the release, as in ``[alembic]``; left out, what lies in ``folder``.
        link: Names in ``folder`` that a worktree gets links to.
        command: A POSIX shell command that serves HTTP on 127.0.0.1, port ``$PORT``.
        environment: What it needs beside Alembic's ``variable``, PORT, PATH, HOME and LANG; what
            Alembic needs, where it is left out.
        may_reach: ``host:port`` of what it may connect to beside the clone.
        unfenced: Why it may be started where its network cannot be shut; left out, it is not.
        endpoints: Names of endpoint items that must be answered as promised (before, by the release
            from before; after, by the new one); all quick ones if empty.
        access: Names of access items that must hold there, too.
        canaries: Names of canaries that fly there; all if left out.
        write: A request that writes: path, role, JSON and the status it must be answered with.
    """

    RULES = (LINKS,)

    folder: AbsolutePath
    git: Commit | None = None
    link: tuple[FileName, ...] = ()
    command: Name
    ready: Name
    environment: Environment | None = None
    may_reach: tuple[Address, ...] = ()
    unfenced: Name | None = None
    endpoints: tuple[Name, ...] = ()
    access: tuple[Name, ...] = ()
    canaries: tuple[Name, ...] | None = None
    write: dict[str, Json] = {}


class RollBack(Strict):
    """The plan's downgrade, from the tree in which it will run.

    A tree that does not hold a revision's file cannot take that revision back. What comes of it is
    compared with what the release's own way down makes of the same rows.

    Attributes:
        to: The revision that it goes back to.
        folder: Where it runs.
        git: Commit or tag of the tree, as in ``[alembic]``; left out, what lies in ``folder``.
        link: Names in ``folder`` that a worktree gets links to.
        command: Alembic's command line there, where it is not that of ``[alembic]``.
        environments: What it is given, by a name such as ``operator`` or ``timer``; it is tried
            with each, and the same must come of them. What Alembic needs, where it is left out.
    """

    RULES = (LINKS,)

    to: Name
    folder: AbsolutePath
    git: Commit | None = None
    link: tuple[FileName, ...] = ()
    command: Annotated[tuple[Word, ...], pydantic.Field(min_length=1)] | None = None
    environments: dict[Name, Environment] = {}
