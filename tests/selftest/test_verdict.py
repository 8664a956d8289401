"""The verdict's odd cases, each a folder: what was given, and what must come out."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result, verdict
from gate.contract.item import Item
from gate.contract.model import MOMENTS, Promise
from gate.kinds.waiver import Waiver

CASES = pathlib.Path(__file__).parent / "verdicts"
TODAY = dt.date(2026, 2, 13)


def promise(id_: str, item: Item) -> Promise:
    """A promise that is the same on both sides."""
    return Promise(
        id=id_, kind=id_.partition(".")[0], chapter="x", before=item, after=item, moments=MOMENTS
    )


def judge(given: dict[str, Any]) -> dict[str, Any]:
    """Run the verdict on a case's data."""
    plain, absent = (
        Item.model_validate({"title": "t", "source": "s", "absent": one}) for one in (False, True)
    )
    waivers = {
        id_: Waiver.model_validate({"title": "t", "source": "s", "reason": "OPS-41", **one})
        for id_, one in given.get("waivers", {}).items()
    }
    promises = [
        promise(id_, waivers.get(id_, absent if id_ in given.get("absent", ()) else plain))
        for id_ in given["promised"]
    ]
    results = {
        id_: [Result(outcome=Outcome(one)) for one in outcomes]
        for id_, outcomes in given["results"].items()
    }
    found = verdict(
        promises,
        results,
        waivers,
        moment="predeploy",
        today=TODAY,
        interrupted=given.get("interrupted", False),
        replayed=given.get("replayed", False),
        besides=given.get("besides", ()),
    )
    return {
        "word": found.word.value,
        "exit_status": found.exit_status,
        "lines": {line.id: line.outcome.value for line in found.lines},
        "not_run": list(found.not_run),
        **({"warnings": list(found.warnings)} if found.warnings else {}),
    }


@pytest.mark.parametrize("case", sorted(one.name for one in CASES.iterdir()))
def test_case(case: str) -> None:
    """The verdict is what the folder says."""
    given = json.loads((CASES / case / "given.json").read_text("utf-8"))
    expected = json.loads((CASES / case / "expected.json").read_text("utf-8"))
    assert judge(given) == expected
