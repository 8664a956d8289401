"""A PostgreSQL server of the gate's own on the host, for one rehearsal."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from gate.connection import libpq
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.rehearsal import programs, reach
from gate.sources.rehearsal.place import Host, Place
from gate.sources.rehearsal.reach import Way
from gate.sources.rehearsal.tether import Work, tethered

USER = "gate"
START_S, STOP_S = 120.0, 60.0
# Whoever throws a server away needs no safety from a crash; what it listens on asks a password.
SETTINGS = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"),
    *("synchronous_commit=off", "full_page_writes=off", "max_connections=60"),
    *("wal_level=logical", "max_wal_size=4GB", "maintenance_work_mem=256MB"),
    *("password_encryption=scram-sha-256", "logging_collector=off"),
)
BEGIN = """\
umask 022; cd /
{found}
chmod 711 "$box"; mkdir -m 700 "$box/run"; as=
if [ "$(id -u)" = 0 ]; then  # PostgreSQL refuses root
  chown nobody "$box/run"; as="setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups"
  command -v setpriv >/dev/null || as='runuser -u nobody --'
fi
$as test -x "$box/run" || {{
  echo "$box: nobody, who runs the server for root, cannot get there: chmod o+x its folders" >&2
  exit 3
}}
package=${{best%/pginstall/bin}}
if ! $as "$best/initdb" --version >/dev/null 2>&1 && [ "$package" != "$best" ]; then
  mkdir -p "$box/lib/own"
  cp -RL "$package/pginstall" "$box/lib/own/" || exit 3
  for one in "$package"*.libs; do [ ! -d "$one" ] || cp -RL "$one" "$box/lib/" || exit 3; done
  chmod -R a+rX "$box/lib"; best="$box/lib/own/pginstall/bin"
fi
(umask 077; printf '%s\\n' {password} >"$box/run/password")
[ ! "$as" ] || chown nobody "$box/run/password"
$as "$best/initdb" -D "$box/run/data" -U {user} -A scram-sha-256 --pwfile="$box/run/password" \
  -E UTF8 --locale=C --no-sync >"$box/said" 2>&1 || {{ tail -n 5 "$box/said" >&2; exit 3; }}
rm -f "$box/run/password"; tries=0
while [ $tries -lt 5 ]; do
  tries=$((tries + 1)); port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000)); turn=0
  $as "$best/postgres" -D "$box/run/data" -c port=$port {settings} >"$box/said" 2>&1 </dev/null &
  server=$!
  while kill -0 $server 2>/dev/null && [ $turn -lt 600 ]; do
    if grep -q '^ready' "$box/run/data/postmaster.pid" 2>/dev/null; then echo $port; exit 0; fi
    sleep 0.05; turn=$((turn + 1))
  done
  kill -KILL $server 2>/dev/null; wait $server
done
tail -n 5 "$box/said" >&2; exit 3
"""
END = """\
pid=$(head -n 1 "$box/run/data/postmaster.pid" 2>/dev/null)
case $pid in ''|*[!0-9]*) exit 0 ;; esac
[ "$(readlink "/proc/$pid/cwd")" = "$box/run/data" ] || exit 0
kill -INT $pid; turn=0
while kill -0 $pid 2>/dev/null && [ $turn -lt 400 ]; do sleep 0.05; turn=$((turn + 1)); done
! kill -KILL $pid 2>/dev/null
"""


@contextmanager
def running(at: Host, live: Way) -> Iterator[Place]:
    """Have a server run that is gone when the block is left, with all that it held.

    Raises:
        ObservationError: There are no programs of a server, or it does not start, with the reason.
    """
    with live.connect() as session:
        major = session.info.server_version // 10000
    password = secrets.token_hex(16)
    known.learn(password)
    work = Work(
        what="the embedded server",
        begin=BEGIN.format(
            found=programs.found(at.target, major, programs.SERVER),
            password=password,
            user=USER,
            settings=" ".join(f"-c {shlex.quote(one)}" for one in SETTINGS),
        ),
        end=END,
        base=at.target.placed(at.source.folder),
        begin_s=START_S,
        end_s=STOP_S,
    )
    with tethered(work, at.target, at.carrier, at.left, at.sessions.check) as told:
        port = (told.out.split() or [""])[-1]
        if not port.isdigit():
            raise ObservationError("the embedded server: it did not say where it listens")
        there = {"host": libpq.LOOPBACK, "port": port, "user": USER, "password": password}
        there["dbname"] = "postgres"
        more = {}
        if not at.target.host.startswith("local://"):
            forward = at.carrier.forward(f"{libpq.LOOPBACK}:{port}", f"{libpq.SOCKET}{port}")
            more = {"host": str(forward.socket.parent)}
        here = reach.found({**there, **more}, "the embedded server", at.target)
        yield Place(Way(here, there, at.sessions, live=False), own=True)
