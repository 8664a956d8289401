"""Rollback triggers: what breaks fires them, and what cannot be reached while the host can."""

from __future__ import annotations

import pathlib

import pytest

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.sources.api.facts import ApiFacts
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import HostFacts
from gate.sources.observed import Observed
from tests.selftest.hosts import NOW, identity, target

DATABASE = """
[database.connection]
title = "The database answers"
source = "a self-test"
connects_as = "*"
"""
ENDPOINTS = """
[endpoint.me]
title = "It answers"
source = "a self-test"
path = "/me"
"""
PLAN = """
[trigger.database]
title = "Roll back where the database cannot be reached"
source = "a self-test"
when = ["database.*"]

[trigger.endpoints]
title = "Roll back where an endpoint answers 500"
source = "a self-test"
when = ["endpoint.*"]
status_from = 500
"""
HOST = Seen(
    HostFacts(
        identity=identity(), units={}, listeners=CannotTell("x", Cause.UPSTREAM), processes={},
        paths={}, outputs={}, packages={}, tools={}, files={},
    )
)  # fmt: skip


def fired(folder: pathlib.Path, name: str, host: Fact[HostFacts], cause: Cause) -> str:
    """Why a trigger fires where nothing is told for some cause; empty where it does not."""
    for chapter, text in (("database", DATABASE), ("endpoints", ENDPOINTS), ("plan", PLAN)):
        (folder / f"{chapter}.toml").write_text(text, "utf-8")
    away = CannotTell("nobody answers", cause)
    api: Fact[ApiFacts] = Seen(ApiFacts(base="http://127.0.0.1", answers={"endpoint.me": away}))
    observed = Observed(
        target="desk", moment="postdeploy", started=NOW, finished=NOW,
        sources={"host": host, "database": away, "api": api},
    )  # fmt: skip
    scene = Scene(
        contract=load_contract(folder),
        target=target("local://"),
        moment="postdeploy",
        observed=observed,
    )
    return "; ".join(compare(scene.contract.promises[f"trigger.{name}"], scene).broken)


@pytest.mark.parametrize("name", ["database", "endpoints"])
@pytest.mark.parametrize("cause", [Cause.UNREACHABLE, Cause.TIMEOUT])
def test_what_is_away_fires(tmp_path: pathlib.Path, name: str, cause: Cause) -> None:
    """A database that is away, or frozen, is a reason to roll back, and is named."""
    told = fired(tmp_path, name, HOST, cause)
    assert told.startswith("roll back: ")
    assert "nobody answers" in told


@pytest.mark.parametrize("name", ["database", "endpoints"])
@pytest.mark.parametrize("cause", [Cause.PERMISSION, Cause.UPSTREAM])
def test_what_cannot_be_told_does_not(tmp_path: pathlib.Path, name: str, cause: Cause) -> None:
    """A missing right is no reason, and no proof of the contrary."""
    with pytest.raises(ObservationError, match="nobody answers"):
        fired(tmp_path, name, HOST, cause)


@pytest.mark.parametrize("name", ["database", "endpoints"])
def test_a_host_that_is_away_does_not(tmp_path: pathlib.Path, name: str) -> None:
    """Where the way to the host is cut nothing is known of what stands there."""
    gone = CannotTell("no route", Cause.UNREACHABLE)
    with pytest.raises(ObservationError, match="nobody answers"):
        fired(tmp_path, name, gone, Cause.UNREACHABLE)
