"""Somebody else on a port: a socket that is bound, and never answers or says something."""

from __future__ import annotations

import shlex
from typing import Annotated

import pydantic

from gate.drill.injection import Injector, Scripts
from gate.target import Target
from gate.toml import Strict

THIEF = """\
import socket, sys
host, port, says = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode().decode("unicode_escape")
with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as it:
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in host:
        it.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(sys.argv[4]))
    it.bind((host, port))
    it.listen(64)
    open(sys.argv[5], "w").close()
    kept = []
    while True:
        one, _ = it.accept()
        one.sendall(says.encode("latin-1")) if says else None
        kept = [*kept[-63:], one]
"""


class Listener(Strict):
    """A port that is taken.

    Attributes:
        port: Of the contract: the target's offset is added.
        address: Where it is bound.
        v6only: Whether an IPv6 socket takes no IPv4.
        says: What is said to whoever connects, with escapes as in Python; nothing where empty.
        stops: Unit that is stopped before, and started afterwards: it had the port.
    """

    port: Annotated[int, pydantic.Field(ge=1, le=65535)]
    address: str = "127.0.0.1"
    v6only: bool = True
    says: str = ""
    stops: str = ""


def _scripts(given: Listener, target: Target) -> Scripts:
    words = [given.address, str(target.port(given.port)), given.says, str(int(given.v6only))]
    unit = shlex.quote(given.stops)
    start = (
        f'setsid python3 -c {shlex.quote(THIEF)} {shlex.join(words)} "$KEPT/bound" '
        '>"$KEPT/said" 2>&1 </dev/null & echo $! >"$KEPT/pid"'
    )
    end = '[ ! -s "$KEPT/pid" ] || kill -KILL "$(cat "$KEPT/pid")" 2>/dev/null || :'
    return Scripts(
        do=(f"systemctl stop {unit}; " if given.stops else "") + start,
        ready='[ -e "$KEPT/bound" ]',
        undo=end + (f"; systemctl start {unit}" if given.stops else ""),
    )


INJECTOR = Injector(name="listener", model=Listener, scripts=_scripts)
