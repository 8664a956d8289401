"""The rehearsal: what the clone showed of the migration and of its way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from gate.catalog.roles import of_a_role
from gate.contract.model import Promise
from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.kinds.column import Column
from gate.kinds.database import Database
from gate.kinds.enum import Enum
from gate.kinds.extension import Extension
from gate.kinds.finding import Finding
from gate.kinds.index import Index
from gate.kinds.judge import compare
from gate.kinds.rehearsal import back, in_one, lacking, serves, summary, undone
from gate.kinds.rehearsal.leg import failed
from gate.kinds.scene import Scene
from gate.kinds.table import Table
from gate.sources.fact import Absent, Seen, known, require
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.reason import reason

SHOWN = 5
"""Differences that a finding names; the report has them all."""
STRONG = "AccessExclusiveLock"


def rehearsal(promise: Promise, scene: Scene) -> Finding:
    """Compare what is promised of the rehearsal."""
    item = scene.item(promise, Rehearsal)
    facts = require(scene.observed.rehearsal, "rehearsal")
    for name, judge in COMPARISONS.items():
        if getattr(item, name) is None:
            continue
        finding = judge(item, facts, promise, scene)
        open_ = lacking.needed(name, facts) if finding.holds else []
        if open_:
            raise ObservationError(f"cannot tell: {'; '.join(open_)}")
        return _left(name, finding, facts, scene)
    raise TypeError(f"{promise.id} promises nothing that is known here")


def _left(key: str, finding: Finding, facts: RehearsalFacts, scene: Scene) -> Finding:
    """What a rehearsal leaves behind breaks the promise of a clone; where there is none, each."""
    items = scene.contract.of(Rehearsal, "predeploy").values()
    here = key == "clone" or all(one.clone is None for one in items)
    return dataclasses.replace(
        finding,
        broken=(*finding.broken, *(facts.left if here else ())),
        warnings=(*finding.warnings, *(facts.earlier if here else ())),
    )


def _clone(_: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    clone = require(facts.clone, "clone")
    return Finding(
        promised="a clone of the live database",
        seen=f"{clone.source} in {clone.seconds:.1f} s, {clone.bytes / 1e6:,.0f} MB, "
        f"{len(clone.rows)} tables, {sum(clone.rows.values()):,} rows",
        warnings=clone.differences,
    )


def _targets_clone(_: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    proof = known(facts.targets_clone)
    broken = [proof.proof] if isinstance(proof, Absent) else []
    warnings = [f"new session on the live database meanwhile: {one}" for one in facts.strangers]
    for leg in (*facts.up, *facts.down):
        roles = [one for one in leg.beyond if of_a_role(one)]
        own = [one for one in leg.beyond if one not in roles]
        step = f"{leg.direction}grade of {leg.revision}"
        if own:
            broken.append(f"{step}: the live database itself is not as it was: {'; '.join(own)}")
        if roles:
            warnings.append(
                f"roles of the live server are other ones since the {step}, whoever did it: "
                f"{'; '.join(roles)}"
            )
    if broken:
        broken += warnings
        warnings = []
    return Finding(
        promised="Alembic opens the clone that it is pointed at, and no other database",
        seen=proof.proof if isinstance(proof, Absent) else proof,
        broken=tuple(broken),
        warnings=tuple(warnings),
    )


def _reaches(item: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    reached = known(facts.reached) if item.reaches not in facts.problems else ()
    at = () if isinstance(reached, Absent) else reached
    wrong = [failed(leg) for leg in facts.up if leg.exit_status != 0]
    promised = f"upgrade to {item.reaches}"
    if item.reaches in facts.problems:
        why = facts.problems[item.reaches]
        return Finding(promised=promised, seen=why, broken=(f"{item.reaches}: {why}",))
    for leg in facts.up:
        why = lacking.foreign(facts, reason(leg.output)) if leg.exit_status != 0 else ""
        if why:
            raise ObservationError(f"cannot tell: {leg.revision}: {why}")
    ends = sorted(at) == sorted(facts.heads)
    broken = wrong or ([] if ends else [f"it ends at {', '.join(at) or 'nothing'}"])
    together = in_one.told(facts)
    legs = summary.listed([f"{leg.revision} in {leg.seconds:.1f} s" for leg in facts.up])
    return Finding(
        promised=promised,
        seen=f"{', '.join(facts.began) or 'nothing'}, then {legs or 'no revision to apply'}"
        f"{together.seen}",
        broken=(*broken, *together.broken),
        warnings=(*_without_timeout(facts), *summary.noticed(facts.up), *together.warnings),
    )


def _without_timeout(facts: RehearsalFacts) -> list[str]:
    """Without ``lock_timeout`` a migration that waits makes everybody wait behind it."""
    found = [
        leg.revision
        for leg in facts.up
        if any(lock.mode == STRONG for lock in leg.locks)
        and isinstance(leg.commands, Seen)
        and any(one.lock_timeout == "0" for one in leg.commands.value)
    ]
    text = f"{STRONG} on tables in use and no lock_timeout: {{names}}"
    return summary.by_cause([("", one) for one in found], text)


def _schema(_: Rehearsal, facts: RehearsalFacts, __: Promise, scene: Scene) -> Finding:
    """Judge the clone by every promise that the contract has about the database afterwards."""
    after = require(facts.after, "upgraded clone")
    there = dataclasses.replace(
        scene,
        moment="postdeploy",
        on_clone=True,
        observed=scene.observed.model_copy(update={"database": Seen(after)}),
    )
    kinds = (Table, Column, Index, Enum, Extension, Database)
    checked, broken, open_ = 0, [], []
    for promise in scene.contract.at("postdeploy"):
        item = promise.at("postdeploy")
        if not isinstance(item, kinds) or getattr(item, "connects_as", None):
            continue
        checked += 1
        try:
            finding = compare(promise, there)
        except ObservationError as error:
            open_.append(f"cannot tell ({promise.id} on the clone): {error}")
            continue
        if not finding.holds:
            broken.append(f"{promise.id}: {'; '.join(finding.broken)}")
    if open_ and not broken:
        raise ObservationError(open_[0])
    more = [f"and {len(broken) - SHOWN} more"] if len(broken) > SHOWN else []
    return Finding(
        promised=f"{checked} promises about the database afterwards hold on the clone",
        seen=f"{checked - len(broken) - len(open_)} hold",
        broken=(*broken[:SHOWN], *more),
    )


def _blocked(item: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    limit = item.blocked_at_most_s or 0.0
    if not facts.up:
        require(facts.reached, "upgrade")
        return Finding(
            promised=f"nobody waits longer than {limit:g} s on a hot table",
            seen="there is no revision to apply",
        )
    if not facts.bystanders:
        raise ObservationError("cannot tell: there was no bystander: name tables as [alembic] hot")
    lost = [one for one in facts.bystanders if one.error or not one.asked]
    worst = max(facts.bystanders, key=lambda one: one.longest_s)
    if lost and worst.longest_s <= limit:
        raise ObservationError(
            f"cannot tell: a bystander of {lost[0].table} got nowhere: "
            f"{lost[0].error or 'no answer'}"
        )
    held = [
        f"{lock.table} {lock.mode} waited {lock.waited_s:.2f} s, held {lock.held_s:.2f} s"
        for leg in facts.up
        for lock in leg.locks
        if lock.mode == STRONG
    ]
    blockers = {one for leg in facts.up for lock in leg.locks for one in lock.blocked_by}
    broken = (
        (f"who {worst.does} {worst.table} waited {worst.longest_s:.2f} s for {worst.during}",)
        if worst.longest_s > limit
        else ()
    )
    return Finding(
        promised=f"nobody waits longer than {limit:g} s on a hot table",
        seen=f"at most {worst.longest_s:.3f} s ({worst.does} {worst.table}); "
        + ("; ".join(held) or f"no {STRONG} on a table in use"),
        broken=broken,
        warnings=tuple(f"in the way: {one}" for one in sorted(blockers)) if not broken else (),
    )


def _rewrites(item: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    require(facts.reached, "upgrade")
    found: dict[str, set[str]] = {}
    for table, how in (
        (table, leg.remade.get(table)) for leg in facts.up for table in leg.rewritten
    ):
        found.setdefault(table, set()).add(how or "rewritten")
    told = {one: " and ".join(sorted(found[one])) for one in sorted(found)}
    strange = [one for one in told if one not in (item.rewrites or ())]
    return Finding(
        promised=f"rewrites {', '.join(item.rewrites or ()) or 'no table'}",
        seen=f"rewrites {', '.join(told) or 'no table'}",
        broken=tuple(f"{one} is {told[one]}, under {STRONG}" for one in strange),
    )


def _vector(item: Rehearsal, facts: RehearsalFacts, promise: Promise, *__: object) -> Finding:
    wanted = item.vector
    if wanted is None or promise.id not in facts.vectors:
        require(facts.after, "upgraded clone")
        raise ObservationError(f"cannot tell: {promise.id} was not asked for")
    promised = (
        f"{wanted.index} answers ORDER BY {wanted.column} {wanted.operator} ... "
        f"LIMIT {wanted.limit} with recall {wanted.recall:g}"
    )
    found = known(facts.vectors[promise.id])
    if isinstance(found, Absent):
        return Finding(promised=promised, seen=found.proof, broken=(found.proof,))
    broken = []
    if not found.used:
        broken.append(f"the query cannot use {wanted.index}: {' / '.join(found.plan)}")
    if found.rows < found.expected:
        settings = ", ".join(f"{key}={value}" for key, value in found.settings.items())
        broken.append(f"{found.rows} rows of {found.expected} come back ({settings})")
    if found.recall is not None and found.recall < wanted.recall:
        broken.append(f"recall is {found.recall:.2f}")
    share = "no stored vector" if found.recall is None else f"recall {found.recall:.2f}"
    odd = f"on so few rows the planner prefers to read the table: {wanted.index} fits all the same"
    return Finding(
        promised=promised,
        seen=f"{'index used' if found.used else 'index not used'}, {found.rows} rows, {share}",
        broken=tuple(broken),
        warnings=(odd,) if found.forced and not broken else (),
    )


COMPARISONS: dict[str, Callable[..., Finding]] = {
    "clone": _clone,
    "targets_clone": _targets_clone,
    "reaches": _reaches,
    "schema_": _schema,
    "blocked_at_most_s": _blocked,
    "rewrites": _rewrites,
    "vector": _vector,
    "serves": serves.serves,
    "new_release": serves.serves,
    "rolls_back": undone.rolls_back,
    "restores": back.restores,
    "loses": back.loses,
}
"""The comparison of each key of a `Rehearsal`."""
