"""The folder ``allure-results``: one result per promised item, whatever happened to run.

Made from the account and not from pytest's reports, so that Allure shows what the verdict counts:
a broken promise is *failed*, a failed look *broken*, an item that no test accounted for *skipped*.
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
from gate.report import allure
from gate.report.account import SNAPSHOT, Account
from gate.report.facts import evidence

FOLDER = "allure-results"
STATUS: dict[Outcome, str] = {
    Outcome.PASS: "passed",
    Outcome.WARN: "passed",
    Outcome.WAIVED: "passed",
    Outcome.FAIL: "failed",
    Outcome.INCONCLUSIVE: "broken",
}
TYPES = {"JSON": ("application/json", "json"), "TEXT": ("text/plain", "txt")}
NAMES = uuid.UUID("5f0f2d8b-6a43-4d0c-9d53-0d8f5b1c7a11")
"""Name space of the results' ids: the same item of the same run has the same id."""


name = "allure"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The folder's files: results, their evidence, and what belongs to the whole run.

    The snapshot document, where it is there already, is an attachment of the whole run.
    """
    files: dict[str, str] = {}
    for line in account.verdict.lines:
        files |= _result(account, line)
    document = already.get(SNAPSHOT[account.moment])
    if document is not None:
        files |= _globals(account, document.decode())
    pairs = allure.environment(account)
    files["environment.properties"] = allure.environment_properties(pairs)
    files["categories.json"] = _json(allure.categories())
    files["executor.json"] = _json(allure.executor(account, os.environ))
    return {f"{FOLDER}/{file}": text.encode("utf-8", "replace") for file, text in files.items()}


def _result(account: Account, line: Line) -> dict[str, str]:
    moment, contract = account.moment, account.contract
    promise = contract.promises[line.id]
    stop = round(account.finished.timestamp() * 1000)
    name = f"{account.target.name}/{moment}/{line.id}"
    result: dict[str, Any] = {
        "uuid": str(uuid.uuid5(NAMES, f"{name}/{account.started.isoformat()}")),
        "historyId": hashlib.sha256(name.encode()).hexdigest()[:32],
        "testCaseId": hashlib.sha256(line.id.encode()).hexdigest()[:32],
        "fullName": f"tests/test_{line.chapter}.py::{moment}-{line.id}",
        "titlePath": [moment, line.chapter],
        "name": allure.title(promise, moment),
        "description": allure.description(promise, moment, line),
        "status": "skipped" if line.id in account.verdict.not_run else STATUS[line.outcome],
        "statusDetails": _details(line),
        "stage": "finished",
        "start": stop - round(line.seconds * 1000),
        "stop": stop,
        "labels": [
            {"name": type_, "value": value}
            for type_, value in allure.labels(promise, moment, contract, account.target)
        ],
        "parameters": [{"name": "outcome", "value": line.outcome.value, "excluded": True}],
    }
    found = None if account.observed is None else evidence(promise, account.scene)
    both = allure.attachment(promise, moment, found)
    type_, suffix = TYPES[both.type]
    source = f"{uuid.uuid5(NAMES, result['uuid'] + both.name)}-attachment.{suffix}"
    result["attachments"] = [{"name": both.name, "source": source, "type": type_}]
    return {source: both.body, f"{result['uuid']}-result.json": _json(result)}


def _details(line: Line) -> dict[str, str]:
    if not line.reason:
        return {}
    trace = [f"promised: {line.promised}", f"seen: {line.seen}"]
    trace += [f"look at: {line.look}"] if line.look else []
    return {"message": f"{line.id}: {line.reason}", "trace": "\n".join(trace)}


def _globals(account: Account, document: str) -> dict[str, str]:
    """The snapshot document belongs to the run, not to one of its results."""
    source = f"{uuid.uuid4()}-attachment.md"
    attachment = {
        "name": SNAPSHOT[account.moment],
        "source": source,
        "type": "text/markdown",
        "timestamp": round(account.finished.timestamp() * 1000),
    }
    whole = {"attachments": [attachment], "errors": []}
    return {source: document, f"{uuid.uuid4()}-globals.json": _json(whole)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
