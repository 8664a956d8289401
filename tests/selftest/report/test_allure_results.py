"""The results of Allure, read by the model of Allure itself: a deployment, told whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from allure_commons import model2

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract
from gate.kinds.load import load_contract
from gate.plan.facts import PlanFacts, StepRecord
from gate.report import allure
from gate.report.account import Account
from gate.report.allure_results import FOLDER
from gate.report.replay import Replay
from gate.report.write import write_all
from gate.secrets.redactor import Redactor
from gate.sources.fact import Absent, Seen
from gate.sources.observed import Observed
from gate.sources.rehearsal.facts import CloneFacts, Leg, RehearsalFacts

NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
KINDS = pathlib.Path(__file__).parent / "kinds"
PARTS: dict[str, type] = {
    "steps": model2.TestStepResult,
    "attachments": model2.Attachment,
    "parameters": model2.Parameter,
    "labels": model2.Label,
    "links": model2.Link,
    "statusDetails": model2.StatusDetails,
}
Told = Callable[..., Account]
Look = Callable[[Moment], Observed]


def read(model: type, given: dict[str, Any]) -> Any:
    """Read a document by Allure's own model; a key that it does not know is a mistake."""
    found = {}
    for key, value in given.items():
        part = PARTS.get(key)
        if part is None:
            found[key] = value
        elif isinstance(value, list):
            found[key] = [read(part, one) for one in value]
        else:
            found[key] = read(part, value)
    return model(**found)


def results(folder: pathlib.Path) -> list[Any]:
    """Every result of a folder, in order of its names, as Allure has them."""
    files = sorted(folder.glob("*-result.json"))
    return [read(model2.TestResult, json.loads(one.read_text("utf-8"))) for one in files]


def write(folder: pathlib.Path, *accounts: Account) -> pathlib.Path:
    """The results of several moments in one folder, as whoever tells a deployment merges them."""
    merged = folder / "merged"
    merged.mkdir()
    for number, account in enumerate(accounts):
        write_all(folder / str(number), account, Redactor([]))
        for file in (folder / str(number) / FOLDER).iterdir():
            assert "result" not in file.name or not (merged / file.name).exists(), file.name
            (merged / file.name).write_bytes(file.read_bytes())
    return merged


def by_id(found: list[Any]) -> dict[str, Any]:
    """Results by item."""
    return {labels(one)["story"][0]: one for one in found}


def labels(result: Any) -> dict[str, list[str]]:
    """Values by the names of the labels."""
    found: dict[str, list[str]] = {}
    for one in result.labels:
        found.setdefault(one.name, []).append(one.value)
    return found


def histories(result: Any) -> tuple[str, str]:
    """What Allure 2 knows a test by, and what Allure 3 does: the case and what is not excluded."""
    kept = sorted(f"{one.name}:{one.value}" for one in result.parameters if not one.excluded)
    return result.historyId, f"{result.testCaseId}.{kept}"


def test_three_moments_are_three_times_the_results(told: Told, tmp_path: pathlib.Path) -> None:
    """A failed deployment stays in sight behind a green rollback: nothing is a retry of another."""
    broken = Result(outcome=Outcome.FAIL, promised="active", seen="dead", reason="is dead")
    accounts = [
        told(moment, {"service.api": broken} if moment == "postdeploy" else {})
        for moment in MOMENTS
    ]
    folder = write(tmp_path, *accounts)
    found = results(folder)
    assert len(found) == sum(len(one.verdict.lines) for one in accounts)
    for known_by in zip(*map(histories, found), strict=True):
        assert len(set(known_by)) == len(found), "one counts as the retry of another"
    assert len({one.fullName for one in found}) == len({one.testCaseId for one in found})
    assert len({one.fullName for one in found}) == len(found)
    assert Counter(one.status for one in found) == {"passed": len(found) - 1, "failed": 1}
    (failed,) = (one for one in found if one.status == "failed")
    told_as = labels(failed)
    assert [told_as[name] for name in ("epic", "feature", "story")] == [
        ["postdeploy"],
        ["services"],
        ["service.api"],
    ]
    assert {labels(one)["epic"][0] for one in found} == set(MOMENTS)
    for one in found:
        sources = [two.source for two in one.attachments]
        assert all((folder / source).is_file() for source in sources)
    shown = {one.name: one for one in failed.attachments}
    for name in ("STATE_SNAPSHOT_AFTER.md", "STATE_DIFF.md"):
        text = (folder / shown[name].source).read_bytes()
        assert text == (tmp_path / "1" / name).read_bytes()
        assert shown[name].type == "text/markdown"


def test_ids_stay_from_run_to_run(told: Told, tmp_path: pathlib.Path) -> None:
    """History is one line per item, moment and target; a judged-again look has one of its own."""
    first = told()
    later = dataclasses.replace(first, started=NOW + dt.timedelta(days=1))
    elsewhere = dataclasses.replace(
        first, target=first.target.model_copy(update={"name": "other-host"})
    )
    replay = Replay(file="observed.json", sha256="0" * 64, looked=NOW, at=NOW)
    again = dataclasses.replace(first, replay=replay)
    found = {}
    for name, account in (
        ("first", first),
        ("later", later),
        ("elsewhere", elsewhere),
        ("again", again),
    ):
        (tmp_path / name).mkdir()
        found[name] = by_id(results(write(tmp_path / name, account)))["service.api"]
    assert histories(found["first"]) == histories(found["later"])
    assert found["first"].uuid != found["later"].uuid
    kept = {name: histories(one) for name, one in found.items() if name != "later"}
    for known_by in zip(*kept.values(), strict=True):
        assert len(set(known_by)) == len(kept)


def fitting(result: Any, folder: pathlib.Path) -> list[str]:
    """The categories of a result: by the whole of its trace (Allure 2), or in it (Allure 3)."""
    trace = result.statusDetails.trace or ""
    found: dict[str, list[str]] = {"2": [], "3": []}
    for one in json.loads((folder / "categories.json").read_text("utf-8")):
        regex = one.get("traceRegex", "")
        if result.status in one["matchedStatuses"]:
            whole = not regex or re.fullmatch(regex, trace, re.DOTALL)
            found["2"] += [one["name"]] if whole else []
            found["3"] += [one["name"]] if re.search(regex, trace) else []
    assert found["2"] == found["3"]
    return found["2"]


@pytest.mark.parametrize(
    ("id_", "outcome", "expected"),
    [
        ("service.api", Outcome.FAIL, ("Promise broken", {"FAIL"})),
        ("service.api", Outcome.WARN, ("Warned of", {"WARN"})),
        ("service.api", Outcome.WAIVED, ("Waived", {"WAIVED"})),
        ("service.api", Outcome.INCONCLUSIVE, ("Could not look", {"INCONCLUSIVE"})),
        ("service.api", None, ("Not run", {"INCONCLUSIVE", "not run"})),
        ("service.api", Outcome.PASS, ("", set())),
        ("budget.tickets", Outcome.FAIL, ("Over budget", {"FAIL", "budget"})),
        ("budget.tickets", Outcome.INCONCLUSIVE, ("Could not look", {"INCONCLUSIVE", "budget"})),
        ("budget.tickets", Outcome.PASS, ("", {"budget"})),
    ],
)
def test_what_can_be_filtered_by(
    told: Told,
    tmp_path: pathlib.Path,
    id_: str,
    outcome: Outcome | None,
    expected: tuple[str, set[str]],
) -> None:
    """Warnings and waivers do not drown in what passed; what could not be seen is no failure."""
    category, tags = expected
    words = "odd (drift) outcome: WARN (budget)"
    result = Result(outcome=outcome, seen=words, promised=words) if outcome else None
    folder = write(tmp_path, told(results={id_: result}))
    found = by_id(results(folder))[id_]
    assert fitting(found, folder)[:1] == ([category] if category else [])
    own = set(labels(found).get("tag", ())) - {"risk.api", "risk.worker"}
    assert own >= tags
    assert not (own - tags) & {"WARN", "FAIL", "WAIVED", "INCONCLUSIVE", "not run", "drift"}


def test_what_changed_unpromised_is_drift(told: Told, look: Look, tmp_path: pathlib.Path) -> None:
    """A change that nobody promised is filed as that, though its item holds."""
    account = told("postdeploy", baseline=look("predeploy"))
    after = look("postdeploy")
    assert isinstance(after.host, Seen)
    path = "/data/ATUM DESK/atum-desk/api"
    folder = after.host.value.paths[path]
    assert isinstance(folder, Seen)
    paths = {path: Seen(folder.value.model_copy(update={"mode": "0777"}))}
    host = Seen(after.host.value.model_copy(update={"paths": paths}))
    account = dataclasses.replace(account, observed=after.model_copy(update={"host": host}))
    merged = write(tmp_path, account)
    found = by_id(results(merged))
    assert found["path.api"].status == "passed"
    assert fitting(found["path.api"], merged) == ["Drift"]
    assert "drift" in labels(found["path.api"])["tag"]
    assert "drift" not in labels(found["runtime.python"]).get("tag", ())


def test_times_are_those_of_the_look(told: Told, tmp_path: pathlib.Path) -> None:
    """An item took as long as its source was asked; what is concluded comes behind the look."""
    found = by_id(results(write(tmp_path, told())))
    start = round(NOW.timestamp() * 1000)
    times = {id_: (one.start - start, one.stop - start) for id_, one in found.items()}
    assert times["service.api"] == (0, 1200)
    assert times["table.users"] == (0, 300)
    assert times["endpoint.tickets"] == (0, 47100)
    assert times["risk.worker"] == (48000, 48000)


def test_a_step_of_the_plan_is_a_step_with_its_output(
    told: Told, look: Look, tmp_path: pathlib.Path
) -> None:
    """Its own times, its command, what it printed (without secrets), and what became of it."""
    id_ = "step.rollback_downgrade"
    record = StepRecord(
        step=id_,
        command="alembic downgrade x",
        started=NOW - dt.timedelta(minutes=1),
        seconds=2.5,
        exit_status=1,
        output="no such revision; hunter2-secret",
        state="failed",
    )
    plan = Seen(PlanFacts(steps={id_: Seen(record)}))
    account = told("rollback", observed=look("rollback").model_copy(update={"plan": plan}))
    write_all(tmp_path, account, Redactor(["hunter2-secret"]))
    result = by_id(results(tmp_path / FOLDER))[id_]
    assert result.stop - result.start == 2500
    (step,) = result.steps
    assert (step.name, step.status) == (f"{id_}: failed", "failed")
    assert (step.start, step.stop) == (result.start, result.stop)
    assert {one.name: one.value for one in step.parameters} == {
        "command": "alembic downgrade x",
        "exit status": "1",
    }
    (output,) = step.attachments
    text = (tmp_path / FOLDER / output.source).read_text("utf-8")
    assert text.startswith("no such revision; ")
    assert "hunter2-secret" not in text


def rehearsed() -> RehearsalFacts:
    """A rehearsal that ended in its second revision, which printed and was killed."""
    clone = CloneFacts(name="c", source="pg_dump of shop", seconds=2.0, bytes=9, rows={"t": 3})
    legs = [
        Leg(
            revision=name,
            direction="up",
            seconds=seconds,
            exit_status=status,
            output=output,
            commands=Seen(()),
        )
        for name, seconds, status, output in (("r1", 1.0, 0, ""), ("r2", 4.0, None, "waiting"))
    ]
    return RehearsalFacts(
        clone=Seen(clone),
        targets_clone=Seen("c"),
        up=tuple(legs),
        reached=Seen(("r1",)),
        after=Absent("not reached"),
        receipts=Absent("not reached"),
        seconds=7.5,
    )


def test_a_rehearsal_has_its_stages_nested(told: Told, look: Look, tmp_path: pathlib.Path) -> None:
    """In their order, each as long as it took, and with what it printed."""
    contract: Contract = load_contract(KINDS)
    clone = contract.promises["rehearsal.clone"]
    item = clone.before.model_copy(update={"clone": None, "reaches": "r2"})
    reaches = dataclasses.replace(clone, id="rehearsal.reaches", before=item, after=item)
    contract = dataclasses.replace(contract, promises={clone.id: clone, reaches.id: reaches})
    seen = look("predeploy")
    seen = seen.model_copy(
        update={"rehearsal": Seen(rehearsed()), "seconds": {**seen.seconds, "rehearsal": 7.5}}
    )
    found = by_id(results(write(tmp_path, told(contract=contract, observed=seen))))
    one = found["rehearsal.reaches"]
    end_of_look = round((NOW + dt.timedelta(seconds=48)).timestamp() * 1000)
    assert (one.start, one.stop) == (end_of_look, end_of_look + 7500)
    assert [(two.name, two.status, two.stop - two.start) for two in one.steps] == [
        ("up r1", "passed", 1000),
        ("up r2", "failed", 4000),
    ]
    assert one.steps[0].stop == one.steps[1].start
    assert one.steps[1].statusDetails.message == "did not end in time"
    assert [len(two.attachments) for two in one.steps] == [0, 1]
    assert [two.name for two in found["rehearsal.clone"].steps] == ["clone: pg_dump of shop"]


def test_links_lead_to_what_is_named(told: Told, contract: Contract) -> None:
    """The addresses in the words of an item and of its risks; nothing else is a link."""
    promise = contract.promises["service.redis"]
    item = promise.before.model_copy(
        update={"source": "RFC (https://a.example/x?y=1), javascript:alert(1)", "note": "no"}
    )
    risk = contract.promises["risk.redis"]
    told_risk = risk.before.model_copy(update={"note": "see https://wiki.example/run-book."})
    linked = dataclasses.replace(
        contract,
        promises={
            **contract.promises,
            promise.id: dataclasses.replace(promise, before=item),
            risk.id: dataclasses.replace(risk, before=told_risk),
        },
    )
    account = told(contract=linked)
    found = allure.links(account.contract.promises[promise.id], "predeploy", account.contract)
    assert [one["url"] for one in found] == [
        "https://a.example/x?y=1",
        "https://wiki.example/run-book",
    ]
    assert [read(model2.Link, one).type for one in found] == ["link", "link"]
    assert allure.links(contract.promises["service.api"], "predeploy", contract) == []


def test_the_same_account_makes_the_same_bytes(told: Told, tmp_path: pathlib.Path) -> None:
    """Nothing in the folder is made up anew."""
    files = []
    for name in ("one", "two"):
        write_all(tmp_path / name, told("postdeploy"), Redactor([]))
        folder = tmp_path / name / FOLDER
        files.append({one.name: one.read_bytes() for one in folder.iterdir()})
    assert files[0] == files[1]
