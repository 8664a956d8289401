"""Migrations: heads, the database's revision, what is pending, the chain."""

from __future__ import annotations

from gate.contract.kinds import Migration
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, told
from gate.sources.migrations.chain import describe_heads, pending
from gate.sources.migrations.facts import Chain


def migration(promise: Promise, scene: Scene) -> Finding:
    """Compare what is promised of Alembic."""
    item = scene.item(promise, Migration)
    if item.current is not None:
        return _current(item.current, scene)
    chain = scene.chain(item.folder or "")
    look = f"alembic heads  # with the revisions in {scene.target.placed(chain.folder)}"
    problems = (
        *chain.problems,
        *(f"revision {one} is named as a parent and has no file" for one in chain.missing),
    )
    if item.head is not None:
        heads = ", ".join(chain.heads) or "none"
        broken = () if chain.heads == (item.head,) else (_heads(chain),)
        return Finding(
            promised=f"one head, {item.head}", seen=heads, broken=(*broken, *problems), look=look
        )
    if item.revisions is not None:
        return _chain(item.revisions, chain, problems, look)
    return _pending(item.pending or (), chain, problems, scene)


def _heads(chain: Chain) -> str:
    if len(chain.heads) > 1:
        return f"{len(chain.heads)} heads: {'; '.join(describe_heads(chain))}"
    return f"the head is {', '.join(chain.heads) or 'missing: there is no revision'}"


def _current(revision: str, scene: Scene) -> Finding:
    rows = _at(scene)
    broken = (
        [] if rows == (revision,) else [f"the database is at {', '.join(rows) or 'no revision'}"]
    )
    if len(rows) > 1:
        broken.append("alembic_version has several rows: the chain has branched")
    known = {
        id_
        for fact in scene.observed.chains.values()
        for id_ in getattr(getattr(fact, "value", None), "revisions", ())
    }
    if known:
        broken += [f"no revision file knows {row}" for row in rows if row not in known]
    return Finding(
        promised=revision,
        seen=", ".join(rows) or "no revision",
        broken=tuple(broken),
        look="psql -c 'SELECT version_num FROM alembic_version'",
    )


def _at(scene: Scene) -> tuple[str, ...]:
    rows = told(scene.database.alembic)
    return () if isinstance(rows, Absent) else rows


def _pending(
    promised: tuple[str, ...], chain: Chain, problems: tuple[str, ...], scene: Scene
) -> Finding:
    current = _at(scene)
    unknown = [row for row in current if row not in chain.revisions]
    if unknown:
        raise ObservationError(
            f"cannot tell what is pending: the database is at {', '.join(unknown)}, "
            f"which no file in {chain.folder} knows"
        )
    waiting = pending(chain, current)
    broken = () if waiting == promised else (f"pending: {', '.join(waiting) or 'nothing'}",)
    return Finding(
        promised=", ".join(promised) or "nothing pending",
        seen=", ".join(waiting) or "nothing pending",
        broken=(*broken, *problems),
        look="alembic history -i",
    )


def _chain(
    promised: tuple[str, ...], chain: Chain, problems: tuple[str, ...], look: str
) -> Finding:
    broken = list(problems)
    broken += [f"revision {one} is missing" for one in promised if one not in chain.revisions]
    broken += [f"revision {one} is not promised" for one in chain.revisions if one not in promised]
    for parent, child in zip(("", *promised), promised, strict=False):
        found = chain.revisions.get(child)
        expected = (parent,) if parent else ()
        if found is not None and found.parents != expected:
            is_ = ", ".join(found.parents) or "nothing"
            broken.append(f"{child} comes after {is_}, not after {parent or 'nothing'}")
    return Finding(
        promised=f"{len(promised)} revisions from {promised[0]} to {promised[-1]}",
        seen=f"{len(chain.revisions)} revisions, heads {', '.join(chain.heads)}",
        broken=tuple(broken),
        look=look,
    )
