"""What a plan did, step by step, on disk while it goes: a killed run leaves its account.

Each line is one event. It is kept twice: on the host, where the gate of another machine finds it,
and with the target's reports.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

from gate.errors import GateError

FILE = "plan.jsonl"
SUCCEEDED = ("done", "done already", "not needed")
"""Events that end a step well."""


class Journal:
    """A file of one line per event, written through to the disk, and a copy of it elsewhere."""

    def __init__(
        self, folder: pathlib.Path, also: Callable[[str], None] = lambda _line: None, **words: str
    ) -> None:
        """Write below a target's reports.

        Args:
            folder: Of the target's reports.
            also: Is given each line too.
            **words: What every line says besides: whose it is, and which target.
        """
        self._file = folder / FILE
        self._also = also
        self._words = words

    def note(self, **words: Any) -> None:
        """Add a line; it begins on a line of its own whatever a killed run left.

        Raises:
            GateError: The folder cannot be written to; nothing further may be moved.
        """
        at = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, **self._words, **words}, ensure_ascii=True)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._file, "a+b", opener=_private) as file:
                end = file.seek(0, os.SEEK_END)
                torn = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
                file.write((b"\n" if torn else b"") + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise GateError(f"{self._file}: cannot be written: {error.strerror}") from error
        self._also(line)

    def text(self) -> str:
        """What stands in the file; empty where there is none."""
        try:
            return self._file.read_text("utf-8", "replace")
        except OSError:
            return ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Past:
    """What earlier runs did to a target, as their journal tells.

    Attributes:
        cut_off: What the last run left undone; empty where it came to its end.
        attempted: Deploy steps that were begun since the last time a plan came to its good end.
        deployed: Whether the last plan that came to a good end was that of the deployment.
        known: Whether any run is told of.
    """

    cut_off: str = ""
    attempted: tuple[str, ...] = ()
    deployed: bool = False
    known: bool = False


def read_past(text: str, instance: str = "") -> Past:
    """Read a journal; a line that is torn, or no event of this target, is passed over.

    Args:
        text: Lines of JSON.
        instance: Which one of several targets of the same name it is about.
    """
    events = [one for one in map(_event, text.splitlines()) if one]
    events = [one for one in events if one.get("instance", instance) == instance]
    attempted: list[str] = []
    done: list[str] = []
    cut_off, phase, by = "", "", ""
    deployed, under_way, last = False, "", ""
    for one in events:
        event, step = one["event"], str(one.get("step", ""))
        last = str(one.get("at", "an unknown time"))
        if event == "begun":
            phase, done, under_way, by = str(one.get("phase")), [], "", str(one.get("who", ""))
        elif event == "started":
            under_way = step
            attempted += [step] if phase == "deploy" else []
        elif event in SUCCEEDED:
            done = [*done, step] if step not in done else done
            under_way = ""
        elif event == "exited" and one.get("status") == 0 and step == under_way:
            done.append(step)  # without its gate, which did not live to see it
            under_way = ""
        elif event in ("failed", "cannot tell"):
            under_way = ""
        elif event == "ended" and one.get("well"):
            deployed, attempted = phase == "deploy", []
        phase = "" if event == "ended" else phase
    if phase:
        cut_off = (
            f"an earlier run ({phase}{f', by {by}' if by else ''}) was cut off at {last}: "
            f"{under_way or 'the next step'} was under way; done: {', '.join(done) or 'nothing'}"
        )
    return Past(cut_off=cut_off, attempted=tuple(attempted), deployed=deployed, known=bool(events))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _event(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("event"), str) else {}
