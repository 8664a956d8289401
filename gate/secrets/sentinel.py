"""The sentinel: a planted secret that nobody needs, looked for in everything that leaves."""

from __future__ import annotations

import os
import pathlib

from gate.secrets.leaks import read, scan
from gate.secrets.redactor import Redactor


class Watch:
    """Looks for one planted secret.

    Attributes:
        found: Where it was found and how it was written there, each place once; never the secret.
    """

    def __init__(self, sentinel: str) -> None:
        """Look for this one."""
        self._redactor = Redactor([sentinel])
        self._tail = 3 * len(sentinel)
        self.found: dict[str, str] = {}

    def follow(self, where: str, before: str, text: str) -> str:
        """Look at what is written to a stream.

        Args:
            where: What the stream is called.
            before: What this function returned of the text before.
            text: What is written now.

        Returns:
            The end of both: the sentinel may come piece by piece.
        """
        whole = before + text
        how = self._redactor.find_leak(whole)
        if how is None:
            return whole[-self._tail :]
        self.found.setdefault(where, how)
        return ""

    def files(self, paths: list[pathlib.Path]) -> None:
        """Look into files, and into everything below folders; what is not there holds nothing."""
        for path in paths:
            if path.is_dir():
                for one in scan(path, self._redactor):
                    self.found.setdefault(os.fspath(path), one)
            elif path.is_file():
                content, problem = read(os.fspath(path))
                how = problem or self._redactor.find_leak(content)
                if how:
                    self.found.setdefault(os.fspath(path), how)

    def problems(self) -> list[str]:
        """One line per place."""
        return [
            f"SECRET: the planted sentinel was told on {where} ({how}): something told it without "
            f"taking secrets out, so what this run told and wrote must not be passed on"
            for where, how in self.found.items()
        ]
