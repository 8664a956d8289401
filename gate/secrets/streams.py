"""The last line before a terminal: a stream that takes secrets out of what is written through it.

Everything that is told was cleaned where it was made. What comes this far with the run's sentinel
in it was not, by somebody: it is taken out here, and noted, so that the run fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from gate.secrets import known
from gate.secrets.sentinel import Watch


class CleanStream:
    """Stands for a text stream; whatever is not about writing is the stream's own.

    Args:
        stream: Such as ``sys.stdout``.
        where: Its name, for what is told of a finding.
        watch: Looks for the sentinel.
    """

    def __init__(self, stream: Any, where: str, watch: Watch) -> None:
        """Stand for it."""
        self._stream = stream
        self._where = where
        self._watch = watch
        self._told = ""

    def write(self, text: str) -> int:
        """Write a text without its secrets; returns the length of what was given."""
        if not isinstance(text, str):
            self._stream.write(text)  # which says what is wrong with it
            return 0
        self._told = self._watch.follow(self._where, self._told, text)
        cleaned = known.redactor().clean(text) if len(text) > 1 else text
        self._unless_closed(lambda: self._stream.write(cleaned))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self._unless_closed(self._stream.flush)

    def _unless_closed(self, act: Callable[[], object]) -> None:
        """Do it; where the reader has gone away, go on for the sake of the files."""
        try:
            act()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def writelines(self, lines: Any) -> None:
        """Write one after the other."""
        for one in lines:
            self.write(one)

    @property
    def buffer(self) -> CleanBytes:
        """The bytes below the text, guarded in the same way."""
        return CleanBytes(self._stream.buffer, self._where, self._watch)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        """Only to be as a stream is."""
        return iter(self._stream)


class CleanBytes:
    """Stands for a stream's buffer."""

    def __init__(self, buffer: Any, where: str, watch: Watch) -> None:
        """Stand for it."""
        self._buffer = buffer
        self._where = where
        self._watch = watch

    def write(self, content: Any) -> int:
        """Write bytes without the secrets in them."""
        text = bytes(content).decode("utf-8", "surrogateescape")
        self._watch.follow(self._where, "", text)
        cleaned = known.redactor().clean(text)
        self._buffer.write(
            content if cleaned == text else cleaned.encode("utf-8", "surrogateescape")
        )
        return len(content)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the buffer's own."""
        return getattr(self._buffer, name)
