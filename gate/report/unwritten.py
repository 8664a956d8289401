"""A run whose reports are not whole, or must not be passed on: what its folder says of that."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib

from gate.account.verdict import EXIT_STATUS, Verdict, Word
from gate.report import private
from gate.report.runs import VERDICT, WITHHELD, word
from gate.report.verdict_json import dumps
from gate.target import Readers


def unwritten(verdict: Verdict, why: str) -> Verdict:
    """The verdict of a moment whose reports are not whole: nothing is promoted on its word."""
    if verdict.word in (Word.BLOCKED, Word.INTERRUPTED):
        return verdict
    status = EXIT_STATUS[Word.INCONCLUSIVE]
    warnings = (*verdict.warnings, why)
    return dataclasses.replace(
        verdict, word=Word.INCONCLUSIVE, exit_status=status, warnings=warnings
    )


def amend(folder: pathlib.Path, verdict: Verdict, why: str, readers: Readers) -> str:
    """Have a run's ``verdict.json`` say what became of it, also where there is no room for it.

    Args:
        folder: The run's own.
        verdict: What its file has to say.
        why: What stood in the way of its reports.
        readers: Who may read it.

    Returns:
        What is still wrong with the file; empty where it is right.
    """
    file = folder / VERDICT
    if word(folder) == verdict.word.value:
        return ""
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(file.read_bytes())
        document |= {"verdict": verdict.word.value, "exit_status": verdict.exit_status}
        full, short = (dumps(document | {"reason": one}).encode() for one in (why, ""))
        try:
            private.write(file, full, readers)
        except OSError:
            _over(file, full, short)
    found = word(folder)
    if found == verdict.word.value:
        return ""
    return f"{file} still says {found or 'nothing'}: what holds is {verdict.word.value}"


def withhold(folder: pathlib.Path) -> None:
    """Mark a run that holds a secret: later runs make no link lead to it either."""
    with contextlib.suppress(OSError):  # the verdict is BLOCKED, whatever becomes of the mark
        (folder / WITHHELD).write_text("a report in here holds a secret: pass none of it on\n")


def _over(file: pathlib.Path, *contents: bytes) -> None:
    """Write over a file where it stands, as the one way without room: the first that fits."""
    number = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
    try:
        before = os.fstat(number).st_size
        for content in contents:
            with contextlib.suppress(OSError):
                if os.pwrite(number, content.ljust(before), 0) >= len(content):
                    return
    finally:
        os.close(number)
