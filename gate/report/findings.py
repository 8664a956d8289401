"""``findings.jsonl``: what did not pass, one JSON object a line, the worst first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gate.account.verdict import Outcome
from gate.report.account import Account
from gate.report.causes import blocks, worst_first
from gate.report.conclusion import beyond
from gate.report.places import place_of
from gate.report.reasons import grouped

name = "findings"
FILE = "findings.jsonl"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The file; empty where every item passed and the run promotes."""
    del already
    lines = (json.dumps(one, ensure_ascii=False) for one in findings(account))
    return {FILE: "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")}


def causes(account: Account) -> dict[str, tuple[str, str]]:
    """The cause of each item that did not pass: its id, and its reason without its own name.

    A warning and what was not run are no item's consequence: what has the same words is one.
    """
    return account.once(_causes)


def _causes(account: Account) -> dict[str, tuple[str, str]]:
    found = {
        line.id: (block.cause[0].id, block.reason)
        for block in blocks(account)
        for line in block.lines
    }
    lines = [
        line
        for line in account.verdict.lines
        if line.outcome is not Outcome.PASS and line.id not in found
    ]
    for group in grouped(lines):
        found |= {line.id: (group.lines[0].id, group.reason) for line in group.lines}
    return found


def findings(account: Account) -> Iterator[dict[str, Any]]:
    """What did not pass, as JSON-ready data.

    Yields:
        ``id``, ``outcome``, ``severity``, ``cause`` (the same words for all that share it),
        ``cause_id`` (the item whose reason that is: its own where it is the cause itself),
        ``promised``, ``seen``, ``look``, ``title``, ``source``, ``risk``, ``file`` and ``line`` of
        the contract. What stands against the whole run has no ``id``, and comes first.
    """
    why = beyond(account.verdict)
    if why:
        yield {"id": None, "outcome": account.verdict.word.value, "cause": why}
    cause = causes(account)
    for line, how_bad in worst_first(account):
        promise = account.contract.promises[line.id]
        item = promise.at(account.moment)
        file, number = place_of(promise, account.contract)
        yield {
            "id": line.id,
            "outcome": line.outcome.value,
            "severity": how_bad,
            "cause": cause[line.id][1],
            "cause_id": cause[line.id][0],
            "promised": line.promised,
            "seen": line.seen,
            "look": line.look,
            "title": item.title,
            "source": item.source,
            "risk": list(item.risk),
            "file": file or None,
            "line": number or None,
        }
