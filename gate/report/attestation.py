"""``attestation.intoto.json``: an in-toto Statement v1 with a test-result predicate.

It is the readable one of the statements in ``evidence.intoto.jsonl``, which holds it signed where
the target names a key. Its subjects are the release (commit and tree), the contract, each head of
Alembic's revisions, and the files of the run, ``observed.json`` among them.

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
from gate.sources.fact import Seen
from gate.sources.migrations.chain import ancestors

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
UNSIGNED = "This file is not signed: evidence.intoto.jsonl is, where the target names a key."

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
        "result": _result(verdict, advises=account.advises),
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
                    "advise": account.advises,
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
        "subject": [described, *_release(account), *_heads(account), *reports],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }


def _release(account: Account) -> list[dict[str, Any]]:
    """The commit and the tree that are released; none where files were changed since."""
    release = account.release
    if release is None or release.changed:
        return []
    named = (("commit", "gitCommit", release.commit), ("tree", "gitTree", release.tree))
    return [
        {
            "name": f"release {what}",
            "digest": {kind: value},
            "annotations": {"said_by": release.said_by},
        }
        for what, kind, value in named
        if value
    ]


def _heads(account: Account) -> list[dict[str, Any]]:
    """Each head of Alembic's revisions that was looked at.

    Its digest is over the revisions that lead to it: a line ``id <- parents`` for each, sorted.
    """
    chains = account.scene.observed.chains
    found = []
    for folder, fact in chains.items():
        if not isinstance(fact, Seen):
            continue
        chain = fact.value
        for head in chain.heads:
            lines = (
                f"{id_} <- {','.join(chain.revisions[id_].parents)}\n"
                for id_ in sorted(ancestors(chain, [head]))
            )
            digest = _digest("".join(lines).encode())
            found.append({"name": f"alembic head {head} in {folder}", "digest": {"sha256": digest}})
    return found


def _result(verdict: Verdict, *, advises: bool) -> str:
    if verdict.word is not Word.PROMOTE or advises:
        return "FAILED"
    noted = verdict.count(Outcome.WARN) + verdict.count(Outcome.WAIVED) + len(verdict.warnings)
    return "WARNED" if noted else "PASSED"


def _ids(verdict: Verdict, *outcomes: Outcome) -> list[str]:
    return [line.id for line in verdict.lines if line.outcome in outcomes]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
