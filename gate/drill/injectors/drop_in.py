"""A drop-in of a unit that says otherwise than its file."""

from __future__ import annotations

import shlex

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts, placed
from gate.target import Target
from gate.toml import Strict


class DropIn(Strict):
    """A drop-in, read by systemd at once.

    Attributes:
        unit: Whose it is.
        text: What stands in it.
        restart: Whether the unit is started again with it.
        ready: Script that ends with 0 once its effect is there; beside that systemd has read it.
    """

    unit: Text
    text: Text
    restart: bool = False
    ready: str = ""


def _scripts(given: DropIn, target: Target) -> Scripts:
    del target
    unit, folder = shlex.quote(given.unit), placed(f"/etc/systemd/system/{given.unit}.d")
    file = f"{folder}/gate-drill.conf"
    read = "systemctl daemon-reload" + (f"; systemctl restart {unit}" if given.restart else "")
    ready = given.ready or ":"
    return Scripts(
        do=f"mkdir -p {folder}; printf %s {shlex.quote(given.text)} >{file}; {read}",
        ready=f"systemctl show -p DropInPaths {unit} | grep -q gate-drill.conf && {{\n{ready}\n}}",
        undo=f"rm -f {file}; rmdir {folder} 2>/dev/null || :; {read}",
    )


INJECTOR = Injector(name="drop_in", model=DropIn, scripts=_scripts)
