"""Shell scripts, for what no other injector does."""

from __future__ import annotations

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts
from gate.target import Target
from gate.toml import Strict


class Shell(Strict):
    """Scripts as they stand.

    Attributes:
        do: Does it.
        ready: Ends with 0 once the effect is there.
        undo: Takes it back.
    """

    do: Text
    ready: Text
    undo: Text


def _scripts(given: Shell, target: Target) -> Scripts:
    del target
    return Scripts(do=given.do, ready=given.ready, undo=given.undo)


INJECTOR = Injector(name="shell", model=Shell, scripts=_scripts)
