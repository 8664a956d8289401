"""The check behind redaction: what was written is read again, and no secret may be in it."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable

from gate.report.redact import Redactor


def scan(folder: pathlib.Path, secrets: Iterable[str], public: str = "") -> list[str]:
    """Search every file below a folder, and every file's name, for known secrets.

    Args:
        folder: Usually the reports of one moment, Allure's results included.
        secrets: Their values; a planted sentinel is one of them.
        public: As `Redactor` takes it.

    Returns:
        One sentence per finding: the file and how the secret is written there, never the secret.
        A file that cannot be read is a finding: nobody can tell what is in it.
    """
    redactor = Redactor(secrets, public)
    findings: list[str] = []

    def unreadable(error: OSError) -> None:
        findings.append(f"{error.filename}: cannot be read: {error.strerror}")

    for root, folders, files in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in sorted(files):
            findings += _file(pathlib.Path(root, name), folder, redactor)
    return findings


def _file(file: pathlib.Path, folder: pathlib.Path, redactor: Redactor) -> list[str]:
    name = str(file.relative_to(folder))
    how = redactor.find_leak(name)
    if how:
        # The name itself is the leak, so it is not told.
        return [f"{folder}: the name of a file holds a secret ({how})"]
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return [f"{name}: cannot be read: {error.strerror}"]
    how = redactor.find_leak(text)
    return [f"{name}: holds a secret ({how})"] if how else []
