"""What a plan did, step by step, on disk while it goes: a killed run leaves its account."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
from typing import Any

from gate.errors import GateError

FILE = "plan.jsonl"


class Journal:
    """A file of one line per event, written through to the disk."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Write below a moment's reports."""
        self._file = folder / FILE

    def begin(self, phase: str) -> None:
        """Start a new account; the one before is gone."""
        self._file.unlink(missing_ok=True)
        self.note(event="begun", phase=phase)

    def note(self, **words: Any) -> None:
        """Add a line.

        Raises:
            GateError: The folder cannot be written to; nothing further may be moved.
        """
        line = {"at": dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds"), **words}
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise GateError(f"{self._file}: cannot be written: {error.strerror}") from error

    def unfinished(self) -> str:
        """What an earlier run left undone; empty where it came to its end."""
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except OSError:
            return ""
        events = [json.loads(line) for line in lines if line.endswith("}")]
        if not events or events[-1]["event"] == "ended":
            return ""
        done = [one["step"] for one in events if one["event"] == "done"]
        last = events[-1]
        under_way = last["step"] if last["event"] == "started" else "the next step"
        return (
            f"an earlier run was cut off at {last['at']}: {under_way} was under way; done: "
            f"{', '.join(done) or 'nothing'}; see {self._file}"
        )
