"""What is asked of the processes of some units: one reading of each of their files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gate.sources.host.parts import parts
from gate.sources.host.zones import LOCALTIME

SHOWN = (
    "Id,LoadState,ActiveState,MainPID,ControlGroup,StateChangeTimestamp,"
    "StateChangeTimestampMonotonic,DropInPaths,ReloadResult"
)
Subject = tuple[str, int, tuple[str, ...]]
"""The unit, whether a digest of its program is wanted, and the files that it reads."""


def units_of(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """The units, each once."""
    return tuple(dict.fromkeys(unit for unit, *_ in subjects))


def script(subjects: Sequence[Subject]) -> str:
    """One answer of systemd, and one reading of each of their files below ``/proc``."""
    units = shlex.join(units_of(subjects))
    commands = {
        "units": "shown",
        "members": "members",
        "ticks": "getconf CLK_TCK",
        "stats": "each_of stat",
        "links": "links",
        "commands": "each_of cmdline",
        "status": "each_of status",
        "limits": "each_of limits",
        "variables": "limited grep -HzasoP '\\A[^=\\0]+(?==)' $main",
        "zones": "limited grep -Hzaso '^TZ=[A-Za-z0-9_+:/.,<>-]*' $main",
        "localtime": "localtime",
        "maps": "limited grep -Hs '[.]so.* (deleted)$' /dev/null $maps",
        "accounts": "accounts",
    }
    if any(digest for _, digest, _ in subjects):
        commands["digests"] = "limited sha256sum $exes"
    every = list(dict.fromkeys(path for _, _, files in subjects for path in files))
    if every:
        commands["newest"] = """printf '%s\\n' "$newest" """
    for number, (_, _, files) in enumerate(subjects):
        if files:
            commands[f"newest.{number}"] = f"newest {shlex.join(files)}"
    newest = f"newest=$(newest_of {shlex.join(every)})\n" if every else ""
    return parts(commands, functions=FUNCTIONS.replace("UNITS", units) + newest)


FUNCTIONS = (
    LOCALTIME
    + r"""
TZ=UTC0; export TZ
told=${gate_told-} said=0; unset gate_told
[ -n "$told" ] || { told=$(limited systemctl show -p """
    + SHOWN
    + r""" -- UNITS 2>&1); said=$?; }
pids= main=/dev/null maps= exes= more=
for pid in $(printf '%s\n' "$told" | sed -n 's/^MainPID=//p'); do
  [ "$pid" -gt 0 ] 2>/dev/null || continue
  pids="$pids $pid" main="$main /proc/$pid/environ" maps="$maps /proc/$pid/maps"
  exes="$exes /proc/$pid/exe"
done
groups=$(printf '%s\n' "$told" | sed -n 's/^ControlGroup=\(.*[^/].*\)/\1/p')
if [ -n "$groups" ]; then
  more=$(limited grep -Hs '' /proc/[0-9]*/cgroup | awk -v groups="$groups" '
    BEGIN { for (n = split(groups, all, "\n"); n > 0; n--) wanted[all[n]] }
    { at = $0; sub(/^[^:]*:[^:]*:[^:]*:/, "", at); split($0, path, "/")
      for (one in wanted)
        if ((at == one || index(at, one "/") == 1) && !seen[path[3]]++) print path[3], one }')
fi
if printf '%s\n' "$told" | grep -q '^ControlGroup=/*$'; then # told by their parent
  more="$more
$(limited grep -Hs '' /proc/[0-9]*/stat | awk -v mains="$pids" '
    BEGIN { for (n = split(mains, all, " "); n > 0; n--) wanted[all[n]] }
    { split($0, path, "/"); at = $0; sub(/^.*[)] /, "", at); split(at, word, " ")
      if (word[2] in wanted) print path[3], "of:" word[2] }')"
fi
pids="$pids $(printf '%s\n' "$more" | cut -d ' ' -f 1 | tr '\n' ' ')"
members() { printf '%s\n' "$more"; }
shown() { printf '%s\n' "$told"; return $said; }
each_of() {
  set -- "$1" $pids; file=$1; shift
  for pid; do set -- "$@" "/proc/$pid/$file"; shift; done
  limited grep -HZazs '' /dev/null "$@"
}
links() {
  set -- $pids
  for pid; do set -- "$@" "/proc/$pid/exe" "/proc/$pid/cwd"; shift; done
  [ $# = 0 ] || limited find "$@" -maxdepth 0 -printf '%p\0%l\0\n'
}
# Asked for by number: a directory that lists nobody knows them all the same. Root is there always.
accounts() {
  set -- $pids
  for pid; do set -- "$@" "/proc/$pid/status"; shift; done
  ids=$(limited grep -hs -e '^Uid:' -e '^Gid:' -e '^Groups:' /dev/null "$@" | awk '
    /^Uid:/ { print "passwd", $3; next }
    /^Gid:/ { print "group", $2; next }
    { for (n = 2; n <= NF; n++) print "group", $n }' | sort -u)
  for base in passwd group; do
    set -- 0 $(printf '%s\n' "$ids" | sed -n "s/^$base //p")
    limited getent $base "$@"; echo ". $base $? $*"
  done
}
# newest_of PATH...: the file of each that changed last; nothing where anything is amiss.
# Who puts a file into a folder changes both, the folder a moment later: the file is meant.
newest_of() {
  { limited find -L "$@" -type f -printf '%T@\t%H\t%p\tf\n' || echo amiss
    limited find "$@" -printf '%C@\t%H\t%p\t%y\n' || echo amiss; } 2>&1 | awk -F '\t' '
    NF != 4 || $1 !~ /^[0-9]+[.][0-9]+$/ { amiss = 1 }
    { time = $1 - ($4 == "d" ? 0.02 : 0) }
    !($2 in at) || time > last[$2] { at[$2] = $1; path[$2] = $3; last[$2] = time }
    END { if (amiss) exit; for (one in at) print at[one] "\t" one "\t" path[one]; print "." }'
}
# newest PATH...: the same of all of them together, where it is not told by the above.
newest() {
  case $newest in *.) return ;; esac
  { limited find -L "$@" -type f -printf '%T@ f %p\n' || echo "find ended with $?" >&2
    limited find "$@" -printf '%C@ %y %p\n' || echo "find ended with $?" >&2
  } | awk '
    { time = $1 - ($2 == "d" ? 0.02 : 0) }
    time > last { last = time; at = $1; path = substr($0, length($1) + length($2) + 3) }
    END { if (at) print at, path }'
}
"""
)
