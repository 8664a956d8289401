"""The files of a moment: all there, whole, without secrets, and no trace of a former run."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import stat
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.errors import GateError
from gate.report.account import Account
from gate.report.text import indented
from gate.report.write import prepare, write_all
from gate.secrets.leaks import scan
from gate.secrets.redactor import Redactor
from gate.sources.fact import Seen
from gate.sources.observed import Observed

SENTINEL = 's"entinel-7f3a<&>'
MACHINES = (
    *("ctrf-report.json", "findings.jsonl", "summary.md", "annotations.txt", "outputs.env"),
    *("gate.prom", "benchmark.json"),
)
BEFORE = ["observed.json", "STATE_SNAPSHOT_BEFORE.md", "report.html", "junit.xml", *MACHINES]
AFTER = [
    *("observed.json", "STATE_SNAPSHOT_AFTER.md"),
    *("STATE_DIFF.md", "report.html", "junit.xml", *MACHINES),
]
CLEAN = Redactor([])


@pytest.mark.parametrize(("moment", "names"), [("predeploy", BEFORE), ("postdeploy", AFTER)])
def test_writes_every_file(
    told: Callable[..., Account], tmp_path: pathlib.Path, moment: Moment, names: list[str]
) -> None:
    """The folder is made and holds the files of the moment, the verdict last, for nobody else."""
    folder = tmp_path / "hera" / moment
    written = write_all(folder, told(moment), CLEAN)
    histograms = [one for one in written if one == "benchmark.svg"]  # where pygal is
    names = [*names, *histograms, "allurerc.json"]
    assert [*written] == [*names, "attestation.intoto.json", "verdict.json"]
    files = [one for one in folder.iterdir() if one.is_file()]
    assert sorted(one.name for one in files) == sorted(written)
    assert [one.name for one in folder.iterdir() if one.is_dir()] == ["allure-results"]
    every = [folder, *folder.rglob("*")]
    assert {stat.S_IMODE(one.stat().st_mode) for one in every if one.is_file()} == {0o600}
    assert {stat.S_IMODE(one.stat().st_mode) for one in every if one.is_dir()} == {0o700}


def test_allure_counts_what_the_verdict_counts(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """One result per item, in the verdict's words, also for what no test accounted for."""
    results = {
        "service.api": Result(outcome=Outcome.FAIL, seen="dead", reason="is dead", seconds=1.5),
        "port.api": Result(outcome=Outcome.INCONCLUSIVE, reason="timeout"),
        "path.api": Result(outcome=Outcome.WARN, reason="odd"),
        "port.redis": None,
    }
    account = told(results=results)
    (tmp_path / "allure-results").mkdir()
    (tmp_path / "allure-results" / "former-result.json").write_text("{}")
    write_all(tmp_path, account, CLEAN)
    folder = tmp_path / "allure-results"
    found = [json.loads(one.read_text("utf-8")) for one in folder.glob("*-result.json")]
    by_name = {one["fullName"].partition("::predeploy-")[2]: one for one in found}
    assert sorted(by_name) == sorted(line.id for line in account.verdict.lines)
    status = {id_: by_name[id_]["status"] for id_ in results}
    assert status == {
        "service.api": "failed",
        "port.api": "broken",
        "path.api": "passed",
        "port.redis": "skipped",
    }
    broken = by_name["service.api"]
    assert broken["statusDetails"]["message"] == "service.api: is dead"
    assert broken["stop"] - broken["start"] == 2700  # the host's 1.2 s, and the judgement
    for one in found:
        assert all((folder / attached["source"]).is_file() for attached in one["attachments"])
    (whole,) = folder.glob("*-globals.json")
    document, *pictures = json.loads(whole.read_text("utf-8"))["attachments"]
    assert document["type"] == "text/markdown"  # what readers show, and do not save
    assert {one["type"] for one in pictures} <= {"image/svg+xml"}
    snapshot = (tmp_path / "STATE_SNAPSHOT_BEFORE.md").read_bytes()
    assert (folder / document["source"]).read_bytes() == snapshot
    assert "target=" in (folder / "environment.properties").read_text("latin-1")
    assert json.loads((folder / "categories.json").read_text("utf-8"))
    assert json.loads((folder / "executor.json").read_text("utf-8"))


def test_verdict_is_what_machines_are_promised(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """The keys of verdict.json, and an item's."""
    broken = Result(outcome=Outcome.FAIL, promised="active", seen="dead", reason="is dead")
    account = told(results={"service.api": broken, "port.api": None})
    document = json.loads(write_all(tmp_path, account, CLEAN)["verdict.json"].read_text("utf-8"))
    assert (document["verdict"], document["exit_status"]) == ("BLOCKED", 1)
    assert (document["target"], document["moment"]) == ("hera", "predeploy")
    assert document["started"] == "2026-02-13T15:30:00+00:00"
    assert document["finished"] == "2026-02-13T15:30:49+00:00"
    assert document["contract"]["sha256"] == account.contract.sha256
    assert document["contract"]["items"] == len(document["items"])
    assert document["not_run"] == ["port.api"]
    item = document["items"][0]
    assert {
        key: item[key] for key in ("id", "chapter", "outcome", "promised", "seen", "reason")
    } == {
        "id": "service.api",
        "chapter": "services",
        "outcome": "FAIL",
        "promised": "active",
        "seen": "dead",
        "reason": "is dead",
    }


def test_a_look_can_be_read_back(told: Callable[..., Account], tmp_path: pathlib.Path) -> None:
    """observed.json is the look that was told of."""
    account = told()
    file = write_all(tmp_path, account, CLEAN)["observed.json"]
    assert Observed.model_validate_json(file.read_bytes()) == account.observed


def test_junit_has_a_case_for_every_item(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """FAIL is a failure, INCONCLUSIVE an error, nothing is skipped, WARN and WAIVED say so."""
    results = {
        "service.api": Result(outcome=Outcome.FAIL, seen="\x1b[31mdead\x00 ]]> <b>"),
        "port.api": Result(outcome=Outcome.INCONCLUSIVE, reason="timeout"),
        "path.api": Result(outcome=Outcome.WARN, reason="odd"),
        "port.redis": None,
    }
    account = told(results=results)
    suite = ET.parse(write_all(tmp_path, account, CLEAN)["junit.xml"]).getroot()[0]  # noqa: S314
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == [line.id for line in account.verdict.lines]
    assert {case.get("classname") for case in cases.values()} >= {"services", "ports", "plan"}
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == [str(len(cases)), "1", "2", "0"]
    children = {name: [one.tag for one in case] for name, case in cases.items() if len(case)}
    assert children == {
        "service.api": ["failure"],
        "port.api": ["error"],
        "port.redis": ["error"],
    }
    types = {name: cases[name][0].get("type") for name in children}
    assert types == {
        "service.api": "promise broken",
        "port.api": "could not look",
        "port.redis": "not run",
    }
    noted = [one.get("value") for one in suite.iter("property") if one.get("name") == "WARN"]
    assert noted == ["path.api"]
    assert "WARN path.api" in (suite.findtext("system-out") or "")


def test_attestation_names_the_reports(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """Every report is a subject with the digest of the file; what did not pass is not passed."""
    results = {
        "service.api": Result(outcome=Outcome.FAIL),
        "port.api": Result(outcome=Outcome.INCONCLUSIVE),
        "path.api": Result(outcome=Outcome.WARN),
    }
    written = write_all(tmp_path, told(results=results), CLEAN, url="https://ci.example/1")
    statement = json.loads(written.pop("attestation.intoto.json").read_text("utf-8"))
    digests = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    for name, file in written.items():
        assert digests[name] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = statement["predicate"]
    assert (predicate["result"], predicate["url"]) == ("FAILED", "https://ci.example/1")
    assert predicate["failedTests"] == ["service.api", "port.api"]
    assert predicate["warnedTests"] == ["path.api"]
    assert "is not signed" in predicate["configuration"][1]["annotations"]["signature"]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({}, "PASSED"),
        ({"path.api": Result(outcome=Outcome.WARN)}, "WARNED"),
        ({"path.api": Result(outcome=Outcome.WAIVED)}, "WARNED"),
        ({"path.api": None}, "FAILED"),
    ],
)
def test_attested_result(
    told: Callable[..., Account],
    tmp_path: pathlib.Path,
    results: dict[str, Result | None],
    expected: str,
) -> None:
    """Passed with a note is WARNED; anything but a promotion is FAILED."""
    written = write_all(tmp_path, told(results=results), CLEAN)
    statement = json.loads(written["attestation.intoto.json"].read_text("utf-8"))
    assert statement["predicate"]["result"] == expected


def planted(account: Account) -> Account:
    """The account with the sentinel wherever a target can put it."""
    observed = account.observed
    assert observed is not None
    assert isinstance(observed.host, Seen)
    assert isinstance(observed.api, Seen)
    host = observed.host.value
    units = dict(host.units)
    api = units["atum-desk-api.service"]
    assert isinstance(api, Seen)
    units["atum-desk-api.service"] = Seen(api.value.model_copy(update={"warnings": (SENTINEL,)}))
    identity = host.identity.model_copy(update={"hostname": SENTINEL})
    answers = dict(observed.api.value.answers)
    tickets = answers["endpoint.tickets"]
    assert isinstance(tickets, Seen)
    body = {"deep": [{"access_token": "another-secret", "text": f"x{SENTINEL}y"}]}
    answers["endpoint.tickets"] = Seen(tickets.value.model_copy(update={"body": body}))
    look = observed.model_copy(
        update={
            "host": Seen(host.model_copy(update={"units": units, "identity": identity})),
            "api": Seen(observed.api.value.model_copy(update={"answers": answers})),
        }
    )
    baseline = look.model_copy(update={"moment": "predeploy"})
    return dataclasses.replace(account, observed=look, baseline=baseline)


def test_a_planted_sentinel_shows_up_nowhere(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """Whatever a target says, no file holds the secret in any form, nor what looks like one."""
    words = Result(outcome=Outcome.FAIL, promised=SENTINEL, seen=SENTINEL, reason=SENTINEL)
    account = planted(told("postdeploy", {"service.api": words}))
    write_all(tmp_path, account, Redactor([SENTINEL]))
    assert scan(tmp_path, Redactor([SENTINEL, "another-secret"])) == []
    write_all(tmp_path, account, CLEAN)
    leaking = {one.split(":")[0].split("/")[0] for one in scan(tmp_path, Redactor([SENTINEL]))}
    durations = {"benchmark.json", "gate.prom", "outputs.env"}  # hold nothing that a target says
    assert leaking == {*AFTER, "verdict.json", "allure-results"} - durations, (
        "the sentinel was planted everywhere"
    )


def test_a_password_that_is_a_word_spoils_nothing(
    told: Callable[..., Account], tmp_path: pathlib.Path
) -> None:
    """With ordinary words for passwords the files are still what they are."""
    words = ["table", "root", "seen", "postdeploy", "2026", "class", "items"]
    written = write_all(tmp_path, told("postdeploy"), Redactor(words))
    assert json.loads(written["verdict.json"].read_text("utf-8"))["verdict"] == "PROMOTE"
    assert Observed.model_validate_json(written["observed.json"].read_bytes())
    assert "<table>" in written["report.html"].read_text("utf-8")
    assert ET.parse(written["junit.xml"]).getroot().tag == "testsuites"  # noqa: S314


@pytest.mark.parametrize("act", ["prepare", "write"])
def test_a_folder_that_cannot_be_written_is_explained(
    told: Callable[..., Account], tmp_path: pathlib.Path, act: str
) -> None:
    """The message names the folder, the reason and what to do."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "predeploy"
    with pytest.raises(GateError) as caught:
        prepare(folder) if act == "prepare" else write_all(folder, told(), CLEAN)
    message = str(caught.value)
    assert message.startswith(f"{folder}: reports cannot be written here: Not a directory")
    assert "--reports=DIR" in message


@pytest.fixture
def nobody() -> Iterator[None]:
    """Rights of an ordinary user, also where the tests run as root."""
    uid = os.geteuid()
    if uid == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if uid == 0:
            os.seteuid(0)


def test_a_read_only_folder_is_explained(tmp_path: pathlib.Path, nobody: None) -> None:
    """An existing folder that is read-only is found out before the look."""
    del nobody
    with contextlib.suppress(PermissionError):
        tmp_path.chmod(0o555)
    with pytest.raises(GateError, match="cannot be written here: Permission denied"):
        prepare(tmp_path)


def test_a_failed_write_leaves_the_former_file(
    told: Callable[..., Account], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk ends in one message, and no half a file is left."""

    def full(_number: int, mode: int) -> None:
        raise OSError(28, "No space left on device", str(mode))

    prepare(tmp_path)
    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(GateError, match="No space left on device"):
        write_all(tmp_path, told(), CLEAN)
    assert [one for one in tmp_path.iterdir() if one.is_file()] == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"a": [], "b": {}, "c": [{"d": [1, 2.5, None, True]}]}, id="nested"),
        pytest.param({"text": 'x\u00e4\n\t\x01\x7f\u2028"/\\\U0001f600'}, id="characters"),
        pytest.param({"half": "\ud83d"}, id="half-a-pair"),
        pytest.param({"number": 10**30}, id="large"),
    ],
)
def test_indented_json_is_that_of_the_library(document: dict[str, object]) -> None:
    """Made faster, and the same, so that no reader of a report sees a difference."""
    assert indented(document, 2) == json.dumps(document, indent=2, ensure_ascii=False)
