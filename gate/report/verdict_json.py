"""``verdict.json``: the verdict for machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from gate.account.verdict import Line
from gate.kinds.waiver import Waiver
from gate.report import product
from gate.report.account import ORDER, Account
from gate.report.text import indented
from gate.report.verdict_schema import FORMAT

name = "verdict"
FILE = "verdict.json"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The verdict's file."""
    del already
    return {FILE: dumps(document(account)).encode("utf-8", "replace")}


def document(account: Account) -> dict[str, Any]:
    """The verdict as JSON-ready data.

    Returns:
        ``verdict``, ``exit_status``, ``format`` (of `gate schema verdict`), ``run`` (name of the
        run's folder), ``target``, ``moment``, ``started``, ``finished`` (ISO 8601, UTC; of a replay
        the look's own), ``valid_until`` (how long its evidence is good), ``advise`` (whether the
        run blocks nothing, so that its verdict promotes nothing either), ``release``,
        ``replay`` (what was judged again), ``contract`` (``sha256``, ``folder``, ``items``:
        how many there are at this moment), ``items``, and beyond them ``counts`` by outcome,
        ``not_run`` (ids), ``warnings`` (what is odd about the promises together),
        ``not_tried`` (what writes, and was not sent: no part of ``items``),
        ``differs``, ``unused_differs``, ``waivers`` and ``gate``.
    """
    verdict, target, contract = account.verdict, account.target, account.contract
    hours = dt.timedelta(hours=contract.evidence_hours)
    return {
        "verdict": verdict.word.value,
        "exit_status": verdict.exit_status,
        "format": FORMAT,
        "run": account.run,
        "target": target.name,
        "moment": account.moment,
        "started": account.started.isoformat(),
        "finished": account.finished.isoformat(),
        "valid_until": (account.finished + hours).isoformat(),
        "advise": account.advises,
        "release": account.release.document() if account.release else None,
        "replay": account.replay.document() if account.replay else None,
        "contract": {
            "sha256": contract.sha256,
            "folder": contract.folder,
            "items": len(contract.at(account.moment)),
        },
        "gate": {"name": product.NAME, "version": product.version()},
        "counts": {outcome.value: verdict.count(outcome) for outcome in reversed(ORDER)},
        "not_run": list(verdict.not_run),
        "warnings": list(verdict.warnings),
        "not_tried": [
            {"id": one.id, "title": one.title, "reason": "it writes: needs --apply"}
            for one in contract.not_tried(account.moment)
        ],
        "differs": [one.model_dump(mode="json", exclude_defaults=True) for one in target.differs],
        "unused_differs": list(contract.unused_differs),
        "waivers": [
            {
                "id": id_,
                "item": item.item,
                "owner": item.owner,
                "reason": item.reason,
                "expires": item.expires.isoformat(),
            }
            for id_, item in contract.of(Waiver, account.moment).items()
        ],
        "items": [_item(line) for line in verdict.lines],
    }


def dumps(document: dict[str, Any]) -> str:
    """The document as text: indented, keys in their order, readable Unicode."""
    return indented(document, 2) + "\n"


def _item(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "chapter": line.chapter,
        "title": line.title,
        "outcome": line.outcome.value,
        "promised": line.promised,
        "seen": line.seen,
        "reason": line.reason,
        "look": line.look,
        "seconds": round(line.seconds, 6),
    }
