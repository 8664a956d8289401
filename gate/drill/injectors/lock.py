"""A session that holds a lock of the database, and does nothing else."""

from __future__ import annotations

import shlex

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts
from gate.drill.injectors.sql import run
from gate.target import Target
from gate.toml import Strict

HELD_S = 600
"""It ends by itself after so long, should nobody undo it."""
NAME = "gate-drill-lock"


class Lock(Strict):
    """What is held, until it is undone.

    Attributes:
        statement: Takes the lock, such as ``LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE``.
    """

    statement: Text


def _scripts(given: Lock, target: Target) -> Scripts:
    del target
    begin = f"SET application_name = '{NAME}';\nBEGIN;\n{given.statement.rstrip().rstrip(';')};\n"
    held = f"{begin}SELECT pg_sleep({HELD_S});\n"
    mine = f"FROM pg_stat_activity WHERE application_name = '{NAME}'"
    return Scripts(
        do=f"(printf %s {shlex.quote(held)} | gate_sql) >/dev/null 2>&1 </dev/null &",
        ready=f'[ "$({run((f"SELECT count(*) > 0 {mine} AND query ~ $$pg_sleep$$",))})" = t ]',
        undo=run((f"SELECT count(pg_terminate_backend(pid)) {mine}",)) + " >/dev/null",
    )


INJECTOR = Injector(name="lock", model=Lock, scripts=_scripts)
