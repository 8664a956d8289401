"""The files of one run: written whole or not at all, the verdict last."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Mapping

from gate.errors import GateError
from gate.report import private
from gate.report.account import Account
from gate.report.redacted import redacted
from gate.report.report import Report
from gate.report.reports import reports
from gate.report.run_folder import explained
from gate.report.verdict_json import FILE as VERDICT
from gate.secrets.redactor import Redactor
from gate.target import Readers
from gate.text import json_text, printable


def prepare(folder: pathlib.Path) -> None:
    """Make sure, before anything is looked at, that a folder can be written to.

    Raises:
        GateError: It cannot, so a run would end without a verdict file; or a report from outside
            is none.
    """
    reports()
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
        The files by name, in the order of their writing; the verdict is the last. Those in folders
        are not among them.

    Raises:
        GateError: The folder cannot be written to, or a report failed; the others are there.
    """
    account = dataclasses.replace(redacted(account, redactor), url=url or account.url)
    contents, failures = rendered(account, redactor)
    files = {name: content for name, content in contents.items() if "/" not in name}
    if VERDICT in files:  # until the rest is there, the run is not finished
        files[VERDICT] = files.pop(VERDICT)
    readers = account.target.reports.readable_by
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in dict.fromkeys(one.split("/")[0] for one in contents if "/" in one):
            inside = {
                one.split("/", 1)[1]: content
                for one, content in contents.items()
                if one.startswith(f"{name}/")
            }
            _write_folder(folder / name, inside, readers)
        for name, content in files.items():
            private.write(folder / name, content, readers)
    if failures:
        raise GateError("; ".join(failures))
    return {name: folder / name for name in files}


def rendered(account: Account, redactor: Redactor) -> tuple[dict[str, bytes], list[str]]:
    """Every report's files, cleaned, and what failed: one report never costs another."""
    contents: dict[str, bytes] = {}
    failures = []
    for report in reports():
        try:
            found = _files(report, account, contents)
        except Exception as error:  # noqa: BLE001 - a report from outside may raise anything
            failures.append(f"report {report.name!r}: {type(error).__name__}: {error}")
            continue
        contents |= {name: _cleaned(name, content, redactor) for name, content in found.items()}
    return contents, failures


def _files(report: Report, account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    found = report.render(account, already)
    for name in found:
        odd = [part for part in name.split("/") if part.startswith(".") or not part]
        if odd or "\\" in name or name in already:
            why = "another report has it" if name in already else "no name of a file here"
            raise GateError(f"{name!r}: {why}")
    return found


def _cleaned(name: str, content: bytes, redactor: Redactor) -> bytes:
    """A finished file without secrets; what is no text is left to the scan of the whole folder."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    return fit(name, redactor.clean_marked_up(text)).encode("utf-8", "replace")


def fit(name: str, text: str) -> str:
    """A finished document in which nothing moves a cursor or turns a line, whoever wrote it."""
    return json_text(text) if name.endswith((".json", ".jsonl")) else printable(text)


def _write_folder(folder: pathlib.Path, files: Mapping[str, bytes], readers: Readers) -> None:
    """Write a folder as a whole; a former run's is replaced.

    Raises:
        OSError: It cannot be written to.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        for name, content in files.items():
            if "/" in name:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
            _new(f"{part}/{name}", content)
        private.seal(part, readers)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _new(path: str, content: bytes) -> None:
    """Write a file that is not there yet: one of thousands, so with no call too many."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)
