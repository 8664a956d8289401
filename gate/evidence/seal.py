"""Seal a run: attest to every file of its folder, signed where the target names a key."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import BinaryIO

from gate.errors import GateError
from gate.evidence.envelope import sealed
from gate.evidence.keys import Signing, signing
from gate.evidence.statements import payloads
from gate.report import attestation, private
from gate.report.verdict_json import FILE as VERDICT
from gate.target import Target

FILE = "evidence.intoto.jsonl"
UNSIGNED = "EVIDENCE NOT SIGNED"


def seal(folder: pathlib.Path, target: Target) -> str:
    """Write the evidence of a finished run.

    Returns:
        Why it is not signed although a key is named; empty otherwise.

    Raises:
        OSError: It cannot be written.
    """
    key: Signing | None = None
    why = ""
    try:
        key = signing(target)
    except GateError as error:
        why = str(error)
    document = json.loads((folder / VERDICT).read_bytes())
    test_result = (folder / attestation.FILE).read_bytes()
    found = payloads(document, test_result, digests(folder))
    try:
        lines = [sealed(one, key) for one in found]
    except GateError as error:  # an agent may refuse
        why, lines = str(error), [sealed(one, None) for one in found]
    content = b"".join(line + b"\n" for line in lines)
    private.write(folder / FILE, content, target.reports.readable_by)
    return f"{UNSIGNED}: {why}" if why else ""


def digests(folder: pathlib.Path) -> Mapping[str, str]:
    """Digest of every file of a run by its path, but for the evidence itself; links are none.

    Raises:
        OSError: One cannot be read.
    """
    found: dict[str, str] = {}
    for root, folders, files in os.walk(folder, onerror=_raised):
        folders.sort()
        for name in sorted(files):
            file = pathlib.Path(root, name)
            path = file.relative_to(folder).as_posix()
            if path != FILE and not file.is_symlink():
                with file.open("rb") as opened:
                    found[path] = _digest(opened)
    return found


def _digest(opened: BinaryIO) -> str:
    found = hashlib.sha256()
    while part := opened.read(1 << 20):
        found.update(part)
    return found.hexdigest()


def _raised(error: OSError) -> None:
    raise error
