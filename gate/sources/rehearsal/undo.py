"""The plan's downgrade from the tree in which it will run, compared with the release's own."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.contract.model import Contract
from gate.contract.rehearsal import Alembic, Rehearsal
from gate.contract.release import Environment, RollBack
from gate.errors import ObservationError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal import alembic, rows
from gate.sources.rehearsal.company import Undone
from gate.sources.rehearsal.facts import Back
from gate.sources.rehearsal.leg import END, walk
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.runner import Runner, running
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.tree import taken_out
from gate.sources.rehearsal.way import Way

USUAL = "the environment of [alembic]"
UNKNOWN = re.compile(r"Can't locate revision identified by '([^']+)'")


@dataclasses.dataclass(frozen=True)
class _Lower:
    """What a way down leads to."""

    at: tuple[str, ...]
    catalog: Catalog
    prints: Mapping[str, rows.Print]


def asked(contract: Contract) -> dict[str, RollBack]:
    """What is to be tried, by item id."""
    items = contract.of(Rehearsal, "predeploy")
    return {id_: one.rolls_back for id_, one in items.items() if one.rolls_back is not None}


def undo_all(stage: Stage, way: Way, *, reached: bool) -> dict[str, Fact[tuple[Undone, ...]]]:
    """Try every downgrade that the contract names a tree for; the clone is as it was afterwards.

    Args:
        stage: The upgraded clone.
        way: The ways back.
        reached: Whether it is where the upgrade ends.

    Returns:
        What came of it, by item id, once per environment; or why it was not tried.
    """
    return {
        id_: _undo(stage, way, one, reached=reached) for id_, one in asked(stage.contract).items()
    }


def _undo(stage: Stage, way: Way, wanted: RollBack, *, reached: bool) -> Fact[tuple[Undone, ...]]:
    back = way.backs.get(wanted.to)
    if wanted.to in way.problems or back is None:
        why = way.problems.get(wanted.to, "no way back is known")
        return Absent(f"{wanted.to}: {why}")
    if not reached:
        return CannotTell("the clone is not where the upgrade ends", Cause.UPSTREAM)
    if not back.steps:
        return CannotTell(f"nothing lies between the clone and {wanted.to}", Cause.UPSTREAM)
    stage.tell(f"rehearsal: the downgrade to {wanted.to} from {wanted.folder}")
    try:
        lower = _own_way(stage, way, back)
        environments = wanted.environments or {USUAL: stage.how.environment}
        tried = [_tried(stage, wanted, back, one, lower) for one in environments.items()]
        if any(one.rows for one in tried):  # is that the tree's doing, or anew each time?
            again = _own_way(stage, way, back).prints
            usual = {name for name, one in lower.prints.items() if again.get(name) != one}
            tried = [
                one.model_copy(
                    update={"rows": {k: v for k, v in one.rows.items() if k not in usual}}
                )
                for one in tried
            ]
    except _NoWayError as error:
        return CannotTell(f"the release's own way down failed: {error}", Cause.UPSTREAM)
    return Seen(tuple(tried))


class _NoWayError(Exception):
    """The release itself does not go back."""


@contextmanager
def _for_a_while(stage: Stage) -> Iterator[None]:
    """Have the clone as it was afterwards."""
    saved = stage.save()
    try:
        yield
    finally:
        stage.restore(saved)


def _own_way(stage: Stage, way: Way, back: Back) -> _Lower:
    """Go back as the release itself does."""
    with _for_a_while(stage):
        for revision in back.steps:
            leg = walk(stage, revision, "down", back_to=way.below(revision))
            if leg.exit_status != 0:
                raise _NoWayError(f"{revision}: {reason(leg.output)}")
        return _look(stage)


def _look(stage: Stage) -> _Lower:
    catalog = stage.whole()
    columns = rows.columns_of(catalog, stage.how.version_table)
    return _Lower(stage.at(), catalog, rows.fingerprints(stage.connection, columns))


def _tried(
    stage: Stage, wanted: RollBack, back: Back, given: tuple[str, Environment], lower: _Lower
) -> Undone:
    """Go back from that tree, in an environment with its name."""
    name, environment = given
    began = time.monotonic()
    status, said = None, ""
    with _for_a_while(stage):
        try:
            with taken_out(wanted, stage.target, stage.carrier) as tree:
                how = _there(stage.how, tree, environment)
                with _beginning(stage, how) as runner:
                    proof = alembic.prove(how, stage.target, stage.clone, stage.carrier, runner)
                    if isinstance(proof, Absent):
                        return Undone(environment=name, exit_status=None, wrong=(proof.proof,))
                    status, said = _down(stage, how, runner, wanted.to, back)
        except ObservationError as error:
            stage.clone.way.sessions.check()
            stage.connection.execute(END)  # what was killed on the host may live on in the server
            said = said or str(error)
        undone = Undone(
            environment=name, exit_status=status, seconds=round(time.monotonic() - began, 3)
        )
        if status != 0:
            why = f"{reason(said)}{_unknown(said)}"
            return undone.model_copy(update={"wrong": (why,)})
        now = _look(stage)
    return undone.model_copy(update={"wrong": _unlike(lower, now), "rows": _rows(lower, now)})


def _unknown(said: str) -> str:
    """In words, what a tree does not hold."""
    found = UNKNOWN.search(said)
    return f": the tree holds no file of {found[1]}" if found else ""


def _there(how: Alembic, tree: RollBack, environment: Environment) -> Alembic:
    """How Alembic is run in that tree."""
    changed: dict[str, object] = {"folder": tree.folder, "environment": environment, "git": None}
    if tree.command is not None:
        changed |= {"command": tree.command, "application": None}
    return how.model_copy(update=changed)


@contextmanager
def _beginning(stage: Stage, how: Alembic) -> Iterator[Runner | None]:
    """Alembic's process in that tree, where it does not find the clone by a variable."""
    if alembic.by_name(how):
        yield None
        return
    with running(how, stage.target, stage.clone, stage.carrier) as runner:
        yield runner


def _down(
    stage: Stage, how: Alembic, runner: Runner | None, to: str, back: Back
) -> tuple[int | None, str]:
    """The command line itself; step by step where there is none of Alembic's words."""
    if runner is None:
        output = alembic.run(how, stage.target, stage.clone, stage.carrier, "downgrade", to)
        return output.rc, output.stdout.decode("utf-8", "replace")
    for revision in back.steps:
        answer = runner.ask("down", revisions=[revision])
        if answer.status != 0:
            return answer.status, answer.said
    return 0, ""


def _unlike(own: _Lower, now: _Lower) -> tuple[str, ...]:
    """What is not as the release's own way down leaves it."""
    found = []
    if sorted(own.at) != sorted(now.at):
        found.append(f"it ends at {', '.join(now.at) or 'nothing'}")
    return (*found, *diff(own.catalog, now.catalog).lines())


def _rows(own: _Lower, now: _Lower) -> dict[str, str]:
    """Sentences about tables whose rows are other ones, by table."""
    return {
        name: rows.changed({name: was}, now.prints)[0]
        for name, was in own.prints.items()
        if name in now.prints and now.prints[name] != was
    }
