"""Whether a user, or a service that runs, may write somewhere: the kernel is asked as that user.

``test -w`` is run with the numbers of the user or process, inside of the process's own view of the
file system: owner, mode, access lists, read-only mounts and systemd's sandboxing all count. It
changes nothing. In a folder nothing can be made by whoever may not search it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

Subject = tuple[str, str]
"""A unit (``x.service``) or a user, and a path."""
UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(service|scope)")
Word = Literal["yes", "no", "missing"]
SAID = re.compile(
    r"(?P<word>yes|no|missing|nobody|stopped|other|hidden|capable|odd)(?: (?P<rest>.*))?"
)
WHY = {
    "other": (Cause.PERMISSION, "only root can ask the kernel as somebody else: sudo = true"),
    "hidden": (Cause.PERMISSION, "its process is not shown to this user"),
    "capable": (Cause.UPSTREAM, "its process has rights beyond its user's (capabilities)"),
}


class WritableFacts(Model):
    """What came of it.

    Attributes:
        word: Whether it may write; ``missing`` where there is no such path in its view.
        user: Number of the user that was asked as.
    """

    word: Word
    user: int


def script(subjects: Sequence[Subject]) -> str:
    """One question each."""
    commands = {
        f"at.{number}": f"{'unit' if UNIT.fullmatch(who) else 'user'}_may {shlex.join((who, path))}"
        for number, (who, path) in enumerate(subjects)
    }
    return parts(commands, functions=FUNCTIONS)


FUNCTIONS = r"""
own=$(limited id -u)
user_may() {
  uid=$(limited id -u -- "$1" 2>&1) || {
    case $uid in *'no such user'* | *'unknown user'*) echo nobody ;; *) echo odd id ;; esac
    return
  }
  may "$uid" "$(limited id -g -- "$1")" "$(limited id -G -- "$1" | limited tr ' ' ',')" '' "$2"
}
unit_may() {
  pid=$(limited systemctl show -p MainPID -- "$1" | limited sed -n 's/^MainPID=//p')
  [ -n "$pid" ] || { echo odd systemctl tells no MainPID; return; }
  [ "$pid" -gt 0 ] 2>/dev/null || { echo stopped; return; }
  status=$(limited grep -E '^(Uid|Gid|Groups|CapEff):' "/proc/$pid/status") ||
    { echo hidden; return; }
  uid=$(printf '%s\n' "$status" | limited awk '$1 == "Uid:" { print $3 }')
  gid=$(printf '%s\n' "$status" | limited awk '$1 == "Gid:" { print $3 }')
  groups=$(printf '%s\n' "$status" | limited awk '$1 == "Groups:" {
    for (n = 2; n <= NF; n++) printf "%s%s", (n > 2 ? "," : ""), $n }')
  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are two bits of the last figure.
  last=$(printf '%s\n' "$status" | limited awk '$1 == "CapEff:" {
    print substr($2, length($2)) }')
  bound=
  case $uid:$last in
    0:[2367abef]) ;;
    0:[45cd]) bound=--bounding-set=-dac_override ;;
    0:[0189]) bound=--bounding-set=-dac_override,-dac_read_search ;;
    *:[0189]) ;;
    *) echo capable; return ;;
  esac
  its=$(limited readlink "/proc/$pid/ns/mnt"); root=$(limited readlink "/proc/$pid/root")
  [ -n "$its" ] && [ -n "$root" ] || { echo hidden; return; }
  enter=
  if [ "$its" != "$(limited readlink /proc/self/ns/mnt)" ] || [ "$root" != / ]; then
    [ "$own" = 0 ] || { echo other; return; }
    enter="nsenter -t $pid -m -r --"
  fi
  may "$uid" "$gid" "$groups" "$bound" "$2"
  enter=
}
# Whether a process has the groups that this one has, which test would ask with.
same_groups() {
  its=$(printf '%s\n' "$@" | limited tr ', ' '\n\n' | limited grep . | limited sort -un)
  [ "$its" = "$(limited id -G | limited tr ' ' '\n' | limited sort -un)" ]
}
# may UID GID GROUPS BOUND PATH, entering with $enter
may() {
  as=
  if [ "$own" = 0 ]; then
    lists=--clear-groups; [ -z "$3" ] || lists="--groups=$3"
    as="setpriv --reuid=$1 --regid=$2 $lists $4 --"
  elif [ "$own" != "$1" ] || ! same_groups "$2" "$3"; then echo other; return; fi
  limited ${enter:-env} test -e "$5"; found=$?
  case $found in 0) ;; 1) echo missing "$1"; return ;; *) return $found ;; esac
  limited ${enter:-env} test -d "$5"; found=$?
  case $found in 0) ways='-w -x' ;; 1) ways=-w ;; *) return $found ;; esac
  for way in $ways; do
    limited ${enter:-env} ${as:-env} test $way "$5"; found=$?
    case $found in 0) ;; 1) echo no "$1"; return ;; *) return $found ;; esac
  done
  echo yes "$1"
}
enter=
"""


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, WritableFacts | Absent | CannotTell]:
    """What is said of each."""
    told = read_parts(section)
    return {one: _read(told[f"at.{number}"], *one) for number, one in enumerate(subjects)}


def _read(section: Section, who: str, path: str) -> WritableFacts | Absent | CannotTell:
    match = SAID.fullmatch(section.text.strip())
    if section.rc != 0 or match is None or match["word"] == "odd":
        return cannot_tell(section, f"test -w {path} as {who}")
    word, rest = match["word"], match["rest"] or ""
    if word == "nobody":
        return Absent(f"id {who}: there is no such user")
    if word == "stopped":
        return Absent(f"{who} has no process")
    if word in WHY:
        cause, why = WHY[word]
        return CannotTell(f"test -w {path} as {who}: {why}", cause)
    # What stands before test and fails ends with 1 as well, but complains.
    if section.err or not rest.isdecimal() or word not in ("yes", "no", "missing"):
        return cannot_tell(section, f"test -w {path} as {who}")
    return WritableFacts.model_validate({"word": word, "user": int(rest)})


WRITABLE = Probe[Subject, WritableFacts](
    name="gate.writable", model=WritableFacts, script=script, read=read
)
