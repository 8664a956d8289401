"""The copilot's lane on a running sandbox: its own pace, its budget, and each way it fails.

``GATE_COPILOT_S`` is how long the stand-in takes (``tox -e copilot-real``: the true 47 s).
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, Result
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.target import Target
from tests.selftest.sandboxes import standing

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACE_S = float(os.environ.get("GATE_COPILOT_S", "0.3"))
WITHIN_S = 90.0
KINDS = ("endpoint", "budget")


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    target: Target
    manner: pathlib.Path

    def behaves(self, **manner: Any) -> None:
        """Tell the stand-in how to answer."""
        self.manner.write_text(json.dumps(manner), "utf-8")

    def results(self) -> dict[str, Result]:
        """Look at the API and judge its endpoints and budgets."""
        real = [one for one in self.target.differs if PACE_S < 1 or one.item != "budget.copilot"]
        whole = load_contract(ROOT / "tests/contract", real)
        promises = {id_: one for id_, one in whole.promises.items() if one.kind in KINDS}
        contract = dataclasses.replace(whole, promises=promises)
        observed = look(contract, self.target, "predeploy")
        scene = Scene(contract=contract, target=self.target, moment="predeploy", observed=observed)
        return {one.id: judge(one, scene).result for one in contract.at("predeploy")}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all of them."""
    with standing("copilot") as (found, target):
        yield Sandbox(target, pathlib.Path(found["prefix"]).parent / "copilot-seconds")


def test_the_copilot_at_its_own_pace(sandbox: Sandbox) -> None:
    """Three answers keep its budget, and the API goes on answering meanwhile."""
    sandbox.behaves(median_s=PACE_S, sigma=0.03, seed=5)
    found = sandbox.results()
    assert found["endpoint.copilot"].outcome is Outcome.PASS
    budget = found["budget.copilot"]
    assert budget.outcome is Outcome.PASS, budget
    assert "of 3" in budget.seen
    assert found["budget.health_beside_copilot"].outcome is Outcome.PASS


FAILS = ("generate", "missing", "limit", "size")


@pytest.mark.parametrize("fails", FAILS)
def test_it_fails(sandbox: Sandbox, fails: str) -> None:
    """Ollama half up, without its model, at its limit, or with another model for embeddings."""
    sandbox.behaves(median_s=0.1, fails=fails)
    try:
        found = sandbox.results()
    finally:
        sandbox.behaves(median_s=0.1)
    assert found["endpoint.copilot"].outcome is Outcome.FAIL
    assert found["budget.copilot"].outcome is Outcome.INCONCLUSIVE
    assert "not answered as promised" in found["budget.copilot"].reason
    assert found["endpoint.api_health"].outcome is Outcome.PASS
    searches = fails not in ("missing", "size")  # it needs a question's embedding
    assert (found["endpoint.search"].outcome is Outcome.PASS) is searches


def test_it_hangs(sandbox: Sandbox) -> None:
    """It is told when its time is over."""
    sandbox.behaves(fails="hangs")
    shorter = [
        {"item": "endpoint.copilot", "set": {"deadline_s": 1}, "reason": "a test"},
    ]
    model = sandbox.target.model_dump()
    target = Target.model_validate({**model, "differs": [*model["differs"], *shorter]})
    try:
        found = dataclasses.replace(sandbox, target=target).results()
    finally:
        sandbox.behaves(median_s=0.1)
    assert found["endpoint.copilot"].outcome is Outcome.FAIL
    assert "within 1 s" in found["endpoint.copilot"].reason
    assert found["budget.copilot"].outcome is Outcome.INCONCLUSIVE


def test_the_spread_of_the_stand_in() -> None:
    """The median and the spread that were asked for, and the same again with the same seed."""
    code = (
        "import importlib.util, sys, json; "
        "spec = importlib.util.spec_from_file_location('standin', sys.argv[1]); "
        "it = importlib.util.module_from_spec(spec); sys.modules['standin'] = it; "
        "spec.loader.exec_module(it); "
        "print(json.dumps([it.Manner(0.4, 0.2, s).delay_s(n) for s in (1, 1, 2) "
        "for n in range(1000)]))"
    )
    script = ROOT / "sandbox/standins/ollama.py"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, str(script)], capture_output=True, check=True, timeout=30
    )
    found = json.loads(done.stdout)
    first, again, other = found[:1000], found[1000:2000], found[2000:]
    assert first == again != other
    ordered = sorted(first)
    assert 0.38 < ordered[500] < 0.42
    assert 0.31 < ordered[159] < 0.35
    assert 0.46 < ordered[840] < 0.52
