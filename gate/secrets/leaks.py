"""The check behind redaction: what was written is read again, and no secret may be in it."""

from __future__ import annotations

import io
import os
import pathlib

from gate.secrets.redactor import Redactor


def scan(folder: pathlib.Path, redactor: Redactor) -> list[str]:
    """Search every file below a folder, and every file's name, for known secrets.

    Args:
        folder: Usually the reports of one moment, Allure's results included.
        redactor: Knows them; a planted sentinel is one of them.

    Returns:
        One sentence per finding: the file and how the secret is written there, never the secret.
        A file that cannot be read is a finding: nobody can tell what is in it.
    """
    findings: list[str] = []

    def unreadable(error: OSError) -> None:
        findings.append(f"{error.filename}: cannot be read: {error.strerror}")

    top = os.fspath(folder)
    for root, folders, files in os.walk(top, onerror=unreadable):
        folders.sort()
        below = "" if root == top else f"{os.path.relpath(root, top)}/"
        for name in sorted(files):
            findings += _file(top, below + name, redactor)
    return findings


def _file(folder: str, name: str, redactor: Redactor) -> list[str]:
    content, problem = read(f"{folder}/{name}")
    # Name and content at once: most hold nothing, and there are thousands.
    if not problem and redactor.find_leak(f"{name}\n{content}") is None:
        return []
    how = redactor.find_leak(name)
    if how:
        # The name itself is the leak, so it is not told.
        return [f"{folder}: the name of a file holds a secret ({how})"]
    if problem:
        return [f"{name}: cannot be read: {problem}"]
    how = redactor.find_leak(content)
    return [f"{name}: holds a secret ({how})"] if how else []


def read(file: str) -> tuple[str, str]:
    """What a file holds, as text; or why it cannot be read."""
    try:
        with io.FileIO(file) as opened:
            return opened.readall().decode("utf-8", "replace"), ""
    except OSError as error:
        return "", error.strerror or str(error)
