"""The folder ``allure-results``: one result per promised item, whatever happened to run.

Made from the account and not from pytest's reports, so that Allure shows what the verdict counts:
a broken promise is *failed*, a failed look *broken*, an item that no test accounted for *skipped*;
warnings, waivers, drift and budgets have tags and categories.
The format is Allure's own (model of allure-python-commons 2.16, read by Allure 2 and 3).
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from typing import Any

from gate.account.verdict import Line, Outcome
from gate.kinds.kind import Kind
from gate.kinds.registry import kinds
from gate.report import allure, drift
from gate.report.account import SNAPSHOT, Account
from gate.report.allure_steps import steps
from gate.report.conclusion import beyond
from gate.report.facts import evidence
from gate.report.pictures.latency import latency
from gate.report.pictures.locks import locks
from gate.report.pictures.picture import file as picture_file
from gate.report.pictures.tables import tables
from gate.report.pictures.timeline import timeline
from gate.report.state_diff import FILE as STATE_DIFF
from gate.report.times import milliseconds, span

FOLDER = "allure-results"
STATUS: dict[Outcome, str] = {
    Outcome.PASS: "passed",
    Outcome.WARN: "passed",
    Outcome.WAIVED: "passed",
    Outcome.FAIL: "failed",
    Outcome.INCONCLUSIVE: "broken",
}
TYPES = {"JSON": ("application/json", "json"), "TEXT": ("text/plain", "txt")}
SHOWN = {"md": "text/markdown", "svg": "image/svg+xml", "png": "image/png"}
"""Files of other reports that are shown in Allure: documents as rendered text, and pictures."""
DRAWN = (tables, latency, locks)
CONFIG = "allurerc.json"
NEAR = 20
"""Results that did not pass and have the documents beside them; the others find them at the run."""
NAMES = uuid.UUID("5f0f2d8b-6a43-4d0c-9d53-0d8f5b1c7a11")
"""Name space of the results' ids: the same item of the same run has the same id."""


name = "allure"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The folder's files: results, their evidence, and what belongs to the whole run.

    The documents that are there already, the snapshot and the state diff, are attachments of the
    whole run, of its first result, and of the first that did not pass; pictures are of the whole
    run. Beside the folder is what Allure 3 tells it by.
    """
    files: dict[str, str] = {}
    shown = _Shown(account, already)
    drifted = _drifted(account)
    near = 0
    for number, line in enumerate(account.verdict.lines):
        near += line.outcome is not Outcome.PASS
        is_near = number == 0 or (line.outcome is not Outcome.PASS and near <= NEAR)
        documents = shown.documents(line.id) if is_near else []
        files |= _result(account, line, documents, drifted=line.id in drifted)
    at, why = milliseconds(account.finished), beyond(account.verdict)
    whole = [*shown.documents("globals"), *shown.pictures()]
    if whole or why:
        errors = [{"message": why, "timestamp": at}] if why else []
        attachments = [{**one, "timestamp": at} for one in whole]
        found = {"attachments": attachments, "errors": errors}
        files[f"{_id(account, 'globals')}-globals.json"] = _json(found)
    pairs = allure.environment(account)
    files["environment.properties"] = allure.environment_properties(pairs)
    files["categories.json"] = _json(allure.categories())
    executor = allure.executor(account, os.environ)
    files["executor.json"] = _json(executor)
    rc = {**allure.allurerc(executor["reportName"]), "resultsDir": FOLDER}
    told = {file: text.encode("utf-8", "replace") for file, text in files.items()} | shown.files
    return {
        **{f"{FOLDER}/{file}": content for file, content in told.items()},
        CONFIG: f"{json.dumps(rc, ensure_ascii=False, indent=2)}\n".encode("utf-8", "replace"),
    }


class _Shown:
    """What other reports made, as attachments: each has a file of its own, as Allure 3 wants it."""

    def __init__(self, account: Account, already: Mapping[str, bytes]) -> None:
        self._account, self._already = account, already
        self.files: dict[str, bytes] = {}

    def documents(self, of: str) -> list[dict[str, str]]:
        """The snapshot, and the comparison where there is one, for one thing of the run."""
        names = (SNAPSHOT[self._account.moment], STATE_DIFF)
        return [self._attached(name, of) for name in names if name in self._already]

    def pictures(self) -> list[dict[str, str]]:
        """The pictures of the page, and those that other reports made, wherever they come from."""
        drawn = [draw(self._account) for draw in DRAWN]
        story = timeline([self._account])
        if story is not None:
            drawn.insert(0, story[0])
        own = [
            self._attached(f"{one.name}.svg", "pictures", picture_file(one), one.title)
            for one in drawn
            if one is not None
        ]
        found = (one for one in self._already if one.endswith((".svg", ".png")) and "/" not in one)
        return [*own, *(self._attached(name, "globals") for name in found)]

    def _attached(
        self, name: str, of: str, content: bytes | None = None, title: str = ""
    ) -> dict[str, str]:
        suffix = name.rpartition(".")[2]
        source = f"{_id(self._account, f'{of}/{name}')}-attachment.{suffix}"
        self.files[source] = self._already[name] if content is None else content
        return {"name": title or name, "source": source, "type": SHOWN[suffix]}


def _id(account: Account, name: str) -> str:
    """An id that the same thing of the same run has again."""
    run = f"{account.target.name}/{account.moment}/{name}/{account.started.isoformat()}"
    return str(uuid.uuid5(NAMES, run + "/replay" * bool(account.replay)))


def _identity(account: Account, line: Line) -> dict[str, Any]:
    """What a result is known by from run to run.

    The moment is part of the test case: one moment never counts as another one's retry, whoever
    merges their results. Target and replay are parameters of it, so that neither of two hosts, nor
    a look that is judged again, hides the other.
    """
    case, target = f"{account.moment}/{line.id}", account.target.name
    history = f"{target}/{case}{'/replay' * bool(account.replay)}"
    replay = [{"name": "replay", "value": "yes"}] if account.replay else []
    return {
        "uuid": _id(account, line.id),
        "historyId": _digest(history),
        "testCaseId": _digest(case),
        "fullName": f"tests/test_{line.chapter}.py::{account.moment}-{line.id}",
        "titlePath": [account.moment, line.chapter],
        "parameters": [
            {"name": "target", "value": target},
            *replay,
            {"name": "outcome", "value": line.outcome.value, "excluded": True},
        ],
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _result(
    account: Account, line: Line, documents: list[dict[str, str]], *, drifted: bool
) -> dict[str, str]:
    moment, contract = account.moment, account.contract
    promise = contract.promises[line.id]
    marks = _marks(account, line, drifted=drifted)
    start, stop = span(promise, line, account)
    stages, outputs = steps(promise, account, start)
    files: dict[str, str] = {}
    result: dict[str, Any] = {
        **_identity(account, line),
        "name": allure.title(promise, moment),
        "description": allure.description(promise, moment, line),
        "status": "skipped" if line.id in account.verdict.not_run else STATUS[line.outcome],
        "statusDetails": _details(line, marks),
        "stage": "finished",
        "start": milliseconds(start),
        "stop": milliseconds(stop),
        "labels": [
            {"name": type_, "value": value}
            for type_, value in allure.labels(promise, moment, contract, account.target, marks)
        ],
        "links": allure.links(promise, moment, contract),
        "steps": stages,
    }

    def attached(name: str, body: str, of: str) -> dict[str, str]:
        type_, suffix = TYPES[of]
        source = f"{uuid.uuid5(NAMES, result['uuid'] + name)}-attachment.{suffix}"
        files[source] = body
        return {"name": name, "source": source, "type": type_}

    found = None if account.observed is None else evidence(promise, account.scene)
    both = allure.attachment(promise, moment, found)
    result["attachments"] = [attached(both.name, both.body, both.type), *documents]
    for step in stages:
        if key := step.pop("output", ""):
            step["attachments"] = [{**attached(key, outputs[key], "TEXT"), "name": "output"}]
    files[f"{result['uuid']}-result.json"] = _json(result)
    return files


def _marks(account: Account, line: Line, *, drifted: bool) -> list[str]:
    """What can be filtered by beyond Allure's statuses."""
    promise = account.contract.promises[line.id]
    is_timed = kinds()[promise.kind].measure is not Kind.measure
    found = {
        line.outcome.value: line.outcome is not Outcome.PASS,
        "not run": line.id in account.verdict.not_run,
        allure.BUDGET: is_timed,
        allure.DRIFT: drifted,
    }
    return [name for name, holds in found.items() if holds]


def _drifted(account: Account) -> set[str]:
    """The items that changed since the earlier look although nobody promised it."""
    if account.observed is None or account.baseline is None or account.moment == "predeploy":
        return set()
    found = drift.compare(
        account.contract, account.target, account.baseline, account.observed, account.verdict
    )
    return {one.id for one in found if one.kind is drift.Kind.DRIFT}


def _details(line: Line, marks: list[str]) -> dict[str, str]:
    if line.outcome is Outcome.PASS and not line.reason and allure.DRIFT not in marks:
        return {}
    told = line.reason or (allure.DRIFT if line.outcome is Outcome.PASS else line.outcome.value)
    return {"message": f"{line.id}: {told}", "trace": allure.trace(line, marks)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
