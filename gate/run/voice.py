"""What is said while a run goes on: lines that stay, and one line that lives on a terminal."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

from gate.secrets import known
from gate.text import line

LONGEST = 2000
"""Characters of one line; what is longer is a target's doing."""
CLEARED = "\r\x1b[2K"


class Voice:
    """Says lines; the live one is gone before anything else is written.

    Attributes:
        is_terminal: Whether a line can be written over.
        is_quiet: Whether nothing is to be said of how far something is.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        is_terminal: bool = False,
        is_quiet: bool = False,
        begun: Callable[[], bool] = lambda: False,
    ) -> None:
        """Speak.

        Args:
            write: Writes a text at once, as it is.
            is_terminal: See above.
            is_quiet: See above.
            begun: Whether somebody else has begun the line that the cursor is on.
        """
        self.is_terminal, self.is_quiet = is_terminal, is_quiet
        self._write, self._begun = write, begun
        self._lock = threading.Lock()
        self._live = ""

    def tell(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self._write(f"{self._clear()}gate: {_plain(text, LONGEST)}\n")

    def show(self, text: str) -> None:
        """Write the live line, over the one from before; an empty one takes it away."""
        if not self.is_terminal or self.is_quiet:
            return
        with self._lock:
            if text:
                width = shutil.get_terminal_size().columns
                told = f"gate: {_plain(text, max(20, width - 7))}"
                self._write(f"{self._clear()}{told}")
                self._live = told
            elif self._live:
                self._write(self._clear())

    def _clear(self) -> str:
        if self._live:
            self._live = ""
            return CLEARED
        return "\n" if self._begun() else ""


def _plain(text: str, most: int) -> str:
    told = line(known.tell(text))
    return told if len(told) <= most else f"{told[: most - 1]}…"
