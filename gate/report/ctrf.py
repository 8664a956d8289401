"""``ctrf-report.json``: the Common Test Report Format, for tools that read it.

FAIL and INCONCLUSIVE are *failed*, and so is what stands against the run alone: whoever counts
failures takes nothing for green that is not. The gate's own word is ``rawStatus``.

Source:
    https://ctrf.io, its JSON Schema (specification 0.0.0).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gate.account.verdict import Line, Outcome
from gate.report import product
from gate.report.account import Account
from gate.report.conclusion import beyond
from gate.report.places import place_of
from gate.report.text import indented
from gate.report.times import milliseconds, span

name = "ctrf"
FILE = "ctrf-report.json"
NAMES = uuid.UUID("0a7f6c0e-6a59-4a55-9c1f-5a0e4b1f7a42")
"""Name space of the items' ids: the same from run to run."""
PASSED = (Outcome.PASS, Outcome.WARN, Outcome.WAIVED)


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The report's file."""
    del already
    text = indented(document(account), 1)
    return {FILE: f"{text}\n".encode("utf-8", "replace")}


def document(account: Account) -> dict[str, Any]:
    """The account as JSON-ready data; times are milliseconds."""
    verdict = account.verdict
    tests = [_test(account, line) for line in verdict.lines]
    if why := beyond(verdict):
        tests.append(_run(account, why))
    counts = Counter(one["status"] for one in tests)
    start, stop = milliseconds(account.started), milliseconds(account.finished)
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "timestamp": account.finished.isoformat(),
        "generatedBy": product.NAME,
        "results": {
            "tool": {"name": product.NAME, "version": product.version()},
            "summary": {
                "tests": len(tests),
                "passed": counts["passed"],
                "failed": counts["failed"],
                "skipped": 0,
                "pending": 0,
                "other": 0,
                "start": start,
                "stop": stop,
                "extra": {
                    "verdict": verdict.word.value,
                    "exit_status": verdict.exit_status,
                    "warnings": list(verdict.warnings),
                },
            },
            "tests": tests,
            "environment": {
                "testEnvironment": account.target.name,
                "extra": {
                    "moment": account.moment,
                    "run": account.run,
                    "contract.sha256": account.contract.sha256,
                    **({"replay": account.replay.sentence()} if account.replay else {}),
                },
            },
        },
    }


def _test(account: Account, line: Line) -> dict[str, Any]:
    promise = account.contract.promises[line.id]
    start, stop = map(milliseconds, span(promise, line, account))
    file, number = place_of(promise, account.contract)
    found: dict[str, Any] = {
        "id": _id(account, line.id),
        "name": f"{line.id}: {promise.at(account.moment).title}",
        "status": "passed" if line.outcome in PASSED else "failed",
        "rawStatus": line.outcome.value,
        "duration": stop - start,
        "start": start,
        "stop": stop,
        "suite": [account.moment, line.chapter],
        "tags": [*promise.at(account.moment).risk],
    }
    if file:
        found |= {"filePath": file, "line": number}
    if line.outcome is not Outcome.PASS:
        words = {"promised": line.promised, "seen": line.seen, "look": line.look}
        found["message"] = line.reason or line.seen or line.title
        found["trace"] = "\n".join(f"{key}: {value or '-'}" for key, value in words.items())
    return found


def _run(account: Account, why: str) -> dict[str, Any]:
    """What stands against the run, and against no item of it."""
    return {
        "id": _id(account, ""),
        "name": f"the run of {account.moment}",
        "status": "failed",
        "rawStatus": account.verdict.word.value,
        "duration": milliseconds(account.finished) - milliseconds(account.started),
        "suite": [account.moment],
        "message": why,
    }


def _id(account: Account, id_: str) -> str:
    return str(uuid.uuid5(NAMES, f"{account.target.name}/{account.moment}/{id_}"))
