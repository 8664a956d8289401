"""What is at work on the host for a rehearsal: a box, a private folder with a beginning and an end.

The beginning copies, or makes what the rehearsal works with; the end removes it. The end is run
whatever happens: the shell that holds the box reads from this process and does it when that is
gone, and where the shell itself was killed, the next rehearsal finds the box and does it.
"""

from __future__ import annotations

import shlex

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.target import Target

NAME, GONE = "gate-box-", "gate-gone-"
EARLIER = "left by an earlier rehearsal: "
"""Beginning of what is said of a box that this rehearsal did not open."""
VOICE = 64 * 1024
"""Bytes of a program's output that are kept: the first ones."""
PATIENCE_S = 36
"""How long a box waits for a sign of its gate."""
KILL_S = 5
"""Between asking a program to end and killing it."""
OPEN = """\
umask 077; mkdir -p {base} 2>/dev/null
mktemp -d {base}/{name}XXXXXXXXXXXX
"""
WRITE = 'umask 077; cat >"$1"'
OUTER = """\
as=
if [ "$(id -u)" != 0 ] && [ {sudo} = 1 ] && sudo -n true 2>/dev/null </dev/null
then as='sudo -n'; fi
box=$($as sh -c {open} 2>&1 </dev/null)
case $box in {base}/{name}*) ;; *) echo "{token} closed $box"; exit 0 ;; esac
$as sh -c '{write}' sh "$box/begin" <<'{token}'
{begin}
{token}
$as sh -c '{write}' sh "$box/end" <<'{token}'
{end}
{token}
exec $as sh -c {inner} sh "$box" 2>&1
"""
# Scripts stand in files, never in a command line: they hold passwords.
INNER = """\
box=$1; export box; cd / || exit 1
trap : HUP INT QUIT PIPE  # what is started here has them as ever
printf '%s %s %s\\n' $$ "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" \
"$(cut -d' ' -f22 /proc/$$/stat 2>/dev/null)" >"$box/holder"
echo {end_s} >"$box/limit"
lead=; if command -v setsid >/dev/null; then lead=setsid; fi
limited() {{ if command -v timeout >/dev/null; then echo "timeout -k {kill} $1"; fi; }}
work() {{
  rm -f "$box/o" "$box/e"; mkfifo "$box/o" "$box/e" || return 1
  {{ head -c {voice} >"$box/$1.out"; cat >/dev/null; }} <"$box/o" & first=$!
  {{ head -c {voice} >"$box/$1.err"; cat >/dev/null; }} <"$box/e" & second=$!
  $lead $(limited $2) sh "$box/$1" >"$box/o" 2>"$box/e" </dev/null & job=$!
}}
worked() {{
  while :; do wait $job; rc=$?; kill -0 $job 2>/dev/null || break; done
  turn=0
  while {{ kill -0 $first || kill -0 $second; }} 2>/dev/null && [ $turn -lt 20 ]; do
    sleep 0.05; turn=$((turn + 1))
  done
  : >"$box/begun"
  printf '{token} %s %s\\n' "$1" $rc; cat "$box/$2.out"
  printf '\\n{token} err\\n'; cat "$box/$2.err"
  # Where there is no room, there is none for what it complained of either.
  [ $rc = 0 ] || [ -s "$box/$2.err" ] || df -Pk "$box" |
    awk 'NR == 2 && $4 < 512 {{ print "No space left on device: " $6 ": " $4 " KiB left" }}'
  printf '\\n{token} told\\n'
}}
exec 4<&0
work begin {begin_s} 4<&-
(
  while line=$($(limited {patience}) sh -c 'read -r x && printf %s "$x"'); do
    [ "$line" != end ] || break
  done
  [ -e "$box/begun" ] || kill -TERM -- "-$job" 2>/dev/null || kill -TERM $job 2>/dev/null
) <&4 & ear=$!
worked begun begin
if [ {hold} = 1 ] && [ $rc = 0 ]
then while kill -0 $ear 2>/dev/null; do wait $ear; done
else kill $ear 2>/dev/null
fi
work end {end_s} 4<&-
worked ended end
[ $rc != 0 ] || {{ mv -- "$box" "{gone}$$" && rm -rf -- "{gone}$$"; }}
"""
SWEEP = """\
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
for box in {base}/{name}*; do
  [ -d "$box" ] && [ ! -L "$box" ] && [ -O "$box" ] || continue
  if [ -s "$box/limit" ]; then
    read -r pid on start <"$box/holder" || continue
    lives=$(cut -d' ' -f3,22 "/proc/$pid/stat" 2>/dev/null)
    if [ "$on" = "$boot" ] && [ "${{lives#* }}" = "$start" ] && [ "${{lives% *}}" != Z ]
    then continue; fi
    export box; limit=; rc=0
    if command -v timeout >/dev/null; then limit="timeout -k {kill} $(cat "$box/limit")"; fi
    $limit sh "$box/end" >"$box/said" 2>&1 </dev/null || rc=$?
    [ -d "$box" ] || continue  # somebody else has ended it meanwhile
    if [ $rc != 0 ]; then
      echo "$box: its end exited with $rc: $(head -c 300 "$box/said" | tr '\\n' ' ')"; continue
    fi
  elif [ -n "$(find "$box" -prune -mmin -10)" ]; then continue
  fi
  rm -rf -- "$box"
done
for box in {base}/{gone}*; do [ -L "$box" ] || [ ! -O "$box" ] || rm -rf -- "$box"; done
"""


def script(
    begin: str, end: str, *, token: str, target: Target, base: str, hold: bool, begin_s: float,
    end_s: float,
) -> str:  # fmt: skip
    """The script that opens a box, works in it, and ends it.

    Args:
        begin: Shell lines; ``$box`` is the box.
        end: Shell lines that undo it; they are run at least once, and may find nothing.
        token: Begins each line that tells how far it is; nobody else knows it.
        target: Says whether sudo is wanted.
        base: Folder for the box.
        hold: Whether the end waits to be asked for.
        begin_s: How long the beginning may take, in seconds.
        end_s: The same of the end.
    """
    inner = INNER.format(
        token=token,
        end_s=f"{end_s:.0f}",
        begin_s=f"{begin_s:.0f}",
        kill=KILL_S,
        voice=VOICE,
        patience=PATIENCE_S,
        hold=int(hold),
        gone=f"${{box%/*}}/{GONE}",
    )
    where = shlex.quote(base)
    return OUTER.format(
        sudo=int(target.sudo),
        open=shlex.quote(OPEN.format(base=where, name=NAME)),
        base=where,
        name=NAME,
        write=WRITE,
        token=token,
        begin=begin,
        end=end,
        inner=shlex.quote(inner),
    )


def sweep(carrier: Carrier, base: str, deadline_s: float) -> list[str]:
    """End what killed rehearsals left open on the host.

    Returns:
        What could not be ended, one sentence each.

    Raises:
        CarrierError: The host was not reached, or the run was interrupted.
    """
    found = SWEEP.format(base=shlex.quote(base), name=NAME, gone=GONE, kill=KILL_S)
    try:
        output = carrier.run(found, deadline_s=deadline_s)
    except CarrierError as error:
        if error.cause is not Cause.TIMEOUT:
            raise
        return [f"{EARLIER}{base}: what is there was not ended within {deadline_s:g} s"]
    said = output.stdout.decode("utf-8", "replace").strip().splitlines()
    return [f"{EARLIER}{known.first(line, 500)}" for line in said]
