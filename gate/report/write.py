"""The files of one run: written whole or not at all, the verdict last."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping

from gate.report import (
    allure_results,
    attestation,
    html,
    junit,
    private,
    snapshot,
    state_diff,
    verdict_json,
)
from gate.report.account import SNAPSHOT, Account
from gate.report.redacted import redacted
from gate.report.run_folder import explained
from gate.secrets.redactor import Redactor
from gate.sources.observed import Observed
from gate.text import json_text, printable

OBSERVED = "observed.json"
VERDICT = "verdict.json"
STATE_DIFF = "STATE_DIFF.md"
PAGE = "report.html"
JUNIT = "junit.xml"
ATTESTATION = "attestation.intoto.json"
CONCLUSIONS = (VERDICT, *SNAPSHOT.values(), STATE_DIFF, PAGE, JUNIT, ATTESTATION)
"""Everything that says how a run ended."""


def prepare(folder: pathlib.Path) -> None:
    """Make sure, before anything is looked at, that a folder can be written to.

    Raises:
        GateError: It cannot, so a run would end without a verdict file.
    """
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".{VERDICT}.{os.getpid()}.part"
        probe.write_bytes(b"")
        probe.unlink()


def write_all(
    folder: pathlib.Path, account: Account, redactor: Redactor, *, url: str | None = None
) -> dict[str, pathlib.Path]:
    """Write every report of a moment, without secrets.

    Args:
        folder: The run's own, ``reports/TARGET/runs/TIME-MOMENT``; made where it is missing.
        account: What is told.
        redactor: Knows the secrets.
        url: Where the run can be found, for the attestation.

    Returns:
        The files by name, in the order of their writing; the verdict is the last.

    Raises:
        GateError: The folder cannot be written to.
    """
    account = redacted(account, redactor)
    contents = {
        name: fit(name, redactor.clean_marked_up(text)).encode("utf-8", "replace")
        for name, text in texts(account).items()
    }
    statement = json.dumps(attestation.document(account, contents, url), indent=2) + "\n"
    contents[ATTESTATION] = redactor.clean_marked_up(statement).encode()
    contents[VERDICT] = contents.pop(VERDICT)  # until the rest is there, the run is not finished
    document = contents[SNAPSHOT[account.moment]].decode()
    readers = account.target.reports.readable_by
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.seal(allure_results.write(folder, account, redactor, document), readers)
        for name, content in contents.items():
            private.write(folder / name, content, readers)
    return {name: folder / name for name in contents}


def fit(name: str, text: str) -> str:
    """A finished document in which nothing moves a cursor or turns a line, whoever wrote it."""
    return json_text(text) if name.endswith(".json") else printable(text)


def texts(account: Account) -> Mapping[str, str]:
    """Every report but the attestation, by file name, from an account without secrets."""
    document = snapshot.document(account)
    comparison = ""
    if account.observed is not None and account.moment != "predeploy":
        comparison = state_diff.render(
            account.contract,
            account.target,
            account.baseline,
            account.observed,
            before_verdict=account.baseline_verdict,
            after_verdict=account.verdict,
        )
    found = {VERDICT: verdict_json.dumps(verdict_json.document(account))}
    if account.observed is not None:
        found[OBSERVED] = _observed(account.observed, replayed=account.replay is not None)
    found[SNAPSHOT[account.moment]] = document
    if comparison:
        found[STATE_DIFF] = comparison
    found[PAGE] = html.render(account, document, comparison)
    found[JUNIT] = junit.render(account)
    return found


def _observed(observed: Observed, *, replayed: bool) -> str:
    """The look; what a replay writes down is marked, so that it is taken for no baseline."""
    if replayed:
        bound = observed.bound.model_copy(update={"replayed": True})
        observed = observed.model_copy(update={"bound": bound})
    return observed.model_dump_json(indent=1)
