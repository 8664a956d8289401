"""One comparison for any promise: the kind of its item decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from gate.compare import (
    budgets,
    clocks,
    database,
    endpoints,
    migrations,
    paths,
    plan,
    ports,
    rehearsal,
    risks,
    runtimes,
    services,
    waivers,
    work,
)
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene

COMPARISONS: dict[str, Callable[[Promise, Scene], Finding]] = {
    "service": services.service,
    "port": ports.port,
    "path": paths.path,
    "runtime": runtimes.runtime,
    "clock": clocks.clock,
    "database": database.database,
    "extension": database.extension,
    "enum": database.enum,
    "table": database.table,
    "column": database.column,
    "index": database.index,
    "migration": migrations.migration,
    "rehearsal": lambda promise, scene: rehearsal.rehearsal(promise, scene, compare),
    "endpoint": endpoints.endpoint,
    "work": work.work,
    "budget": budgets.budget,
    "risk": lambda promise, scene: risks.risk(promise, scene, compare),
    "trigger": lambda promise, scene: risks.trigger(promise, scene, compare),
    "step": plan.step,
    "waiver": waivers.waiver,
}
"""The comparison of each kind of item."""


def compare(promise: Promise, scene: Scene) -> Finding:
    """Compare a promise with what was seen at the scene's moment.

    Raises:
        ObservationError: It cannot be told.
    """
    finding = COMPARISONS[promise.kind](promise, scene)
    return dataclasses.replace(finding, id=promise.id, source=promise.at(scene.moment).source)
