"""The last line before a terminal: a stream that takes secrets out of what is written through it.

Everything that is told was cleaned where it was made. What comes this far with the run's sentinel
in it was not, by somebody: it is taken out here, and noted, so that the run fails.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from gate.secrets import known
from gate.secrets.sentinel import Watch
from gate.spelling import encodable, is_plain


def open_closed() -> None:
    """Have the three standard streams lead somewhere, where whoever started this closed them.

    A file that is opened would be the standard output otherwise.
    """
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
            os.set_inheritable(number, True)
        os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def unless_gone(stream: Any, act: Callable[[], object], where: str) -> None:
    """Write to a stream; where that cannot be done any more, go on for the sake of the files.

    Its reader has gone away, its device is full, its terminal hung up: what is written from then
    on goes nowhere. The standard error says so, where it is another stream.
    """
    try:
        try:
            act()
        except BlockingIOError:  # whoever reads is slow, and the pipe does not wait for it
            os.set_blocking(stream.fileno(), True)
            stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        if where != "stderr" and not isinstance(error, BrokenPipeError):
            with contextlib.suppress(OSError):
                os.write(
                    2,
                    f"gate: {where} cannot be written to any more ({error.strerror}): the run "
                    f"goes on, its verdict is in the reports\n".encode(),
                )


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
        self._plain = is_plain()

    def write(self, text: str) -> int:
        """Write a text without its secrets; returns the length of what was given."""
        if not isinstance(text, str):
            self._stream.write(text)  # which says what is wrong with it
            return 0
        self._told = self._watch.follow(self._where, self._told, text)
        cleaned = known.redactor().clean(text) if len(text) > 1 else text
        told = encodable(cleaned, getattr(self._stream, "encoding", None), plain=self._plain)
        unless_gone(self._stream, lambda: self._stream.write(told), self._where)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        unless_gone(self._stream, self._stream.flush, self._where)

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
        told = content if cleaned == text else cleaned.encode("utf-8", "surrogateescape")
        unless_gone(self._buffer, lambda: self._buffer.write(told), self._where)
        return len(content)

    def flush(self) -> None:
        """Hand on what was written."""
        unless_gone(self._buffer, self._buffer.flush, self._where)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the buffer's own."""
        return getattr(self._buffer, name)
