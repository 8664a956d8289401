"""What befalls a unit of systemd."""

from __future__ import annotations

import shlex
from typing import Literal

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts
from gate.target import Target
from gate.toml import Strict

MAIN = 'pid=$(systemctl show -p MainPID {unit}); pid=${{pid#MainPID=}}; [ "${{pid:-0}}" -gt 1 ]'
SHOWN = "$(systemctl show -p MainPID {unit})"
STATE = "$(systemctl show -p {key} {unit})"
AGAIN = (
    'setsid sh -c \'while :; do pid=$(systemctl show -p MainPID "$1"); pid=${{pid#MainPID=}}; '
    '[ "${{pid:-0}}" -gt 1 ] && kill -KILL "$pid"; sleep 0.4; done\' sh {unit} '
    '>/dev/null 2>&1 </dev/null & echo $! >"$KEPT/killer"'
)
ENDED = (
    'kill -KILL "$(cat "$KEPT/killer")" || :; systemctl reset-failed {unit} || :; '
    "systemctl restart {unit}"
)
ACTS = {
    "stop": (
        "systemctl stop {unit}",
        f'[ "{STATE.format(key="ActiveState", unit="{unit}")}" != ActiveState=active ]',
        "systemctl start {unit}",
    ),
    "freeze": (
        f'{MAIN}; echo "$pid" >"$KEPT/pid"; kill -STOP "$pid"',
        'grep -q "^State:[[:space:]]*T" "/proc/$(cat "$KEPT/pid")/status"',
        'kill -CONT "$(cat "$KEPT/pid")" || :',
    ),
    "disable": (
        "systemctl disable {unit}",
        "! systemctl is-enabled {unit} >/dev/null",
        "systemctl enable {unit}",
    ),
    "mask": (
        "systemctl mask {unit}",
        'systemctl is-enabled {unit} | grep -q "^masked"',
        "systemctl unmask {unit}",
    ),
    "restart": (
        f'{MAIN}; echo "$pid" >"$KEPT/pid"; systemctl restart {{unit}}',
        f'{MAIN} && [ "$pid" != "$(cat "$KEPT/pid")" ]',
        ":",
    ),
    "crash": (
        f'{MAIN}; echo "$pid" >"$KEPT/pid"; {AGAIN}',
        # Dead, or another one already: it lives for a moment only.
        f'[ "{SHOWN}" != "MainPID=$(cat "$KEPT/pid")" ]',
        ENDED,
    ),
}
"""What does it, what proves it, what undoes it."""


class Unit(Strict):
    """A unit, and what is done to it.

    Attributes:
        unit: Its name.
        act: ``stop``, ``freeze`` (SIGSTOP to its main process), ``disable``, ``mask``, ``restart``
            or ``crash`` (SIGKILL to its main process, again and again).
    """

    unit: Text
    act: Literal["stop", "freeze", "disable", "mask", "restart", "crash"]


def _scripts(given: Unit, target: Target) -> Scripts:
    del target
    do, ready, undo = (one.format(unit=shlex.quote(given.unit)) for one in ACTS[given.act])
    return Scripts(do=do, ready=ready, undo=undo)


INJECTOR = Injector(name="unit", model=Unit, scripts=_scripts)
