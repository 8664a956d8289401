"""The host that faults are done to: scripts are run there, with a deadline, and never in part."""

from __future__ import annotations

import threading
import time

from gate.connection.carrier import open_carrier
from gate.connection.obstacle import CarrierError
from gate.plan.place import prologue
from gate.secrets import known
from gate.target import Target

DO_S = 60.0
"""How long doing or undoing a fault may take, in seconds."""
REACH_S = 60.0
"""How long a host is tried again that cannot be reached while a fault of ours is on it."""
POLL_S = 0.1
SAID = 400
"""Characters that are kept of what a script says."""

HEAD = """\
KEPT="${{TMPDIR:-/var/tmp}}/gate-drill-{name}"; export KEPT
[ -z "$PREFIX" ] || KEPT="$PREFIX/var/tmp/gate-drill-{name}"
gate_sql() {{ {sql}; }}
"""
DOING = """\
rm -rf "$KEPT"; mkdir -p "$KEPT" && chmod 711 "$KEPT" || exit 1
if read -r stat <"/proc/$$/stat"; then ( set -- ${stat##*) }; echo "$$ ${20}" >"$KEPT/doing" ); fi
"""
"""Names the process that does it, by its number and when it began."""
DONE = """\
gate_doing() {
  read -r pid began <"$KEPT/doing" && read -r stat <"/proc/$pid/stat" && set -- ${stat##*) } \\
    && [ "${20}" = "$began" ]
}
while gate_doing 2>/dev/null; do sleep 0.1; done
"""
"""Waits for it: where the drill was killed, what it had begun goes on on the host."""
NO_SQL = 'echo "the target says no drill.sql: how is SQL run there?"; return 1'
WAIT = "until ( {ready} ) >/dev/null 2>&1; do sleep {poll}; done"


class Host:
    """Runs the scripts of faults at a target."""

    def __init__(self, target: Target, where: str) -> None:
        """Take a target, as it is placed.

        Args:
            target: Where.
            where: A word for the folder in which faults keep what they replace.
        """
        self._target = target
        self._where = where

    def head(self, name: str) -> str:
        """What every script of a fault begins with."""
        drill = self._target.drill
        sql = drill.sql if drill is not None else ""
        word = "".join(one if one.isalnum() else "-" for one in f"{self._where}-{name}")
        return prologue(self._target) + HEAD.format(name=word, sql=sql or NO_SQL)

    def do(self, name: str, script: str) -> str:
        """Do a fault; return what went wrong, or nothing."""
        return self._run(self.head(name) + DOING + f"( set -e\n{script}\n)", DO_S)

    def wait(self, name: str, ready: str, within_s: float) -> str:
        """Wait for the effect; return why it is not there, or nothing."""
        script = self.head(name) + WAIT.format(ready=f"{ready}\n", poll=POLL_S)
        return self._run(script, within_s)

    def undo(self, script: str) -> str:
        """Undo a fault, by the whole script that stands in the journal; return what went wrong.

        A host that is too busy to let anybody in is tried again: nothing else takes the fault away.
        """
        return self._run(script, DO_S, patient_s=REACH_S)

    def whole_undo(self, name: str, script: str) -> str:
        """The script that undoes a fault, with all that it needs."""
        end = 'status=$?; [ "$status" != 0 ] || rm -rf "$KEPT"; exit "$status"'
        return f"{self.head(name)}{DONE}( {script}\n)\n{end}\n"

    def _run(self, script: str, within_s: float, patient_s: float = 0.0) -> str:
        """Run a script to its end, whatever interrupts; return what it says where it fails.

        Args:
            script: What is run.
            within_s: How long it may take.
            patient_s: How long a host that is not reached is tried again.
        """
        until, reached = time.monotonic() + patient_s, False
        while True:
            try:
                with open_carrier(self._target, threading.Event()) as carrier:
                    reached = True
                    done = carrier.run(script, deadline_s=within_s, to_its_end=True)
                break
            except CarrierError as error:
                if reached or time.monotonic() >= until:
                    return str(error)
                time.sleep(POLL_S)
        if done.rc == 0:
            return ""
        said = b"\n".join((done.stdout.strip(), done.stderr.strip())).decode("utf-8", "replace")
        words = " ".join(known.tell(said).split())[-SAID:]
        return f"exit status {done.rc}" + (f": {words}" if words else "")
