"""Where a plan keeps its account on the host: a folder of its own, beside what it moves."""

from __future__ import annotations

import shlex

from gate.target import Target

JOURNAL = "plan.jsonl"
LOCK = "lock"
HOLDER = "holder"
RUNNING = "running"
OUTPUT = "output"
NO_PLACE = 74
"""Exit status where there is no such folder to be had (EX_IOERR of sysexits.h)."""

PLACE = """\
if [ -n "$PREFIX" ] || [ "$(id -u)" = 0 ]; then GATE_PLACE="$PREFIX/var/lib/deployment-gate"
else GATE_PLACE="$HOME/.local/state/deployment-gate"; fi
(umask 077; mkdir -p "$GATE_PLACE") 2>/dev/null
if [ -L "$GATE_PLACE" ] || [ ! -O "$GATE_PLACE" ] || [ ! -w "$GATE_PLACE" ]; then
  echo "$GATE_PLACE is no folder of $(id -un)'s own that can be written to"; exit 74
fi
gate_start() { read -r stat <"/proc/$1/stat" && set -- ${stat##*) } && echo "${20}"; }
"""


def prologue(target: Target) -> str:
    """Return the beginning of every script of a plan: ``$PREFIX`` and PATH."""
    path = ":".join([*target.path, "$PATH"])
    return "\n".join(
        [
            f"PREFIX={shlex.quote(target.prefix)}; export PREFIX",
            f'PATH="{path}"; export PATH' if target.path else ":",
            "",
        ]
    )


def place(target: Target) -> str:
    """Return the beginning of a script that has ``$GATE_PLACE`` and ``gate_start PID``.

    The folder lies below the target's prefix or, on a host, in ``/var/lib`` or, for a user who is
    not root, in ``~/.local/state``; it is entered by its owner only, and never through a link.
    ``gate_start`` prints when a process began, in clock ticks: with the PID it names one process.
    """
    return prologue(target) + PLACE
