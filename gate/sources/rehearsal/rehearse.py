"""One rehearsal from the clone to the receipt; each stage that fails says why the next is open."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import psycopg

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError, first_line
from gate.contract.model import Contract
from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.migrations.facts import Chain
from gate.sources.rehearsal import alembic, receipt, release, together, undo, vectors, way
from gate.sources.rehearsal.account import Gone, account
from gate.sources.rehearsal.backward import backward
from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.box import EARLIER
from gate.sources.rehearsal.cloning import cloned
from gate.sources.rehearsal.company import Bystander
from gate.sources.rehearsal.ended import ItselfError
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.nothing import from_nothing
from gate.sources.rehearsal.runner import Runner, running, starting
from gate.sources.rehearsal.scope import Scope, scope
from gate.sources.rehearsal.stage import Stage, Tell
from gate.sources.rehearsal.step import Step, forward
from gate.sources.rehearsal.tree import taken_out
from gate.sources.rehearsal.unheard import unheard
from gate.sources.rehearsal.watched import merged
from gate.target import Target

UNPROVEN = "nothing was migrated: Alembic was not proven to open the clone"
STRANGERS = """
    SELECT coalesce(nullif(application_name, ''), 'a session without a name') || ' as ' || usename
      FROM pg_stat_activity
     WHERE datname = %s AND backend_type = 'client backend' AND backend_start > %s
       AND NOT starts_with(application_name, 'atum-desk-gate')
"""


def rehearse(
    contract: Contract, target: Target, carrier: Carrier, chain: Fact[Chain], tell: Tell
) -> Fact[RehearsalFacts]:
    """Rehearse what the contract's ``[alembic]`` describes, on a clone that is gone afterwards.

    Args:
        contract: Says how Alembic is run and what the rehearsal is to show.
        target: Names where clones may be made.
        carrier: The way to the host: Alembic runs there.
        chain: The revisions of the release that is to be deployed.
        tell: Is told of every stage as it begins.

    Returns:
        The facts; or why there could be no rehearsal at all.
    """
    how, source = contract.alembic, target.rehearsal
    if how is None:
        return Absent("the contract says nothing of Alembic")
    if source is None:
        return CannotTell(
            f"target {target.name} names no place to rehearse: [rehearsal] service = ... in its "
            f"file (a role that may create databases, on another server if you can)",
            Cause.UPSTREAM,
        )
    began = time.monotonic()
    left: list[str] = []
    try:
        tell("rehearsal: cloning the database")
        with (
            taken_out(how, target, carrier) as how,
            cloned(target, source, carrier, left) as (clone, facts),
            ExitStack() as sessions,
        ):
            connection = sessions.enter_context(clone.connect())
            stage = Stage(how, contract, target, carrier, clone, tell, connection, sessions)
            fresh = source.kind not in ("backup", "command")
            seen = receipt.revisions(clone, facts, stage.at(), how.version_table, fresh=fresh)
            found = _rehearse(stage, chain, RehearsalFacts(
                clone=Seen(seen), targets_clone=_open("the proof"), reached=_open("the upgrade"),
                after=_open("the upgrade"), receipts=_open("the downgrade"),
            ))  # fmt: skip
    except ObservationError as error:
        cause = error.cause if isinstance(error, CarrierError) else Cause.UPSTREAM
        return CannotTell("; ".join([str(error), *left]), cause)
    except psycopg.Error as error:
        return CannotTell("; ".join([f"rehearsal: {first_line(error)}", *left]), Cause.UPSTREAM)
    seconds = time.monotonic() - began
    earlier = tuple(one for one in left if one.startswith(EARLIER))
    own = tuple(one for one in left if one not in earlier)
    unkept = stage.runner.unkept if stage.runner is not None else ""
    told = {"seconds": seconds, "unkept": unkept, "left": own, "earlier": earlier}
    return Seen(found.model_copy(update=told))


def _open(what: str, why: str = "not reached") -> CannotTell:
    return CannotTell(f"{what}: {why}", Cause.UPSTREAM)


def _rehearse(stage: Stage, chain: Fact[Chain], facts: RehearsalFacts) -> RehearsalFacts:
    if alembic.by_name(stage.how):
        return _proven(stage, chain, facts)
    try:
        with running(stage.how, stage.target, stage.clone, stage.carrier) as stage.runner:
            return _proven(stage, chain, facts)
    except ObservationError as error:
        if stage.runner is not None:
            raise  # it had started: what went wrong is another matter
        return _closed(facts, str(error)).model_copy(
            update={"targets_clone": CannotTell(str(error), Cause.UPSTREAM)}
        )


def _proven(stage: Stage, chain: Fact[Chain], facts: RehearsalFacts) -> RehearsalFacts:
    if stage.runner is not None:
        facts = _explained(stage, _proof(stage, facts), lambda: stage.runner)
        if not isinstance(facts.targets_clone, Seen):
            return _closed(facts, UNPROVEN)
        return _up_down_up(stage, chain, facts)
    # It opens nothing before it is asked, and what it imports takes as long as the proof.
    with starting(stage.how, stage.target, stage.clone, stage.carrier) as started:
        facts = _explained(stage, _proof(stage, facts), started)
        if not isinstance(facts.targets_clone, Seen):
            return _closed(facts, UNPROVEN)
        stage.runner = started()
        proof = alembic.prove_process(stage.how, stage.clone, stage.runner)
        if isinstance(proof, Absent):
            return _closed(facts.model_copy(update={"targets_clone": proof}), proof.proof)
        if stage.runner is None and isinstance(chain, Seen):
            stage.unheard = functools.cache(functools.partial(unheard, stage, chain.value))
        return _up_down_up(stage, chain, facts)


def _proof(stage: Stage, facts: RehearsalFacts) -> RehearsalFacts:
    """Have Alembic open the clone, and nobody the live database meanwhile."""
    stage.tell("rehearsal: proving that Alembic opens the clone")
    live, row = stage.clone.live, stage.connection.execute("SELECT clock_timestamp()").fetchone()
    try:
        proof = alembic.prove(stage.how, stage.target, stage.clone, stage.carrier, stage.runner)
    except CarrierError as error:
        proof = CannotTell(str(error), error.cause)
    except ObservationError as error:
        proof = CannotTell(str(error), Cause.UPSTREAM)
    with live.connect("strangers") as session:
        same = (
            row
            if stage.clone.beside_live
            else session.execute("SELECT now() - '1 s'::interval").fetchone()
        )
        strangers = [one for (one,) in session.execute(
            STRANGERS, [live.here["dbname"], (same or [None])[0]])]  # fmt: skip
    return facts.model_copy(
        update={
            "targets_clone": proof,
            "strangers": tuple(dict.fromkeys(strangers)),
            "began": stage.at(),
        }
    )


def _explained(
    stage: Stage, facts: RehearsalFacts, started: Callable[[], Runner | None]
) -> RehearsalFacts:
    """Tell who opens another database from who looks for the revision in another table."""
    if not isinstance(facts.targets_clone, Absent):
        return facts
    try:
        why = alembic.astray(stage.how, started())
    except ItselfError as error:
        why = str(error)
    except (CarrierError, ObservationError):  # what is known stands
        return facts
    told = CannotTell(why, Cause.UPSTREAM)
    return facts.model_copy(update={"targets_clone": told}) if why else facts


def _closed(facts: RehearsalFacts, why: str) -> RehearsalFacts:
    return facts.model_copy(
        update={
            "reached": _open("the upgrade", why),
            "after": _open("the upgraded schema", why),
            "receipts": _open("the downgrade", why),
        }
    )


def _up_down_up(stage: Stage, chain: Fact[Chain], facts: RehearsalFacts) -> RehearsalFacts:
    try:
        found = way.find(stage, chain)
    except way.ElsewhereError as error:
        elsewhere = facts.model_copy(update={"targets_clone": Absent(str(error))})
        return _closed(elsewhere, "Alembic opens another database beside the clone")
    except ObservationError as error:
        return _closed(facts, str(error))
    facts = facts.model_copy(
        update={"heads": found.heads, "backs": found.backs, "problems": found.problems}
    )
    wrong = {name: why for name, why in found.problems.items() if name in way.asked(
        stage.contract)[0]}  # fmt: skip
    if wrong:
        return _closed(facts, "; ".join(f"{name}: {why}" for name, why in wrong.items()))
    chosen = scope(stage.how.steps, found)
    facts = facts.model_copy(update={"steps": stage.how.steps, "history": len(found.history)})
    start = stage.save() if chosen.backward and found.order else None
    facts, steps = _forth(stage, found, chosen, facts)
    failed = bool(steps) and steps[-1].stopped
    if not failed:
        facts = release.serve_all(stage, facts, steps)
    reached = not failed and sorted(stage.at()) == sorted(found.heads)
    facts = facts.model_copy(update={"undone": undo.undo_all(stage, found, reached=reached)})
    if start:
        stage.restore(start)
    back = _back(stage, chosen.backward, found)
    judged = [one.receipt for one in (*steps, *back) if one.receipt is not None]
    again = (
        {*chosen.backward, *chosen.forward}
        - {one.revision for one in judged if one.revision not in chosen.backward}
        - {one.revision for one in steps if one.unknown}
    )
    empty, why = from_nothing(stage, found, again) if again else ([], "")
    return account(facts, found, chosen, Gone(steps, back, empty, why))


def _forth(
    stage: Stage, found: way.Way, chosen: Scope, facts: RehearsalFacts
) -> tuple[RehearsalFacts, list[Step]]:
    """Apply what is pending, each revision for itself."""
    seen: dict[str, Any] = {}
    steps: list[Step] = []
    asks = release.asked(stage.contract) or undo.asked(stage.contract)
    first = together.wanted(stage, found.order)
    base = Base(stage, copied=bool(chosen.forward) and stage.clone.superuser, first=first)

    def at_the_end() -> None:
        seen.update(reached=Seen(stage.at()), after=stage.look(), vectors=_vectors(stage))

    if not found.order:
        at_the_end()
    for number, revision in enumerate(found.order):
        last = number == len(found.order) - 1
        step = forward(
            stage,
            revision,
            found.below(revision),
            base=base,
            upon=at_the_end if last else _nothing,
            stays=not last or bool(asks),
            back=revision in chosen.forward,
            came=steps[-1].above if steps else None,
        )
        steps.append(step)
        if step.stopped:
            why = f"{revision} could not be applied"
            seen |= {"reached": Seen(stage.at()), "after": _open("the upgraded schema", why)}
            break
    others: tuple[Bystander, ...] = ()
    if len(steps) > 1 and not steps[-1].stopped:
        seen["together"], others = together.go(stage, steps, base)
    base.forget()
    legs = {"up": tuple(one.up for one in steps if one.up is not None)}
    bystanders = merged([*(one for step in steps for one in step.bystanders), *others])
    return facts.model_copy(update={**seen, **legs, "bystanders": bystanders}), steps


def _nothing() -> None:
    """For revisions that are not the last."""


def _back(stage: Stage, behind: Iterable[str], found: way.Way) -> list[Step]:
    """Go back over what the clone had already, newest first."""
    steps: list[Step] = []
    for revision in behind:
        steps.append(backward(stage, revision, found.below(revision)))
        receipt = steps[-1].receipt
        if receipt is None or receipt.failed:
            break
    return steps


def _vectors(stage: Stage) -> dict[str, Any]:
    return {
        id_: vectors.ask(stage.connection, item.vector)
        for id_, item in stage.contract.of(Rehearsal, "predeploy").items()
        if item.vector is not None
    }
