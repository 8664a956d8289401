"""Faults, targets and looks that the tests of the drill share."""

from __future__ import annotations

import pathlib

from gate.drill.fault import Fault
from gate.drill.gating import Look
from gate.drill.load import Faults
from gate.target import Target
from tests.selftest import runs

SHELL = {"shell": {"do": ":", "ready": ":", "undo": ":"}}
FAULT = Fault(
    title="A worker is stopped",
    chapter="services",
    inject=SHELL,
    expect={"service.worker": "is dead", "log.worker": "? no journal"},
    may=("session.*",),
)
FAULTS = Faults(folder=pathlib.Path(), by_name={})
TURNED = {"service.worker": ("FAIL", "it is dead"), "log.worker": ("INCONCLUSIVE", "no journal")}


def look(odd: dict[str, tuple[str, str]], status: int = 1, *, late: bool = False) -> Look:
    """What the gate said."""
    return Look(status, "BLOCKED", odd, 1.0, late)


def local(prefix: pathlib.Path, **keys: object) -> Target:
    """A target that is a folder of this machine."""
    (prefix / "bin").mkdir(exist_ok=True) if prefix != runs.ROOT else None
    return Target.model_validate(
        {
            "name": "here",
            "title": "here",
            "host": "local://",
            "prefix": str(prefix),
            "path": (f"{prefix}/bin",),
            **keys,
        }
    )
