"""Every kind is told in every report, one that nobody wrote a line for in any of them too."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import pytest

from gate.account.verdict import Outcome, Result, verdict
from gate.contract.item import Item, Moment
from gate.contract.model import Contract, Promise
from gate.kinds import registry
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Severity,
    State,
    Told,
    always,
    asks_nothing,
    no_references,
)
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.report.account import Account
from gate.report.facts import fact_of, measured, state_of
from gate.report.terminal import summary
from gate.report.write import write_all
from gate.secrets.redactor import Redactor
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed

ONE_OF_EACH = pathlib.Path(__file__).parent / "kinds"
BROKEN = Result(outcome=Outcome.FAIL, promised="this", seen="that", reason="it is that")
TODAY = dt.date(2026, 2, 13)
PROMISE_ONLY = ("path", "rehearsal")
"""Kinds whose columns say what is promised, and nothing of what was seen."""
Look = Callable[[Moment], Observed]


def account_of(contract: Contract, id_: str, told: Callable[..., Account], look: Look) -> Account:
    """An account with one item, which is broken; beforehand nothing could be seen."""
    promise = contract.promises[id_]
    moment: Moment = "postdeploy" if "postdeploy" in promise.moments else promise.moments[-1]
    alone = dataclasses.replace(contract, promises={id_: promise})
    blind = CannotTell("timed out", Cause.TIMEOUT)
    before = look("predeploy").model_copy(
        update={
            "host": blind,
            "database": blind,
            "api": blind,
            "migrations": Seen(Chains(folders={})),
        }
    )
    return told(
        moment,
        contract=alone,
        verdict=verdict([promise], {id_: [BROKEN]}, {}, moment=moment, today=TODAY),
        observed=look(moment),
        baseline=before,
    )


def tell(account: Account, folder: pathlib.Path) -> Mapping[str, Any]:
    """What each report says, by its name; Allure's results as they are read back."""
    files = {name: file.read_text("utf-8") for name, file in write(folder, account).items()}
    results = [
        json.loads(file.read_text("utf-8"))
        for file in (folder / "allure-results").glob("*-result.json")
    ]
    (snapshot,) = (text for name, text in files.items() if name.startswith("STATE_SNAPSHOT"))
    lines = summary(
        account,
        str(folder),
        colour=False,
        width=120,
    )
    return {**files, "snapshot": snapshot, "allure": results, "terminal": "\n".join(lines)}


def write(folder: pathlib.Path, account: Account) -> Mapping[str, pathlib.Path]:
    """Every report of an account, with no template of the suite's."""
    contract = dataclasses.replace(account.contract, folder=str(folder))
    return write_all(folder, dataclasses.replace(account, contract=contract), Redactor([]))


def check(account: Account, folder: pathlib.Path) -> None:
    """Find the account's one item everywhere."""
    (promise,) = account.contract.promises.values()
    id_, found = promise.id, tell(account, folder)
    (item,) = json.loads(found["verdict.json"])["items"]
    assert (item["id"], item["outcome"], item["chapter"]) == (id_, "FAIL", promise.chapter)
    document, gate = found["snapshot"].split("\n## Gate\n")
    assert f"## {promise.chapter.capitalize()}" in document
    assert f"| {id_} " in document
    assert f"❌ {id_} | this | that |" in gate
    assert f'id="{id_}"' in found["report.html"]
    (case,) = ET.fromstring(found["junit.xml"]).iter("testcase")  # noqa: S314 - our own
    assert (case.get("name"), case.get("classname")) == (id_, promise.chapter)
    assert f"FAIL {id_}: {promise.title}" in found["terminal"]
    assert id_ in found["attestation.intoto.json"]
    (result,) = found["allure"]
    labels = {one["name"]: one["value"] for one in result["labels"]}
    assert (labels["story"], labels["subSuite"]) == (id_, promise.kind)
    assert labels["severity"] in get_args(Severity)
    attached, *_documents = result["attachments"]
    evidence = json.loads((folder / "allure-results" / attached["source"]).read_text("utf-8"))
    assert evidence["promised"]["title"] == promise.title
    assert ("seen" in evidence) == (fact_of(promise, account.scene) is not None)
    if account.moment != "predeploy" and state_of(promise, account.scene) is not None:
        assert f"| {id_} | this | " in found["STATE_DIFF.md"]
    if measured(promise, account.scene) is not None:
        assert f"| {id_} ❌ | " in found["STATE_DIFF.md"]


@pytest.mark.parametrize("name", kinds())
def test_every_kind_is_told_in_every_report(
    name: str, told: Callable[..., Account], look: Look, tmp_path: pathlib.Path
) -> None:
    """Whatever kinds are registered: an item of each is in every report."""
    contract = load_contract(ONE_OF_EACH)
    ids = [one.id for one in contract.promises.values() if one.kind == name]
    assert ids, f"{ONE_OF_EACH} has no item of the kind {name!r}"
    check(account_of(contract, ids[0], told, look), tmp_path)


@pytest.mark.parametrize("name", kinds())
@pytest.mark.parametrize("lost", ["everything", "parts"])
def test_no_row_is_lost_to_what_cannot_be_told(
    name: str, lost: str, told: Callable[..., Account], look: Look
) -> None:
    """A kind's row has the same columns whatever could not be seen, and raises nothing."""
    contract = load_contract(ONE_OF_EACH)
    blind = CannotTell("timed out", Cause.TIMEOUT)
    observed = None
    if lost == "parts":
        observed = look("predeploy").model_copy(
            update={
                "host": blind,
                "database": blind,
                "api": blind,
                "migrations": Seen(Chains(folders={})),
                "plan": blind,
            }
        )
    whole = told(contract=contract, observed=look("predeploy")).scene
    scene = told(contract=contract, observed=observed).scene
    for promise in contract.promises.values():
        if promise.kind == name:
            row, kind = kinds()[name].row(promise, scene), kinds()[name]
            assert list(row) == list(kind.row(promise, whole))
            if isinstance(kind.find(promise, scene), CannotTell) and name not in PROMISE_ONLY:
                assert any(isinstance(one, CannotTell) for one in row.values()), row


class Moon(Item):
    """A moon, by its phase."""

    phase: str


def _find(promise: Promise, scene: Scene) -> Found:
    del promise
    return Seen({"phase": "waning"}) if isinstance(scene.observed.host, Seen) else _blind()


def _blind() -> CannotTell:
    return CannotTell("clouds", Cause.UPSTREAM)


def _state(promise: Promise, scene: Scene) -> Told:
    return State("waning") if isinstance(_find(promise, scene), Seen) else _blind()


def _row(promise: Promise, scene: Scene) -> Cells:
    return {"Moon": promise.name, "Phase": scene.item(promise, Moon).phase, "Albedo": "0.12"}


def _compare(promise: Promise, scene: Scene) -> Finding:
    return Finding(promised=scene.item(promise, Moon).phase, seen="waning")


MOON = Kind(
    name="moon",
    chapter="moons",
    rank=35,
    model=Moon,
    severity="trivial",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=_compare,
    state=_state,
    row=_row,
    references=no_references,
    measure=lambda _promise, _scene: 1.5,
)


@pytest.fixture
def moon(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Iterator[Contract]:
    """A contract with a kind that no other module knows."""
    own = registry._own  # noqa: SLF001 - in the place of an installed package
    monkeypatch.setattr(registry, "_own", lambda: (*own(), MOON))
    kinds.cache_clear()
    folder = tmp_path / "contract"
    shutil.copytree(ONE_OF_EACH, folder)
    text = '[moon.earth]\ntitle = "It wanes"\nsource = "operator"\nphase = "waning"\n'
    (folder / "moons.toml").write_text(text, "utf-8")
    yield load_contract(folder)
    monkeypatch.undo()
    kinds.cache_clear()


def test_a_kind_from_outside_is_told_in_every_report(
    moon: Contract, told: Callable[..., Account], look: Look, tmp_path: pathlib.Path
) -> None:
    """Its module alone is enough; its columns are the document's, its severity is Allure's."""
    account = account_of(moon, "moon.earth", told, look)
    check(account, tmp_path / "run")
    found = tell(account, tmp_path / "again")
    assert "| Item | Moon | Phase | Albedo |" in found["snapshot"]
    assert "| moon.earth ❌ (it is that) | earth | waning | 0.12 |" in found["snapshot"]
    labels = [(one["name"], one["value"]) for one in found["allure"][0]["labels"]]
    assert ("severity", "trivial") in labels


def test_a_kind_that_raises_spoils_its_own_item_only(
    moon: Contract,
    told: Callable[..., Account],
    look: Look,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a kind from outside fails to tell, every report is written all the same."""

    def broken(_promise: Promise, _scene: Scene) -> Any:
        raise KeyError("no telescope")

    odd = dataclasses.replace(MOON, find=broken, state=broken, row=broken, measure=broken)
    monkeypatch.setattr(registry, "_own", lambda: (odd,))
    kinds.cache_clear()
    account = account_of(moon, "moon.earth", told, look)
    found = tell(account, tmp_path / "run")
    assert "could not tell of moon.earth: KeyError: 'no telescope'" in found["STATE_DIFF.md"]
    assert "| moon.earth ❔ cannot tell (the kind 'moon'" in found["snapshot"]
