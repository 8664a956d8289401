"""A step that runs on without its gate: found on the host by its process, waited for, or named."""

from __future__ import annotations

import secrets
import shlex
import time

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.plan.place import NO_PLACE, place
from gate.sources.fact import Cause
from gate.target import Target

MARK = "GATE_STEP"
"""Environment variable that everything bears which a step starts."""
ASK_S = 10.0
"""How long it may take to find out what runs."""
GRACE_S = 5.0
"""What is added to the deadline of a step that is waited for."""
KEPT = 65_536
"""Bytes of a step's output that are brought from the host."""

RUN = """\
(umask 077; : >"$GATE_PLACE/output"; printf '%s\\n' {id} {token} $$ "$(gate_start $$)" \
  $(($(date +%s) + {limit})) {who} >"$GATE_PLACE/running.part")
mv "$GATE_PLACE/running.part" "$GATE_PLACE/running"
{mark}={token} sh -euc {command} >"$GATE_PLACE/output" 2>&1
rc=$?
printf '{{"at":"%s","event":"exited","step":%s,"status":%s}}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  {quoted} $rc >>"$GATE_PLACE/plan.jsonl"
rm -f "$GATE_PLACE/running"
tail -c {kept} "$GATE_PLACE/output"
exit $rc
"""
ALIVE = """\
gate_alive() {
  [ -e "$GATE_PLACE/running" ] || return 1
  { read -r step; read -r token; read -r pid; read -r start; read -r limit; read -r who; } \
    <"$GATE_PLACE/running"
  if [ -n "$start" ] && [ "$(gate_start "$pid" 2>/dev/null)" = "$start" ]; then return 0; fi
  [ -n "$token" ] || return 1
  pid=$(grep -ls "GATE_STEP=$token" /proc/[0-9]*/environ | sed 's,^/proc/,,; s,/.*,,' | tr '\n' ' ')
  [ -n "$pid" ]
}
"""
FIND = (
    ALIVE
    + """\
if gate_alive; then echo "running $step"; fi
"""
)
WAIT = (
    ALIVE
    + """\
rounds=0
while gate_alive; do
  left=$((limit + {grace} - $(date +%s))); rounds=$((rounds + 1))
  if [ $left -le 0 ] || [ $rounds -gt {rounds} ]; then
    echo "$step is still running on the host: process $pid, begun by $who"; exit 1
  fi
  sleep 0.2
done
rm -f "$GATE_PLACE/running"
"""
)


def runner(id_: str, command: str, target: Target, deadline_s: float, who: str) -> str:
    """Return the script that runs a step so that it needs no gate to come to its end.

    Its output goes to a file on the host, a file beside it says who runs what while it runs, and
    the host's journal how it ended.

    Args:
        id_: The step.
        command: A POSIX shell script.
        target: Where it runs.
        deadline_s: How long it may take; said to whoever has to wait for it.
        who: Whose step it is.
    """
    return place(target) + RUN.format(
        id=shlex.quote(id_),
        token=secrets.token_hex(16),
        limit=int(deadline_s) + 1,
        who=shlex.quote(who),
        mark=MARK,
        command=shlex.quote(command),
        quoted=shlex.quote(f'"{id_}"'),
        kept=KEPT,
    )


def running(target: Target, carrier: Carrier) -> str:
    """Return the id of a step that runs on the host without its gate; empty where none does.

    Raises:
        CarrierError: The host did not say.
    """
    said = _asked(place(target) + FIND, target, carrier, ASK_S)[1]
    return said.removeprefix("running ") if said.startswith("running ") else ""


def outlast(target: Target, carrier: Carrier, deadline_s: float) -> str:
    """Wait for what runs on the host without its gate.

    Args:
        target: Where.
        carrier: The way there.
        deadline_s: How long at most; a step's own deadline on the host ends the waiting sooner.

    Returns:
        Nothing where nothing runs any more, or what does.

    Raises:
        CarrierError: The host did not say.
    """
    began, limit = time.monotonic(), deadline_s + GRACE_S
    script = WAIT.replace("{grace}", f"{GRACE_S:g}").replace("{rounds}", f"{int(limit * 5)}")
    rc, said = _asked(place(target) + script, target, carrier, limit + ASK_S)
    return f"{said} (waited {time.monotonic() - began:.0f} s for it)" if rc else ""


def _asked(script: str, target: Target, carrier: Carrier, limit_s: float) -> tuple[int, str]:
    done = carrier.run(script, deadline_s=limit_s)
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.rc == NO_PLACE:
        raise CarrierError(f"{target.host}: {said}", Cause.PERMISSION)
    return done.rc, said
