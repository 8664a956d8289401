"""The folder ``allure-results``: one result per promised item, whatever happened to run.

Made from the account and not from pytest's reports, so that Allure shows what the verdict counts:
a broken promise is *failed*, a failed look *broken*, an item that no test accounted for *skipped*.
The format is Allure's own (model of allure-python-commons 2.16, read by Allure 2 and 3).
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Mapping
from typing import Any

from gate.account.verdict import Line, Outcome
from gate.report import allure
from gate.report.account import SNAPSHOT, Account
from gate.report.facts import evidence
from gate.secrets.redactor import Redactor
from gate.text import json_text, printable

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


def write(
    folder: pathlib.Path,
    account: Account,
    redactor: Redactor,
    document: str,
    environ: Mapping[str, str] = os.environ,
) -> pathlib.Path:
    """Write the results of one moment; a former run's are replaced as a whole.

    Args:
        folder: The moment's reports.
        account: What is told, without secrets.
        redactor: Knows the secrets, for what is taken from the contract and the facts.
        document: The snapshot document, which the report shows as an attachment of the whole run.
        environ: Tells the CI job, where there is one.

    Raises:
        OSError: The folder cannot be written to.
    """
    part, whole = folder / f".{FOLDER}.{os.getpid()}.part", folder / FOLDER
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        for line in account.verdict.lines:
            _result(part, account, line, redactor)
        _globals(part, account, document)
        pairs = allure.environment_properties(allure.environment(account))
        (part / "environment.properties").write_text(redactor.clean(pairs), "latin-1")
        _json(part, "categories.json", allure.categories())
        _json(part, "executor.json", allure.executor(account, environ))
        shutil.rmtree(whole, ignore_errors=True)
        part.rename(whole)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return whole


def _result(folder: pathlib.Path, account: Account, line: Line, redactor: Redactor) -> None:
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
        "description": redactor.clean(allure.description(promise, moment, line)),
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
    found = redactor.clean_json(
        None if account.observed is None else evidence(promise, account.scene)
    )
    both = allure.attachment(promise, moment, found)
    type_, suffix = TYPES[both.type]
    source = f"{uuid.uuid5(NAMES, result['uuid'] + both.name)}-attachment.{suffix}"
    body = json_text(both.body) if suffix == "json" else printable(both.body)
    _new(folder, source, body)
    result["attachments"] = [{"name": both.name, "source": source, "type": type_}]
    _json(folder, f"{result['uuid']}-result.json", result)


def _details(line: Line) -> dict[str, str]:
    if not line.reason:
        return {}
    trace = [f"promised: {line.promised}", f"seen: {line.seen}"]
    trace += [f"look at: {line.look}"] if line.look else []
    return {"message": f"{line.id}: {line.reason}", "trace": "\n".join(trace)}


def _globals(folder: pathlib.Path, account: Account, document: str) -> None:
    """The snapshot document belongs to the run, not to one of its results."""
    source = f"{uuid.uuid4()}-attachment.md"
    _new(folder, source, printable(document))
    attachment = {
        "name": SNAPSHOT[account.moment],
        "source": source,
        "type": "text/markdown",
        "timestamp": round(account.finished.timestamp() * 1000),
    }
    _json(folder, f"{uuid.uuid4()}-globals.json", {"attachments": [attachment], "errors": []})


def _json(folder: pathlib.Path, name: str, value: Any) -> None:
    _new(folder, name, json_text(json.dumps(value, ensure_ascii=False, default=str)))


def _new(folder: pathlib.Path, name: str, text: str) -> None:
    """Write a file that is not there yet: one of thousands, so with no call too many."""
    file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        content = text.encode("utf-8", "replace")
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)
