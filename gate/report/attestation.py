"""``attestation.intoto.json``: an in-toto Statement v1 with a test-result predicate.

It is not signed: whoever needs proof of who made it signs this file with the tools of the house.

Source:
    https://github.com/in-toto/attestation, ``spec/v1`` and ``spec/predicates/test-result.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gate.account.verdict import Outcome, Verdict, Word
from gate.report import product
from gate.report.account import Account

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
UNSIGNED = "This statement is not signed: it proves nothing about who made it until somebody does."

name = "attestation"
FILE = "attestation.intoto.json"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The statement's file; every other report that is one file is a subject."""
    files = {file: content for file, content in already.items() if "/" not in file}
    return {FILE: (json.dumps(document(account, files), indent=2) + "\n").encode()}


def document(account: Account, written: Mapping[str, bytes]) -> dict[str, Any]:
    """The statement as JSON-ready data.

    Args:
        account: What is attested.
        written: The reports by file name, as they were written; each becomes a subject.
    """
    contract, verdict = account.contract, account.verdict
    described: dict[str, Any] = {"name": "contract", "digest": {"sha256": contract.sha256}}
    predicate: dict[str, Any] = {
        "result": _result(verdict),
        "configuration": [
            described | {"annotations": {"items": len(contract.at(account.moment))}},
            {
                "name": f"target {account.target.name}",
                "digest": {"sha256": _digest(account.target.model_dump_json().encode())},
                "mediaType": "application/json",
                "annotations": {
                    "host": account.target.host,
                    "moment": account.moment,
                    "verdict": verdict.word.value,
                    "exit_status": verdict.exit_status,
                    "gate": f"{product.NAME} {product.version()}",
                    "started": account.started.isoformat(),
                    "finished": account.finished.isoformat(),
                    "warnings": list(verdict.warnings),
                    "not_tried": [one.id for one in contract.not_tried(account.moment)],
                    "signature": UNSIGNED,
                },
            },
        ],
        "passedTests": _ids(verdict, Outcome.PASS),
        "warnedTests": _ids(verdict, Outcome.WARN, Outcome.WAIVED),
        # What could not be told did not pass; the predicate has no other place for it.
        "failedTests": _ids(verdict, Outcome.FAIL, Outcome.INCONCLUSIVE),
    }
    if account.replay:
        predicate["configuration"].append(
            {
                "name": "replayed look",
                "digest": {"sha256": account.replay.sha256},
                "annotations": {**account.replay.document(), "note": account.replay.sentence()},
            }
        )
    if account.url:
        predicate["url"] = account.url
    reports = [
        {"name": name, "digest": {"sha256": _digest(content)}} for name, content in written.items()
    ]
    return {
        "_type": STATEMENT,
        "subject": [described, *reports],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }


def _result(verdict: Verdict) -> str:
    if verdict.word is not Word.PROMOTE:
        return "FAILED"
    noted = verdict.count(Outcome.WARN) + verdict.count(Outcome.WAIVED) + len(verdict.warnings)
    return "WARNED" if noted else "PASSED"


def _ids(verdict: Verdict, *outcomes: Outcome) -> list[str]:
    return [line.id for line in verdict.lines if line.outcome in outcomes]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
