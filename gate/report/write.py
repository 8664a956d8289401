"""The files of one moment: written whole or not at all, and nothing of a former run among them."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
from collections.abc import Iterator, Mapping

from gate.errors import GateError
from gate.report import allure_results, attestation, html, junit, snapshot, state_diff, verdict_json
from gate.report.account import SNAPSHOT, Account
from gate.report.redacted import redacted
from gate.secrets.redactor import Redactor

OBSERVED = "observed.json"
VERDICT = "verdict.json"
STATE_DIFF = "STATE_DIFF.md"
PAGE = "report.html"
JUNIT = "junit.xml"
ATTESTATION = "attestation.intoto.json"
CONCLUSIONS = (VERDICT, *SNAPSHOT.values(), STATE_DIFF, PAGE, JUNIT, ATTESTATION)
"""Everything that says how a run ended; a former run's must not be taken for this one's."""
TEMPORARY = re.compile(rf"\.(?:{'|'.join(map(re.escape, (OBSERVED, *CONCLUSIONS)))})\.\d+\.part\Z")
"""What an interrupted run of ours may have left behind."""
HALF_DONE = re.compile(rf"\.{re.escape(allure_results.FOLDER)}\.\d+\.part\Z")


def prepare(folder: pathlib.Path) -> None:
    """Make a folder ready before anything is looked at: writable, and concluding nothing yet.

    A former look (``observed.json``) stays until there is a new one; foreign files stay.

    Raises:
        GateError: The folder cannot be written to, so a run would end without a verdict file.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            if entry.name in CONCLUSIONS or TEMPORARY.match(entry.name):
                entry.unlink()
            elif entry.name == allure_results.FOLDER or HALF_DONE.match(entry.name):
                shutil.rmtree(entry)
        probe = folder / f".{VERDICT}.{os.getpid()}.part"
        probe.write_bytes(b"")
        probe.unlink()


def write_all(
    folder: pathlib.Path, account: Account, redactor: Redactor, *, url: str | None = None
) -> dict[str, pathlib.Path]:
    """Write every report of a moment, without secrets.

    Args:
        folder: Usually ``reports/TARGET/MOMENT``; made where it is missing.
        account: What is told.
        redactor: Knows the secrets.
        url: Where the run can be found, for the attestation.

    Returns:
        The files by name, in the order of their writing; the attestation is the last.

    Raises:
        GateError: The folder cannot be written to.
    """
    account = redacted(account, redactor)
    contents = {
        name: redactor.clean_marked_up(text).encode("utf-8", "replace")
        for name, text in texts(account).items()
    }
    statement = json.dumps(attestation.document(account, contents, url), indent=2) + "\n"
    contents[ATTESTATION] = redactor.clean_marked_up(statement).encode()
    prepare(folder)
    if account.observed is None:
        with _explained(folder), contextlib.suppress(FileNotFoundError):
            (folder / OBSERVED).unlink()
    written = {name: _write(folder, name, content) for name, content in contents.items()}
    document = contents[SNAPSHOT[account.moment]].decode()
    with _explained(folder):
        allure_results.write(folder, account, redactor, document)
    return written


def texts(account: Account) -> Mapping[str, str]:
    """Every report but the attestation, by file name, from an account without secrets."""
    document = snapshot.render(
        account.contract,
        account.target,
        account.moment,
        account.observed,
        account.verdict,
        started=account.started,
    )
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
        found[OBSERVED] = account.observed.model_dump_json(indent=1)
    found[SNAPSHOT[account.moment]] = document
    if comparison:
        found[STATE_DIFF] = comparison
    found[PAGE] = html.render(account, document, comparison)
    found[JUNIT] = junit.render(account)
    return found


def _write(folder: pathlib.Path, name: str, content: bytes) -> pathlib.Path:
    """Write one file: a reader sees all of it, or the one before."""
    file, part = folder / name, folder / f".{name}.{os.getpid()}.part"
    with _explained(folder):
        try:
            part.write_bytes(content)
            part.replace(file)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    return file


@contextlib.contextmanager
def _explained(folder: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GateError(
            f"{folder}: reports cannot be written here: {error.strerror} "
            f"({error.filename}); make the folder writable for this user, or choose another one "
            f"with --reports=DIR"
        ) from error
