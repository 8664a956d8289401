"""The files that machines decide by: each read by the rules or the library of its readers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
import xmlschema
from prometheus_client.parser import text_string_to_metric_families

from gate.account.verdict import Outcome, Result, Verdict, Word
from gate.contract.model import Contract
from gate.json_schema import DRAFTS
from gate.report.account import ORDER, Account
from gate.report.junit import document as junit
from gate.report.places import place_of
from gate.report.replay import Replay
from gate.report.run_folder import begin
from gate.report.run_keeping import close_dead_runs
from gate.report.summary import MOST
from gate.report.summary import render as summary_of
from gate.report.verdict_schema import verdict_schema
from gate.report.write import write_all
from gate.secrets.redactor import Redactor

HERE = pathlib.Path(__file__).parent
NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
NASTY = 'a "quoted" \\ back\n\x1b[31mred\x00 ]]> <script>alert(1)</script> \u202e | `x` \u2028 end'
Told = Callable[..., Account]

RESULTS = {
    "service.api": Result(
        outcome=Outcome.FAIL, promised=NASTY, seen=NASTY, reason=NASTY, look="ss"
    ),
    "port.api": Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): 5 s"),
    "port.postgresql": Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): 5 s"),
    "path.api": Result(outcome=Outcome.WARN, reason="odd"),
    "budget.tickets": Result(outcome=Outcome.WAIVED, reason="waived until then"),
    "port.redis": None,
}


def plain(account: Account) -> Account:
    """As it is."""
    return account


def replayed(account: Account) -> Account:
    """Judged again: all items hold, and it promotes nothing."""
    told = Replay(file="observed.json", sha256="0" * 64, looked=NOW, at=NOW)
    return dataclasses.replace(account, replay=told, verdict=_word(account, Word.REPLAYED, 10))


def interrupted(account: Account) -> Account:
    """Ended too early, with all items accounted for."""
    return dataclasses.replace(account, verdict=_word(account, Word.INTERRUPTED, 2))


def leaking(account: Account) -> Account:
    """Blocked by what a report held, by no item."""
    blocked = dataclasses.replace(_word(account, Word.BLOCKED, 1), warnings=("SECRET",))
    return dataclasses.replace(account, verdict=blocked)


def empty(account: Account) -> Account:
    """Nothing is promised."""
    none = Verdict(word=Word.INCONCLUSIVE, exit_status=10, lines=())
    return dataclasses.replace(account, verdict=none)


def unseen(account: Account) -> Account:
    """The look did not take place."""
    return dataclasses.replace(account, observed=None)


def _word(account: Account, word: Word, status: int) -> Verdict:
    return dataclasses.replace(account.verdict, word=word, exit_status=status)


BESIDE_ITEMS = (replayed, interrupted, leaking, empty)
CASES: dict[str, tuple[dict[str, Any], Callable[[Account], Account]]] = {
    "all-hold": ({}, plain),
    "everything": (RESULTS, plain),
    "unseen": (RESULTS, unseen),
    **{one.__name__: ({}, one) for one in BESIDE_ITEMS},
}


@pytest.fixture(params=CASES)
def account(request: pytest.FixtureRequest, told: Told) -> Account:
    """An account of each sort."""
    results, change = CASES[request.param]
    return change(told("postdeploy", results))


@pytest.fixture
def folder(account: Account, tmp_path: pathlib.Path) -> pathlib.Path:
    """Its files."""
    write_all(tmp_path / "run", account, Redactor([]))
    return tmp_path / "run"


@functools.cache
def _xsd() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(HERE / "junit.xsd"))


def test_verdict_keeps_its_schema(account: Account, folder: pathlib.Path) -> None:
    """In both drafts; the schema knows every key."""
    del account
    document = json.loads((folder / "verdict.json").read_text("utf-8"))
    for draft in DRAFTS:
        schema = verdict_schema(draft)
        jsonschema_rs.validator_for(schema, validate_formats=True).validate(document)
        assert document.keys() <= schema["properties"].keys()
        for key in ("items", "waivers", "not_tried"):
            known = schema["properties"][key]["items"]["properties"].keys()
            assert all(one.keys() <= known for one in document[key])


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "FINE"},
        {"exit_status": 0},
        {"verdict": "PROMOTE"},
        {"format": 2},
        {"items": [{"id": "x"}]},
        {"counts": None},
        {"finished": None},
        {"started": "yesterday"},
        {"moment": "later"},
    ],
    ids=str,
)
def test_the_schema_refuses(told: Told, tmp_path: pathlib.Path, changed: dict[str, Any]) -> None:
    """A word that is none, green for what is blocked, another format, and what is missing."""
    write_all(tmp_path, told("postdeploy", RESULTS), Redactor([]))
    document = json.loads((tmp_path / "verdict.json").read_text("utf-8"))
    validator = jsonschema_rs.validator_for(verdict_schema(), validate_formats=True)
    assert validator.is_valid(document)
    assert not validator.is_valid(document | changed)


def test_a_run_under_way_and_a_killed_one_keep_the_schema(tmp_path: pathlib.Path) -> None:
    """RUNNING, and INTERRUPTED as the next run says of it."""
    validator = jsonschema_rs.validator_for(verdict_schema(), validate_formats=True)
    document: dict[str, Any] = {
        "target": "hera",
        "moment": "predeploy",
        "started": NOW.isoformat(),
        "finished": None,
        "contract": {"sha256": "0" * 64, "items": 3},
        "items": [],
    }
    run = begin(tmp_path, "predeploy", document, started=NOW, readers="owner", keep=20)
    words = []
    for _ in range(2):
        found = json.loads((run.path / "verdict.json").read_text("utf-8"))
        validator.validate(found)
        words.append(found["verdict"])
        run.close()
        close_dead_runs(tmp_path, "owner")
    assert words == ["RUNNING", "INTERRUPTED"]


def test_junit_is_valid_and_as_red_as_the_verdict(account: Account, folder: pathlib.Path) -> None:
    """What readers' schemas have in common; its counts are those of its cases."""
    _xsd().validate(str(folder / "junit.xml"))
    found: Any = _xsd().to_dict(str(folder / "junit.xml"))
    (suite,) = found["testsuite"]
    cases = suite.get("testcase", [])
    assert suite["@tests"] == len(cases)
    assert suite["@failures"] == sum("failure" in one for one in cases)
    assert suite["@errors"] == sum("error" in one for one in cases)
    is_red = bool(suite["@failures"] or suite["@errors"])
    assert is_red == (account.verdict.word is not Word.PROMOTE)


def test_junit_tells_each_kind_of_abort(told: Told) -> None:
    """Why nothing could be told is the error's type, and the contract's line is in its text."""
    account = told("postdeploy", RESULTS)
    text = junit(account)
    assert text.count('type="could not look: timeout"') == 2
    assert text.count('type="not run"') == 1
    place, line = place_of(account.contract.promises["port.api"], account.contract)
    assert f"contract:    {place}:{line}\n" in text


def test_ctrf_is_as_red_as_the_verdict(account: Account, folder: pathlib.Path) -> None:
    """By the rules of its schema; failures are all that is not green."""
    document = json.loads((folder / "ctrf-report.json").read_text("utf-8"))
    jsonschema_rs.validator_for(CTRF, validate_formats=True).validate(document)
    summary, tests = document["results"]["summary"], document["results"]["tests"]
    statuses = [one["status"] for one in tests]
    assert summary["tests"] == len(tests)
    assert {one: summary[one] for one in ("passed", "failed")} == {
        one: statuses.count(one) for one in ("passed", "failed")
    }
    assert bool(summary["failed"]) == (account.verdict.word is not Word.PROMOTE)
    assert len({one["id"] for one in tests}) == len(tests)


def test_findings_are_worst_first(account: Account, folder: pathlib.Path) -> None:
    """A line each for what did not pass, and one for what stands against the run alone."""
    text = (folder / "findings.jsonl").read_text("utf-8")
    found = [json.loads(one) for one in text.split("\n") if one]
    passed = {line.id for line in account.verdict.lines if line.outcome is Outcome.PASS}
    items = [one for one in found if one["id"] is not None]
    assert {one["id"] for one in items} == {line.id for line in account.verdict.lines} - passed
    ranks = [ORDER.index(Outcome(one["outcome"])) for one in items]
    assert ranks == sorted(ranks)
    for one in items:
        assert one["cause"]
        assert {"promised", "seen", "look", "source"} <= one.keys()
    assert bool(found) or account.verdict.word is Word.PROMOTE
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_finding_stands_at_its_line(told: Told) -> None:
    """Every item of the contract: at the line where its table begins."""
    contract: Contract = told().contract
    for promise in contract.promises.values():
        file, number = place_of(promise, contract)
        header = pathlib.Path(file).read_text("utf-8").splitlines()[number - 1]
        assert header.strip() == f"[{promise.id}]"


def test_a_header_within_a_text_is_none(told: Told, tmp_path: pathlib.Path) -> None:
    """Nor is a list's line, or one with the id in quotes another's."""
    header = '[ "service" . api ] # it\n[service.api.after]\n'
    text = 'x = """\n[service.api]\n"""\ny = [\n[1],\n]\n' + header
    (tmp_path / "services.toml").write_text(text, "utf-8")
    contract = dataclasses.replace(told().contract, folder=str(tmp_path), sha256="of its own")
    assert place_of(contract.promises["service.api"], contract)[1] == 7
    assert place_of(contract.promises["port.api"], contract) == ("", 0)


def test_metrics_are_read_by_prometheus(account: Account, folder: pathlib.Path) -> None:
    """One verdict is 1; no sample has a timestamp, which the textfile collector refuses."""
    text = (folder / "gate.prom").read_text("utf-8")
    samples = [one for two in text_string_to_metric_families(text) for one in two.samples]
    assert all(one.timestamp is None for one in samples)
    words = {one.labels["verdict"]: one.value for one in samples if one.name == "gate_verdict"}
    assert {word for word, value in words.items() if value} == {account.verdict.word.value}
    by_name = {one.name: one.value for one in samples}
    assert by_name["gate_exit_status"] == account.verdict.exit_status
    assert by_name["gate_finished_timestamp_seconds"] == account.finished.timestamp()
    outcomes = {one.labels["outcome"]: one.value for one in samples if one.name == "gate_items"}
    assert sum(outcomes.values()) == len(account.verdict.lines)


def test_the_summary_groups_by_cause(told: Told, tmp_path: pathlib.Path) -> None:
    """The verdict first, then the causes, the worst first; markup of a target's stays text."""
    write_all(tmp_path, told("postdeploy", RESULTS), Redactor([]))
    text = (tmp_path / "summary.md").read_text("utf-8")
    heads = [one for one in text.splitlines() if one.startswith("## ")]
    assert [one.split(":")[0].split()[-1] for one in heads] == [
        *("FAIL", "INCONCLUSIVE", "INCONCLUSIVE", "WARN", "WAIVED")
    ]
    assert "timeout: 5 s" in text
    assert "<script" not in text.replace("\\<script", "")


def test_the_summary_stays_small(told: Told) -> None:
    """However much there is to say; what is left out is counted."""
    account = told("postdeploy")
    line, promise = account.verdict.lines[0], account.contract.promises["service.api"]
    ids = [f"service.x{number}" for number in range(3000)]
    lines = tuple(
        dataclasses.replace(line, id=id_, outcome=Outcome.FAIL, reason=f"{id_} is {'ä|' * 300}")
        for id_ in ids
    )
    promises = {id_: dataclasses.replace(promise, id=id_) for id_ in ids}
    many = dataclasses.replace(
        account,
        contract=dataclasses.replace(account.contract, promises=promises),
        verdict=Verdict(word=Word.BLOCKED, exit_status=1, lines=lines),
    )
    (content,) = summary_of(many, {}).values()
    assert MOST / 2 < len(content) < 900_000
    assert " causes more: see `report.html`." in content.decode()[-60:]


_TEXT = {"type": "string"}
_INTEGER = {"type": "integer"}
_STATUS = ["passed", "failed", "skipped", "pending", "other"]


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties | {"extra": {"type": "object"}},
        "additionalProperties": False,
    }


CTRF = _closed(
    ["results", "reportFormat", "specVersion"],
    reportFormat={"const": "CTRF"},
    specVersion={"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
    timestamp={"type": "string", "format": "date-time"},
    generatedBy=_TEXT,
    results=_closed(
        ["tool", "summary", "tests"],
        tool=_closed(["name"], name={"type": "string", "minLength": 1}, version=_TEXT),
        summary=_closed(
            ["tests", *_STATUS, "start", "stop"],
            **dict.fromkeys(["tests", *_STATUS, "start", "stop"], _INTEGER),
        ),
        tests={
            "type": "array",
            "items": _closed(
                ["name", "status", "duration"],
                id={"type": "string", "format": "uuid"},
                name={"type": "string", "minLength": 1},
                status={"enum": _STATUS},
                suite={"type": "array", "minItems": 1, "items": _TEXT},
                tags={"type": "array", "items": _TEXT},
                **dict.fromkeys(["duration", "start", "stop", "line"], _INTEGER),
                **dict.fromkeys(["message", "trace", "rawStatus", "filePath"], _TEXT),
            ),
        },
        environment=_closed([], testEnvironment=_TEXT),
    ),
)
"""The part of CTRF's schema that is written here, as closed as that is."""


@pytest.mark.parametrize("results", [{}, RESULTS], ids=["all good", "much broken"])
def test_advice_is_told_in_every_form(
    told: Told, tmp_path: pathlib.Path, results: dict[str, Result | None]
) -> None:
    """The verdict is what it is; no form for machines calls it one that promotes."""
    account = told("postdeploy", results, advises=True)
    files = write_all(tmp_path, account, Redactor([]))
    found = {name: file.read_text("utf-8") for name, file in files.items()}
    document = json.loads(found["verdict.json"])
    assert (document["advise"], document["verdict"]) == (True, account.verdict.word.value)
    assert jsonschema_rs.validator_for(verdict_schema()).is_valid(document)
    assert "Advice only" in found["summary.md"]
    assert "gate_promotes=no\n" in found["outputs.env"]
    assert "gate_advises=yes\n" in found["outputs.env"]
    assert json.loads(found["attestation.intoto.json"])["predicate"]["result"] == "FAILED"
    samples = [
        one
        for two in text_string_to_metric_families(found["gate.prom"])
        for one in two.samples
        if one.name == "gate_advises"
    ]
    assert [one.value for one in samples] == [1.0]
    assert "::error" not in found["annotations.txt"]
    assert bool(found["annotations.txt"]) is bool(results)


def test_annotations_and_outputs(told: Told, tmp_path: pathlib.Path) -> None:
    """The worst first, a line each, at the contract's; outputs hold nothing but plain values."""
    write_all(tmp_path, told("postdeploy", RESULTS), Redactor([]))
    lines = (tmp_path / "annotations.txt").read_text("utf-8").splitlines()
    assert 0 < len(lines) <= 10
    commands = [line.split()[0] for line in lines]
    assert commands == sorted(commands), "errors before warnings"
    assert commands[0] == "::error"
    for line in lines:
        assert re.fullmatch(r"::(error|warning) (\w+=[^,:]*,?)+::[^\r\n]+", line), line
    for line in (tmp_path / "outputs.env").read_text("utf-8").splitlines():
        assert re.fullmatch(r"gate_\w+=[\w.-]*", line), line
