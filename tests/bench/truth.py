"""What a history's steps give back, by pg_dump alone: the rehearsal is held against it."""

from __future__ import annotations

import dataclasses
import difflib
import pathlib
import re
import subprocess

import psycopg
from psycopg import sql

from gate.connection.carrier import open_carrier
from gate.contract.model import Contract
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.cloning import cloned
from gate.sources.rehearsal.runner import Runner, running
from gate.sources.rehearsal.way import asked
from gate.target import Target

NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*|\s*)$")
SHOWN = 12


@dataclasses.dataclass(frozen=True)
class Truth:
    """What came of one step.

    Attributes:
        broken: What failed: ``up``, ``down`` or ``again``.
        lines: How the dump after the way down differs from the one before the way up.
        again: How the dump after the second way up differs from the one after the first.
    """

    broken: str = ""
    lines: tuple[str, ...] = ()
    again: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the step gives everything back."""
        return not (self.broken or self.lines or self.again)


def truth(contract: Contract, target: Target, binaries: pathlib.Path) -> dict[str, Truth]:
    """Go a whole history from an empty database, step by step, and dump before and after.

    Alembic is run as the rehearsal runs it; nothing else of the rehearsal has a part in this. With
    ``steps = "last N"`` those before are only applied.
    """
    how, source = contract.alembic, target.rehearsal
    assert how is not None
    assert source is not None
    found: dict[str, Truth] = {}
    with (
        open_carrier(target) as carrier,
        cloned(target, source, carrier) as (clone, _),
        running(how, target, clone, carrier) as runner,
    ):
        assert runner is not None
        plan = runner.ask("plan", reaches=asked(contract)[0], restores=[])
        assert "order" in plan.found, plan.said
        order = plan.found["order"]
        left = order[: -int(how.steps[5:])] if how.steps.startswith("last ") else []
        for revision in left:
            done = runner.ask("up", revisions=[revision])
            assert done.status == 0, (revision, done.said)
        for revision in order[len(left) :]:
            found[revision] = _step(clone, runner, revision, binaries, how.version_table)
            if found[revision].broken == "up":
                break
    return found


def _step(
    clone: Clone, runner: Runner, revision: str, binaries: pathlib.Path, versions: str
) -> Truth:
    before = _dump(clone, binaries, versions)
    if runner.ask("up", revisions=[revision]).status != 0:
        return Truth("up")
    above, copy = _dump(clone, binaries, versions), f"{clone.name}_truth"
    with clone.way.to("postgres").connect() as admin:
        names = sql.Identifier(copy), sql.Identifier(clone.name)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            return _back(clone, runner, revision, binaries, versions, before, above)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[1]))
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
            _mark_again(admin, clone)


def _mark_again(admin: psycopg.Connection[object], clone: Clone) -> None:
    """What is to be dropped at the end bears the mark."""
    from gate.sources.rehearsal import mark  # noqa: PLC0415

    mark.write(admin, clone.name, clone.live.there["dbname"])


def _back(  # noqa: PLR0917 - a step's surroundings
    clone: Clone,
    runner: Runner,
    revision: str,
    binaries: pathlib.Path,
    versions: str,
    before: list[str],
    above: list[str],
) -> Truth:
    if runner.ask("down", revisions=[revision]).status != 0:
        return Truth("down")
    lines = _between(before, _dump(clone, binaries, versions))
    if lines:
        return Truth(lines=lines)
    if runner.ask("up", revisions=[revision]).status != 0:
        return Truth("again")
    return Truth(again=_between(above, _dump(clone, binaries, versions)))


def _between(one: list[str], other: list[str]) -> tuple[str, ...]:
    lines = difflib.unified_diff(one, other, n=0, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))[:SHOWN]


def _dump(clone: Clone, binaries: pathlib.Path, versions: str) -> list[str]:
    way = clone.way.here
    done = subprocess.run(  # noqa: S603 - of the package
        [binaries / "pg_dump", "--schema-only", "-h", way["host"], "-p", way["port"],
         "-U", way["user"], "-d", clone.name, "--exclude-table", versions],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    # The order of a table's columns is none of the differences: none that was dropped gets its
    # place back.
    return sorted(one.rstrip(",") for one in done.stdout.splitlines() if not NOISE.match(one))
