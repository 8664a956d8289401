"""A scene that a test makes up of facts: what is judged is data, and nothing has to run for it."""

from __future__ import annotations

import datetime as dt
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import HostFacts, Path
from gate.sources.host.probe import AskProbe, Probed, key
from gate.sources.host.section import Section
from gate.sources.observed import Observed
from gate.target import Target
from tests.selftest.hosts import NOW, identity
from tests.selftest.hosts import target as target_of
from tests.selftest.promised import contract

__all__ = ["NOW", "ago", "host", "look", "parted", "path", "promised", "said", "scene", "unclear"]

NOTHING = CannotTell("not looked at", Cause.UPSTREAM)
NOWHERE = ("risk", "waiver", "trigger", "budget", "rehearsal")
"""Kinds that are judged by what others look at."""
ABSENT = ("absent", "closed", "not served", "no session", "no worker")
DESK = target_of("local://")


def unclear(why: str = "nobody tells", cause: Cause = Cause.UPSTREAM) -> CannotTell:
    """A fact that could not be told."""
    return CannotTell(why, cause)


def ago(**before: float) -> dt.datetime:
    """A time before the host's own."""
    return NOW - dt.timedelta(**before)


def promised(items: Mapping[str, str], *others: str) -> Contract:
    """A contract of some items: their keys by id."""
    with tempfile.TemporaryDirectory() as folder:
        return contract(pathlib.Path(folder), items, *others)


def host(**changes: Any) -> Fact[HostFacts]:
    """A host of which nothing is told but what is given here."""
    names = ("units", "processes", "paths", "outputs", "packages", "tools", "files")
    nothing: dict[str, Any] = {name: {} for name in names}
    return Seen(HostFacts(**{**nothing, "identity": identity(), "listeners": NOTHING, **changes}))


def path(resolved: str, **changes: Any) -> Fact[Path]:
    """A path of the host."""
    facts: dict[str, Any] = {"path": resolved, "resolved": resolved, "type": "directory"}
    facts |= {"owner": "root", "group": "root", "mode": "0755", "free_bytes": Seen(10**12)}
    return Seen(Path(**{**facts, **changes}))


def look(moment: Moment = "predeploy", **sources: Any) -> Observed:
    """A look that saw some sources and nothing of the others."""
    names = ("host", "database", "api", "plan", "migrations", "rehearsal")
    return Observed(
        target=DESK.name,
        moment=moment,
        started=NOW,
        finished=NOW,
        sources={**dict.fromkeys(names, NOTHING), **sources},
    )


def scene(
    items: Mapping[str, str],
    told: Mapping[str, Any] | None = None,
    *,
    moment: Moment = "predeploy",
    target: Target = DESK,
    baseline: Observed | None = None,
    **sources: Any,
) -> Scene:
    """The scene of some items.

    Args:
        items: Their keys by id.
        told: What the probe of an item told of its subject, by the item's id.
        moment: The moment.
        target: Where it is.
        baseline: What was seen before.
        sources: What other sources told; of the host its facts, without the probes.
    """
    wanted = promised(items)
    probes: dict[str, Probed] = {}
    for id_, fact in (told or {}).items():
        one = wanted.promise(id_)
        for question in kinds()[one.kind].asks(one, moment, target):
            if isinstance(question, AskProbe):
                kept = fact if isinstance(fact, (Absent, CannotTell)) else _kept(fact)
                probe = question.probe
                of = probes.setdefault(probe.name, Probed(format=probe.format, facts={}))
                of.facts[key(question.subject)] = kept
    given = sources.pop("host", host())
    if isinstance(given, Seen):
        given = Seen(given.value.model_copy(update={"probes": {**given.value.probes, **probes}}))
    observed = look(moment, host=given, **sources)
    return Scene(
        contract=wanted, target=target, moment=moment, observed=observed, baseline=baseline
    )


def _kept(fact: Any) -> Seen[Any]:
    return Seen(fact.model_dump(mode="json"))


def finding(scene: Scene, id_: str) -> Finding:
    """What a comparison comes to."""
    return compare(scene.contract.promise(id_), scene)


def told(scene: Scene, id_: str) -> str:
    """What is said of an item: nothing where it holds."""
    try:
        found = finding(scene, id_)
    except ObservationError as error:
        return str(error)
    kind, absent = id_.partition(".")[0], scene.contract.promise(id_).at(scene.moment).absent
    assert found.holds is not bool(found.broken)
    assert bool(found.look) is (kind not in NOWHERE), found
    assert (found.promised in ABSENT) is (
        absent or (kind == "endpoint" and "closed" in found.promised)
    )
    return "; ".join((*found.broken, *(f"WARN {one}" for one in found.warnings)))


def parted(rc: Mapping[str, int] | None = None, /, **outs: str) -> Section:
    """What a probe of several tools answers.

    Args:
        rc: Exit statuses by the name of the part, where they are not 0.
        outs: What each part printed, by its name with ``_`` for a dot; what it complained of
            stands behind a form feed.
    """
    mark, told = f"section-{0:016x}", []
    for key_, both in outs.items():
        name, (out, _, err) = key_.replace("_", "."), both.partition("\f")
        status = (rc or {}).get(name, 0)
        told.append(f"\n{mark} out {name}\n{out}\n{mark} rc {name} {status}\n{err}\n")
    return Section(f"{mark}\n{''.join(told)}\n{mark} done\n".encode(), 0, "")


def said(kind: str, keys: str, fact: Any, **rest: Any) -> str:
    """What is said of one item of a kind, of which its probe told this."""
    return told(scene({f"{kind}.x": keys}, {f"{kind}.x": fact}, **rest), f"{kind}.x")
