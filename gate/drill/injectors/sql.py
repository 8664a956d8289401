"""SQL on the database, as the role that the target's ``[drill]`` names."""

from __future__ import annotations

import shlex
from typing import Annotated

import pydantic

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts
from gate.target import Target
from gate.toml import Strict

Statements = Annotated[tuple[Text, ...], pydantic.Field(min_length=1)]


class Sql(Strict):
    """Statements; each runs in a transaction of its own.

    Attributes:
        do: Does it.
        ready: A query of one boolean: whether the effect is there.
        undo: Takes it back.
    """

    do: Statements
    ready: Text
    undo: Statements


def _scripts(given: Sql, target: Target) -> Scripts:
    del target
    return Scripts(
        do=run(given.do),
        ready=f'[ "$({run((given.ready,))})" = t ]',
        undo=run(given.undo),
    )


def run(statements: tuple[str, ...]) -> str:
    """The line of a script that runs statements."""
    text = "".join(f"{one.rstrip().rstrip(';')};\n" for one in statements)
    return f"printf %s {shlex.quote(text)} | gate_sql"


INJECTOR = Injector(name="sql", model=Sql, scripts=_scripts)
