"""Migrations: heads, the database's revision, what is pending, the chain."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from gate.contract.item import AbsolutePath, Commit, Item, Moment
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding, Here
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    no_references,
    not_seen,
    shown,
)
from gate.kinds.pasted import on_host, psql
from gate.kinds.scene import Scene
from gate.kinds.stands_on import pending_stands_on
from gate.rule import Has, Not, Rule, Some, exactly_one, never_absent
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known, require
from gate.sources.host.questions import AskRevisions, revisions_key
from gate.sources.migrations.chain import describe_heads, pending
from gate.sources.migrations.facts import Chain
from gate.target import Target

APPLIED = "SELECT version_num FROM alembic_version"
REVISIONS = "'^(down_)?revision\\b'"
"""Lines of a revision file that say which one it is, and after which it comes."""


class Migration(Item):
    """Something about Alembic: exactly one of the keys.

    Attributes:
        folder: Folder of the revision files.
        git: Commit or tag whose files are meant, where ``folder`` lies in a git repository and
            another commit may be checked out there.
        head: The one head of the chain in ``folder``.
        current: The one revision that the database is at.
        pending: Revisions between the database and the head of ``folder``, oldest first.
        revisions: Every revision of ``folder``, base first: one unbroken chain.
    """

    folder: AbsolutePath | None = None
    git: Commit | None = None
    head: str | None = None
    current: str | None = None
    pending: tuple[str, ...] | None = None
    revisions: tuple[str, ...] | None = None

    RULES = (
        exactly_one("head", "current", "pending", "revisions"),
        Rule(Some(Has("current"), Has("folder")), "needs the folder of the revision files"),
        Rule(Some(Not(Has("git")), Has("folder")), "git goes with folder"),
        never_absent("a revision"),
    )


def migration(promise: Promise, scene: Scene) -> Finding:
    """Compare what is promised of Alembic."""
    item = scene.item(promise, Migration)
    if item.current is not None:
        return _current(item.current, scene)
    chain = require(
        scene.chain(revisions_key(item.folder or "", item.git)), f"revision files in {item.folder}"
    )
    look = _files(item, scene)
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
    return _pending(item.pending or (), chain, problems, scene, look)


def _files(item: Migration, scene: Scene) -> str:
    """What shows each revision beside the one before it."""
    folder = shlex.quote(scene.target.placed(item.folder or ""))
    if item.git:
        commit = shlex.quote(item.git)
        return f"git -C {folder} --no-pager grep -hE {REVISIONS} {commit} -- ."
    return f"grep -hE {REVISIONS} {folder}/*.py"


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
    if known and all(isinstance(one, Seen) for one in scene.observed.chains.values()):
        broken += [f"no revision file knows {row}" for row in rows if row not in known]
    return Finding(
        promised=revision,
        seen=", ".join(rows) or "no revision",
        broken=tuple(broken),
        look=psql(APPLIED, scene),
    )


def _at(scene: Scene) -> tuple[str, ...]:
    rows = known(scene.revisions)
    return () if isinstance(rows, Absent) else rows


def _pending(
    promised: tuple[str, ...], chain: Chain, problems: tuple[str, ...], scene: Scene, look: str
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
        look=Here(f"{psql(APPLIED, scene)}; {on_host(look, scene)}"),
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
        promised=f"{len(promised)} revisions"
        + (f" from {promised[0]} to {promised[-1]}" if promised else ""),
        seen=f"{len(chain.revisions)} revisions, heads {', '.join(chain.heads)}",
        broken=tuple(broken),
        look=look,
    )


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if not isinstance(item, Migration) or not item.folder:
        return []
    return [AskRevisions(item.folder, item.git or "")]


def _find(promise: Promise, scene: Scene) -> Found:
    item = scene.item(promise, Migration)
    return (
        scene.revisions
        if item.current is not None
        else scene.chain(revisions_key(item.folder or "", item.git))
    )


def _named(promise: Promise, scene: Scene) -> Seen[tuple[str, ...]] | Absent | CannotTell:
    """The revisions that an item is about, oldest first."""
    item = scene.item(promise, Migration)
    if item.current is not None:
        return scene.revisions
    chain = scene.chain(revisions_key(item.folder or "", item.git))
    if not isinstance(chain, Seen):
        return chain
    if item.pending is not None:
        return _waiting(chain.value, scene.revisions)
    head = item.head is not None
    return Seen(chain.value.heads if head else tuple(sorted(chain.value.revisions)))


def _waiting(
    chain: Chain, current: Seen[tuple[str, ...]] | Absent | CannotTell
) -> Seen[tuple[str, ...]] | CannotTell:
    """Revisions between the database and the heads of a folder."""
    if isinstance(current, CannotTell):
        return current
    at = current.value if isinstance(current, Seen) else ()
    unknown = sorted(set(at) - set(chain.revisions))
    if unknown:
        return CannotTell(
            f"the database is at {', '.join(unknown)}, which {chain.folder} does not define",
            Cause.UPSTREAM,
        )
    return Seen(pending(chain, at))


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _named(promise, scene)
    if isinstance(fact, Absent) and scene.item(promise, Migration).current is None:
        return not_seen(fact)
    if isinstance(fact, CannotTell):
        return fact
    return State(", ".join(fact.value if isinstance(fact, Seen) else ()) or "none")


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Migration), _named(promise, scene)
    labels = {"current": item.current, "head": item.head, "pending": item.pending}
    label = next((name for name, value in labels.items() if value is not None), "revisions")
    waits = label == "pending" and isinstance(fact, Seen) and bool(fact.value)
    return {
        "What": label,
        "Revisions": shown(fact, "none", lambda known: ", ".join(known) or "none"),
        "Remark": (item.note or "ready to apply") if waits else "",
    }


def _shows(promise: Promise, moment: Moment) -> bool:
    """No revision is what an empty folder has."""
    item = promise.at(moment)
    return isinstance(item, Migration) and bool(
        item.head or item.current or item.pending or item.revisions
    )


def _record(scene: Scene) -> Iterable[Recorded]:
    """The revision that the database is at, where there is exactly one."""
    fact = scene.revisions
    if isinstance(fact, Seen) and len(fact.value) == 1:
        (revision,) = fact.value
        title = f"The database is at the revision {revision}"
        yield Recorded("current", {"title": title, "current": revision})


KIND = Kind(
    name="migration",
    chapter="migrations",
    rank=60,
    model=Migration,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=migration,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    shows=_shows,
    stands_on=pending_stands_on,
)
