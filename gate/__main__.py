"""What ``gate`` and ``python -m gate`` begin with, before what takes its time is loaded."""

from __future__ import annotations

import contextlib
import importlib
import sys

from gate.early import heeded

RUNS = "check"
"""The command whose exit status says that it was interrupted as a verdict does."""


def main(words: list[str] | None = None) -> int:
    """Run a command; its exit status."""
    runs = (words or sys.argv[1:])[:1] == [RUNS]
    with heeded() if runs else contextlib.nullcontext():
        return int(importlib.import_module("gate.command_line").main(words))


if __name__ == "__main__":
    raise SystemExit(main())
