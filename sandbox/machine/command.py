"""Run other programs with a deadline and say what they said when they fail."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.machine.error import MachineError

_QUOTED_LINES = 25
"""How much of a failing program's output an error quotes: its last lines."""

_SHOWN = 160
"""How many characters of a command line an error shows."""


def tail(text: str) -> str:
    """Return the last lines of a program's output, indented for an error message."""
    lines = text.strip().splitlines()[-_QUOTED_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"


def output(
    argv: Sequence[str],
    *,
    within_s: float = 20.0,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a program that must succeed and return its standard output.

    Args:
        argv: Program and arguments; no shell.
        within_s: Deadline in seconds; the program is killed after it.
        env: Its whole environment; this process's where None.
        log: Where both its outputs go instead of being returned (for long ones).

    Raises:
        MachineError: It is missing, failed, or outlived its deadline.
    """
    said = ""
    try:
        if log is None:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=within_s,
                env=env,
                check=False,
            )
            said, status = done.stdout, done.returncode
            complaint = done.stderr or done.stdout
        else:
            with log.open("w") as sink:
                status = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    timeout=within_s,
                    env=env,
                    check=False,
                ).returncode
            complaint = log.read_text(errors="replace")
    except FileNotFoundError as error:
        raise MachineError(f"`{argv[0]}` is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"`{_shown(argv)}` did not end within {within_s:g} s") from error
    if status != 0:
        raise MachineError(f"`{_shown(argv)}` exited with {status}; it said\n{tail(complaint)}")
    return said


def _shown(argv: Sequence[str]) -> str:
    """Return a command line short enough for an error message."""
    line = " ".join(argv)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
