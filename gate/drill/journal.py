"""Which faults stand open: written before one is done, so that the next drill can undo it."""

from __future__ import annotations

import json
import os
import pathlib

from gate.errors import GateError

FILE = "open.jsonl"


class Journal:
    """The open faults of one target: a line for each that begins, and one for each that ended."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Keep it below a folder."""
        self._file = folder / FILE

    def begins(self, name: str, undo: str) -> None:
        """A fault is about to be done; the script takes it back."""
        self._add({"begins": name, "undo": undo})

    def ended(self, name: str) -> None:
        """A fault was taken back."""
        self._add({"ended": name})

    def open(self) -> dict[str, str]:
        """The scripts of what stands open, the newest first; a torn line is the last one's end.

        Raises:
            GateError: The file is somebody else's: what stands in it would be run on the host.
        """
        found: dict[str, str] = {}
        try:
            owner = self._file.stat().st_uid
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        if owner != os.geteuid():
            raise GateError(f"{self._file}: is not this user's: what it says is not run")
        for line in lines:
            one = _event(line)
            if "begins" in one:
                found[one["begins"]] = one["undo"]
            else:
                found.pop(one.get("ended", ""), None)
        return dict(reversed(found.items()))

    def _add(self, event: dict[str, str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with open(self._file, "a+b", opener=_private) as file:
            end = file.seek(0, os.SEEK_END)
            torn = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
            file.write((b"\n" if torn else b"") + json.dumps(event).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _event(line: str) -> dict[str, str]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
