"""What Allure is given, and that allure-pytest keeps it as it was given."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.kinds.scene import scene_of
from gate.report import allure
from gate.report.account import Account
from gate.report.facts import evidence
from gate.sources.observed import Observed
from gate.target import Difference, Target

PLUGIN = """
import json, pathlib
import allure, pytest

GIVEN = json.loads(pathlib.Path(__file__).with_name("given.json").read_text("utf-8"))

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    try:
        return (yield)
    finally:
        allure.dynamic.title(GIVEN["title"])
        allure.dynamic.description(GIVEN["description"])
        for name, value in GIVEN["labels"]:
            allure.dynamic.label(name, value)
        for name, body, type_ in GIVEN["attachments"]:
            allure.attach(body, name, getattr(allure.attachment_type, type_))
"""


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        ("table.job_queue", "normal"),
        ("service.job_worker", "critical"),
        ("port.api", "critical"),
        ("database.connection", "blocker"),
        ("service.redis", "minor"),
        ("table.users", "normal"),
        ("path.api", "minor"),
        ("risk.worker", "critical"),
    ],
)
def test_severity_follows_the_risk(contract: Contract, id_: str, expected: str) -> None:
    """HIGH is critical, MEDIUM normal, LOW minor; without a risk the kind decides."""
    assert allure.severity(contract.promises[id_], "predeploy", contract) == expected


def test_labels(contract: Contract, target: Target) -> None:
    """Suites are moment, chapter and kind; the epic is the moment; risks are tags."""
    promise = contract.promises["service.redis"]
    assert allure.labels(promise, "predeploy", contract, target) == [
        ("epic", "predeploy"),
        ("feature", "services"),
        ("story", "service.redis"),
        ("parentSuite", "predeploy on hera"),
        ("suite", "services"),
        ("subSuite", "service"),
        ("severity", "minor"),
        ("tag", "risk.redis"),
    ]


def test_description_tells_promise_finding_and_how_to_look(contract: Contract) -> None:
    """A reader needs nothing else to understand a result."""
    result = Result(
        outcome=Outcome.FAIL,
        promised="active (running)",
        seen="failed | <x>",
        reason="it failed",
        look="systemctl status redis-server.service",
    )
    text = allure.description(contract.promises["service.redis"], "predeploy", result)
    assert text.splitlines() == [
        "Redis is switched off by the enhancement.",
        "",
        "- **Item:** `service.redis`",
        "- **Promised by:** snapshot",
        "- **Outcome:** FAIL",
        "- **Promised:** active (running)",
        "- **Seen:** failed \\| \\<x\\>",
        "- **Reason:** it failed",
        "- **Risks:** risk.redis",
        "",
        "Look at it yourself:",
        "",
        "    systemctl status redis-server.service",
    ]


def test_environment_is_readable_by_java(told: Callable[..., Account]) -> None:
    """Target, contract, host and versions; no other character than ASCII."""
    account = told()
    differs = (Difference(item="path.api", set={"owner": "x"}, reason="größer = 中 𝄞\nnext"),)
    account = told(target=account.target.model_copy(update={"differs": differs}))
    pairs = allure.environment(account)
    assert pairs["host.name"] == "Hera"
    assert pairs["version.postgresql"] == "16.11"
    assert pairs["version.node_exporter"] == "Not installed"
    assert pairs["contract.sha256"] == account.contract.sha256
    text = allure.environment_properties(pairs)
    assert text.isascii()
    assert "differs.1=path.api: gr\\u00f6\\u00dfer = \\u4e2d \\ud834\\udd1e next\n" in text


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("local", None)),
        ({"GITLAB_CI": "1", "CI_JOB_URL": "https://g/1"}, ("gitlab", "https://g/1")),
        ({"JENKINS_URL": "x", "BUILD_URL": "javascript:alert(1)"}, ("jenkins", None)),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
            },
            ("github", "https://github.com/a/b/actions/runs/7"),
        ),
    ],
)
def test_executor(
    told: Callable[..., Account], environ: dict[str, str], expected: tuple[str, str | None]
) -> None:
    """The CI system and its job, where the environment tells them."""
    executor = allure.executor(told(), environ)
    assert (executor["type"], executor.get("buildUrl")) == expected


@pytest.mark.parametrize(
    ("id_", "words"),
    [
        ("service.api", '"active_state": "active"'),
        ("port.api", '"address": "0.0.0.0"'),
        ("path.api", '"mode": "0755"'),
        ("runtime.python", '"value": "3.10.12"'),
        ("runtime.node_exporter", '"fact": "absent"'),
        ("clock.host", '"gate_after": "2026-02-13T15:30:02.1'),
        ("clock.database", '"clock": "2026-02-13T15:30:00Z"'),
        ("table.users", '"PRIMARY KEY (id)"'),
        ("table.job_queue", '"proof": "not in the catalog"'),
        ("index.ix_rag_chunks_hnsw", '"method": "hnsw"'),
        ("database.tables", '"organizations"'),
        ("migration.pending", '"heads"'),
        ("endpoint.copilot", '"elapsed_s": 46.8'),
        ("budget.tickets", '"samples_s"'),
        ("service.postgresql", '"fact": "cannot tell"'),
    ],
)
def test_evidence_is_what_was_seen(
    contract: Contract, target: Target, look: Callable[[Moment], Observed], id_: str, words: str
) -> None:
    """The evidence of an item is the fact behind it, whole."""
    promise = contract.promises[id_]
    found = evidence(promise, scene_of(contract, target, look("predeploy")))
    attached = allure.attachment(promise, "predeploy", found)
    assert attached.name == "promised and seen"
    promised, seen = json.loads(attached.body).values()
    assert promised["title"] == promise.title
    assert seen == found
    assert words in attached.body


def test_a_risk_has_no_evidence_of_its_own(
    contract: Contract, target: Target, look: Callable[[Moment], Observed]
) -> None:
    """What is concluded from other items has only its promise."""
    promise = contract.promises["risk.schema"]
    assert evidence(promise, scene_of(contract, target, look("predeploy"))) is None
    attached = allure.attachment(promise, "predeploy", None)
    assert attached.name == "promised"
    assert [*json.loads(attached.body)] == ["promised"]


@pytest.mark.parametrize(
    ("body", "status"),
    [("pass", "passed"), ("assert False", "failed"), ("raise RuntimeError('x')", "broken")],
)
def test_allure_keeps_what_it_is_given(
    contract: Contract, target: Target, tmp_path: pathlib.Path, body: str, status: str
) -> None:
    """One result with our title, labels, description and attachments, and the right status."""
    promise = contract.promises["service.redis"]
    labels = allure.labels(promise, "predeploy", contract, target)
    attached = allure.attachment(promise, "predeploy", {"fact": "seen"})
    given = {
        "title": allure.title(promise, "predeploy"),
        "description": allure.description(promise, "predeploy", None),
        "labels": labels,
        "attachments": [(attached.name, attached.body, attached.type)],
    }
    (tmp_path / "given.json").write_text(json.dumps(given), "utf-8")
    (tmp_path / "conftest.py").write_text(PLUGIN, "utf-8")
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n", "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--alluredir=results",
        "-p",
        "no:cacheprovider",
    ]
    subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, check=False, capture_output=True, timeout=60
    )
    (file,) = (tmp_path / "results").glob("*-result.json")
    result = json.loads(file.read_text("utf-8"))
    assert (result["name"], result["status"]) == (given["title"], status)
    assert result["description"] == given["description"]
    kept = {(one["name"], one["value"]) for one in result["labels"]}
    assert set(labels) <= kept
    suites = [value for name, value in kept if name in ("parentSuite", "suite", "subSuite")]
    assert sorted(suites) == ["predeploy on hera", "service", "services"]
    assert [one["type"] for one in result["attachments"]] == ["application/json"]
