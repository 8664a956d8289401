"""How the interpreter is started in which Alembic runs, out of a command line."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shlex

from gate.contract.rehearsal import Alembic

SHEBANG = """\
program=$(command -v {program}) || {{ echo {program}: not found; exit 127; }}
IFS= read -r line <"$program"
case $line in
  '#!/bin/sh') line=$(sed -n 2p "$program"); line=${{line#*exec\\' }}
    python=${{line%% \\"\\$0\\"*}}; python=${{python#\\"}}; python=${{python%\\"}} ;;
  *env\\ *) python=${{line##*env }} ;;
  *) python=${{line#'#!'}} ;;
esac
"""
PYTHON = re.compile(r"python[0-9.]*|pypy[0-9.]*")
LAUNCHERS = ("uv", "poetry", "pdm", "pipenv", "hatch", "rye")
"""Programs whose ``run`` starts another one in a project's environment."""


@dataclasses.dataclass(frozen=True)
class Begin:
    """How it is begun.

    Attributes:
        before: Shell lines that come before; they find ``$python`` in the program's first line.
        python: The beginning of the command line.
        words: Alembic's own options; none for an application.
        application: The application's command line, for its interpreter; ``None`` for Alembic's.
        guessed: Whether it may be no Python program at all.
    """

    before: str
    python: str
    words: tuple[str, ...] = ()
    application: tuple[str, ...] | None = None
    guessed: bool = False


def begin(how: Alembic) -> Begin:
    """Read the contract's command line."""
    if how.application is not None:
        return _application(how.application)
    for number, word in enumerate(how.command):
        if word == "-m" and how.command[number + 1 : number + 2] == ("alembic",) and number:
            return Begin("", shlex.join(how.command[:number]), how.command[number + 2 :])
        if pathlib.PurePosixPath(word).name == "alembic":
            words = how.command[number + 1 :]
            if number:
                return Begin("", shlex.join([*how.command[:number], "python"]), words)
            return Begin(SHEBANG.format(program=shlex.quote(word)), '"$python"', words)
    found = _application((*how.command, "current"))
    return dataclasses.replace(found, guessed=True)


def _application(words: tuple[str, ...]) -> Begin:
    first = pathlib.PurePosixPath(words[0]).name
    if first in LAUNCHERS and words[1:2] == ("run",):
        inner = _application(words[2:] or ("python",))
        python = "python" if inner.before else inner.python
        return Begin("", f"{shlex.join(words[:2])} {python}", application=inner.application)
    if not PYTHON.fullmatch(first):
        found = SHEBANG.format(program=shlex.quote(words[0]))
        return Begin(found, '"$python"', application=words)
    options = 1
    while options < len(words) and words[options] != "-m" and words[options].startswith("-"):
        options += 2 if words[options] in ("-W", "-X") else 1
    return Begin("", shlex.join(words[:options]), application=words[options:])
