"""What a contract promises and a target has no place for."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
from collections.abc import Iterator

from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract, Promise
from gate.errors import GateError
from gate.kinds.kind import Found
from gate.kinds.look import questions
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.lint.note import Note, about
from gate.sources.api.questions import AskEndpoint
from gate.sources.api.ready import mistakes as unready
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from gate.target import Target

NOWHERE = {
    "api": CannotTell("it needs [api] in the target", Cause.UPSTREAM),
    "database": CannotTell("it needs [database] in the target", Cause.UPSTREAM),
    "rehearsal": CannotTell("it needs [rehearsal] in the target", Cause.UPSTREAM),
}
"""What a look would come to at a place that the target does not name."""


def missing(contract: Contract, target: Target) -> Iterator[Note]:
    """One mistake for each place, at the first item whose fact comes from there.

    Which kind needs which place is not listed anywhere: each is asked for its fact in a look that
    saw nothing, and says itself what it lacks.
    """
    places = {
        "api": target.api.is_there,
        "database": bool(target.database.service),
        "rehearsal": target.rehearsal is not None,
    }
    lacking = {key: NOWHERE[key] for key, is_there in places.items() if not is_there}
    for moment in ("predeploy", "postdeploy", "rollback"):
        for promise in contract.at(moment) if lacking else ():
            why = _reason(promise, _scene(contract, target, moment))
            for key in [key for key, fact in lacking.items() if fact.reason in why]:
                file = str(pathlib.Path(contract.folder) / f"{promise.chapter}.toml")
                del lacking[key]
                yield about("mistake", file, promise.id, f"{NOWHERE[key].reason} {target.file}")


def of_bases(contract: Contract, target: Target) -> Iterator[Note]:
    """What is wrong with the bases of the API that endpoints are asked at.

    Variables are none of it: they need not be set here.
    """
    if not target.api.is_there:
        return
    for moment in MOMENTS:
        asked = [one for one in questions(contract, target, moment) if isinstance(one, AskEndpoint)]
        for one in unready(target, asked, os.environ, looks_for_variables=False):
            file = contract.file(one.table) if one.is_item else target.file
            yield about("mistake", file, one.table, f"{one.key}: {one.text}", one.key)


def _reason(promise: Promise, scene: Scene) -> str:
    kind = kinds()[promise.kind]
    try:
        found: Found = kind.find(promise, scene)
        if not isinstance(found, CannotTell):
            kind.compare(promise, scene)
    except GateError as error:
        return str(error)
    return found.reason if isinstance(found, CannotTell) else ""


def _scene(contract: Contract, target: Target, moment: Moment) -> Scene:
    """A look that saw nothing, and says why."""
    now = dt.datetime.now(dt.timezone.utc)
    observed = Observed(
        target=target.name,
        moment=moment,
        started=now,
        finished=now,
        sources={
            "host": CannotTell("not looked at", Cause.UPSTREAM),
            "database": NOWHERE["database"],
            "api": NOWHERE["api"],
            "plan": Absent("nothing was carried out"),
            "rehearsal": NOWHERE["rehearsal"],
            "migrations": Seen(Chains(folders={})),
        },
    )
    return Scene(contract=contract, target=target, moment=moment, observed=observed)
