"""Looking again for evidence: what the run compared with, and what is no longer as it was."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
from typing import Any

import pytest

from gate.errors import TargetError
from gate.evidence import again
from gate.evidence.checks import Against
from gate.plan.facts import PlanFacts, StepRecord
from gate.sources.binding import Binding, Place
from gate.sources.fact import Absent, Seen
from gate.sources.observation_file import write_observed
from tests.selftest.given import NOW, ago, host, look, path, promised, unclear
from tests.selftest.hosts import identity, target

HERE = target("local://")
PATHS = {
    f"path.{name}": f'path = "/{name}"\nmode = "0755"\npurpose = "to be seen"' for name in "ab"
}


def step(started: dt.datetime) -> Seen[StepRecord]:
    """A step that was carried out."""
    return Seen(
        StepRecord(step="s", command="c", started=started, seconds=1.0, exit_status=0, output="")
    )


def plan(**steps: Any) -> Seen[PlanFacts]:
    """What was carried out."""
    return Seen(PlanFacts(steps=steps))


@pytest.mark.parametrize(
    ("kept", "baseline", "begun"),
    [
        (
            look("postdeploy", plan=plan(a=step(ago(hours=1)), b=step(ago(hours=2)))),
            None,
            ago(hours=2),
        ),
        (look("predeploy", plan=plan(a=step(NOW))), None, NOW),
        # Where no step was carried out by the gate, it began after the look before it.
        (look("postdeploy", plan=plan(a=Absent("left out"))), look(host=host()), NOW),
        (look("postdeploy"), look(host=host(identity=identity(clock=ago(hours=3)))), ago(hours=3)),
        (look("postdeploy"), look(), None),
        (look("postdeploy"), None, None),
        (look("predeploy"), look(host=host()), None),
        (look("rollback"), look(host=host()), None),
    ],
)
def test_when_the_deployment_began(kept: Any, baseline: Any, begun: dt.datetime | None) -> None:
    """With its first step; else with what the host's clock was before it."""
    assert again._deployed(kept, baseline) == begun  # noqa: SLF001 - what a period begins with


def test_what_a_run_compared_with_is_found_again(tmp_path: pathlib.Path) -> None:
    """The kept one, else the newest look from before it that can be read; a later one is none."""

    def at(**before: float) -> Any:
        changes = {"started": ago(**before), "finished": ago(**before)}
        return look(host=host()).model_copy(update=changes)

    kept = look("postdeploy")
    runs = tmp_path / "runs"
    folder = runs / "20260101T000000.000000Z-postdeploy"
    folder.mkdir(parents=True)
    assert again._baseline(look(), folder) is None, "a look before has none"  # noqa: SLF001
    assert again._baseline(kept, folder) is None  # noqa: SLF001
    for name, one in (
        ("20251230T000000.000000Z-predeploy", at(days=2)),
        ("20251231T000000.000000Z-predeploy", at(days=1)),
        ("20251231T100000.000000Z-predeploy", None),
        ("20260102T000000.000000Z-predeploy", at(days=-1)),
    ):
        (runs / name).mkdir()
        if one:
            write_observed(runs / name / "observed.json", one)
        else:
            (runs / name / "observed.json").write_text("{", "utf-8")
    found = again._baseline(kept, folder)  # noqa: SLF001
    assert found is not None
    assert found.finished == ago(days=1)
    write_observed(folder / "baseline.json", at(days=9))
    found = again._baseline(kept, folder)  # noqa: SLF001
    assert found is not None
    assert found.finished == ago(days=9)


def looked(monkeypatch: pytest.MonkeyPatch, kept: Any, now: Any, folder: pathlib.Path) -> list[Any]:
    """What is against it, where this is seen now."""
    monkeypatch.setattr(again, "look_at", lambda *_, **__: now)
    return again.moved(kept, HERE, promised(PATHS), folder)


def paths(a: Any, b: Any) -> Any:
    """A look at the two."""
    return look(host=host(paths={"/a": a, "/b": b}))


HELD = path("/a")
BROKEN = path("/b", mode="0700")


@pytest.mark.parametrize(
    ("kept", "now", "words"),
    [
        (paths(HELD, HELD), paths(HELD, HELD), []),
        (paths(HELD, HELD), paths(HELD, BROKEN), ["path.b: was "]),
        (paths(HELD, HELD), paths(HELD, unclear("no word")), ["? path.b: "]),
        (paths(HELD, HELD), paths(HELD, Absent("gone")), ["path.b: was "]),
        # What did not hold, or could not be told, is not held against it; what came, is.
        (paths(HELD, BROKEN), paths(HELD, BROKEN), []),
        (paths(HELD, unclear("no word")), paths(HELD, BROKEN), []),
        (paths(HELD, unclear("no word")), paths(HELD, HELD), []),
        (
            paths(HELD, HELD),
            look(),
            ["? path.a: ", "? path.b: ", "? the host cannot be looked at: "],
        ),
    ],
)
def test_what_is_not_as_it_was(
    kept: Any,
    now: Any,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    """Another state refuses; what nobody can tell now is told as such, once."""
    found = looked(monkeypatch, kept, now, tmp_path / "runs/x")
    told = [("? " if one.untold else "") + one.text for one in found]
    assert len(told) == len(words), told
    for one, begin in zip(told, words, strict=True):
        assert one.startswith(begin), told


def test_another_instance_is_another_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """Nothing of it is looked at."""
    kept = look().model_copy(update={"bound": Binding(place=Place(instance="abc"))})
    assert looked(monkeypatch, kept, None, tmp_path) == [
        Against("the target was started anew since: it is another instance")
    ]


@pytest.mark.parametrize("running", [True, False])
def test_an_embedded_target_has_to_stand(
    running: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None is started to be looked at again; one that stands is taken as it is."""
    monkeypatch.setenv("GATE_LOOKED_AGAIN", "")
    status = {
        "running": running, "prefix": str(tmp_path), "env": {"GATE_LOOKED_AGAIN": "here"},
    }  # fmt: skip
    launcher = {"title": "t", "up": ("x",), "down": ("x",), "status": ("echo", json.dumps(status))}
    given = HERE.model_dump() | {
        "embedded": True, "launcher": launcher, "file": str(tmp_path / "t.toml"),
    }  # fmt: skip
    one = type(HERE).model_validate(given)
    assert again.placed(HERE) is HERE
    if running:
        assert again.placed(one).prefix == str(tmp_path)
        assert os.environ["GATE_LOOKED_AGAIN"] == "here"
    else:
        with pytest.raises(TargetError, match="Desk does not stand, so it cannot be looked at"):
            again.placed(one)
