"""What is attested of a run beside its test result: the whole account, and the verdict in short.

Both are pure functions of ``verdict.json`` and of digests, so that whoever verifies makes them anew
and compares.

Source:
    https://github.com/in-toto/attestation, ``spec/v1``; https://slsa.dev/verification_summary/v1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gate.account.verdict import Outcome, Word

STATEMENT = "https://in-toto.io/Statement/v1"
ACCOUNT = "urn:atum-desk-gate:account:v1"
"""Type of the predicate that holds what a test result has no place for."""
SUMMARY = "https://slsa.dev/verification_summary/v1"
PROMOTED = "GATE_PROMOTE"
"""The level that a promotion verifies, in SLSA's words."""

Document = Mapping[str, Any]


def promotes(document: Document) -> bool:
    """Whether a verdict lets a deployment go on: no advice does, and no replay."""
    return (
        document["verdict"] == Word.PROMOTE.value
        and document["exit_status"] == 0
        and document["advise"] is False
        and document["replay"] is None
    )


def account(document: Document, subject: Sequence[Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The statement of the whole account.

    Args:
        document: ``verdict.json``.
        subject: Of the test result's statement.
        files: Digest of every file of the run, by its path in the folder.

    Returns:
        Its predicate holds the verdict and until when it is good, the release, how many items ended
        how, what was ``inconclusive`` (with the reason) or ``not_run``, ``not_tried`` and
        ``waived``, and every file with its digest.
    """
    same = ("verdict", "exit_status", "advise", "target", "moment", "started", "finished")
    untold = [one for one in document["items"] if one["outcome"] == Outcome.INCONCLUSIVE.value]
    waived = [one for one in document["items"] if one["outcome"] == Outcome.WAIVED.value]
    predicate = {
        **{key: document[key] for key in same},
        "valid_until": document["valid_until"],
        "replayed": document["replay"] is not None,
        "release": document["release"],
        "contract": {"sha256": document["contract"]["sha256"]},
        "counts": document["counts"],
        "inconclusive": [
            {"id": one["id"], "reason": one["reason"]}
            for one in untold
            if one["id"] not in document["not_run"]
        ],
        "not_run": document["not_run"],
        "not_tried": [one["id"] for one in document["not_tried"]],
        "waived": [{"id": one["id"], "reason": one["reason"]} for one in waived],
        "warnings": document["warnings"],
        "files": [{"name": name, "digest": {"sha256": one}} for name, one in files.items()],
    }
    return _statement(subject, ACCOUNT, predicate)


def summary(
    document: Document, subject: Sequence[Any], inputs: Mapping[str, bytes]
) -> dict[str, Any]:
    """The verification summary: the verdict as SLSA's readers know one.

    Args:
        document: ``verdict.json``.
        subject: Of the test result's statement.
        inputs: The payloads that it sums up, by a name.
    """
    good, gate = promotes(document), document["gate"]
    predicate = {
        "verifier": {"id": f"urn:{gate['name']}", "version": {gate["name"]: gate["version"]}},
        "timeVerified": document["finished"],
        "resourceUri": f"urn:{gate['name']}:{document['target']}:{document['moment']}",
        "policy": {
            "uri": f"urn:{gate['name']}:contract",
            "digest": {"sha256": document["contract"]["sha256"]},
        },
        "inputAttestations": [
            {"uri": f"urn:{gate['name']}:{name}", "digest": {"sha256": digest(payload)}}
            for name, payload in inputs.items()
        ],
        "verificationResult": "PASSED" if good else "FAILED",
        "verifiedLevels": [PROMOTED] if good else ["FAILED"],
        "slsaVersion": "1.0",
    }
    return _statement(subject, SUMMARY, predicate)


def payloads(document: Document, test_result: bytes, files: Mapping[str, str]) -> list[bytes]:
    """Every statement of a run: the test result as it lies there, the account, the summary.

    Raises:
        ValueError: The test result is no statement; so with KeyError and TypeError.
    """
    subject = json.loads(test_result)["subject"]
    whole = compact(account(document, subject, files))
    short = compact(summary(document, subject, {"test-result": test_result, "account": whole}))
    return [test_result, whole, short]


def compact(document: Mapping[str, Any]) -> bytes:
    """A document in one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """Of some bytes: sha256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _statement(
    subject: Sequence[Any], predicate_type: str, predicate: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "_type": STATEMENT,
        "subject": list(subject),
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
