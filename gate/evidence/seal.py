"""Seal a run: attest to every file of its folder, signed where the target names a key."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from gate.errors import GateError
from gate.evidence.statements import compact, payloads
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
    document = json.loads((folder / VERDICT).read_bytes())
    test_result = (folder / attestation.FILE).read_bytes()
    lines, why = _lines(payloads(document, test_result, digests(folder)), target)
    content = b"".join(line + b"\n" for line in lines)
    private.write(folder / FILE, content, target.reports.readable_by)
    return f"{UNSIGNED}: {why}" if why else ""


def _lines(statements: Sequence[bytes], target: Target) -> tuple[list[bytes], str]:
    """The lines of the bundle, and why they are not signed although a key is named."""
    bare = [compact(json.loads(one)) for one in statements]
    if target.evidence is None:
        return bare, ""
    from gate.evidence.envelope import sealed  # noqa: PLC0415 - loaded only where it signs
    from gate.evidence.keys import signing  # noqa: PLC0415

    try:
        key = signing(target.evidence, pathlib.Path(target.file).parent)
        return [sealed(one, key) for one in statements], ""
    except GateError as error:  # an agent may refuse, too
        return bare, str(error)


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
