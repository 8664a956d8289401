"""The one script that asks a host everything, and the sections of its answer.

POSIX sh with systemctl, ss, stat, find, grep and ``/proc``. Every question is one section with its
own output, exit status and standard error; a tool that is missing spoils its own section only.
Lists go through in one command each, so that a thousand units cost one ``systemctl show``.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable, Mapping

from gate.facts.host import HostQuestions
from gate.observe.carrier import TIMED_OUT
from gate.target import Target

FEW = 100
"""Up to this many units the journal is asked for them by name."""
TOOL_S = 5
"""How long one tool of the host may take, in seconds."""
UNITS_PER_S = 50
"""It may take longer for many units: systemd tells of a few hundred in a second, when idle."""

PROPERTIES = (
    "Id,Names,LoadState,LoadError,ActiveState,SubState,Result,UnitFileState,MainPID,NRestarts,"
    "ActiveEnterTimestampMonotonic,ExecMainStartTimestampMonotonic,NeedDaemonReload,FragmentPath,"
    "DropInPaths,ControlGroup,ConsistsOf,WantedBy,RequiredBy,BoundBy,UpheldBy"
)
PULLS = "Id,Names,WantedBy,RequiredBy,BoundBy,UpheldBy"
"""What starts a unit together with another one; the units that are asked for tell it already."""
UNPULLED = 3
"""Exit status of the section ``units`` where not all of what pulls them in could be read."""
SECOND_READING = "Id,Names,ActiveState,MainPID,NRestarts,ExecMainStartTimestampMonotonic"

BEGIN = """\
LC_ALL=C; LANG=C; SYSTEMD_COLORS=0; SYSTEMD_PAGER=; export LC_ALL LANG SYSTEMD_COLORS SYSTEMD_PAGER
PATH={path}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
exec 3>&1
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 {tool_s}'
ask() {{
  section=$1; shift
  printf '\\n%s out %s\\n' {token} "$section"
  said=$("$@" 2>&1 >&3 3>&-); rc=$?
  printf '\\n%s rc %s %s\\n%s\\n' {token} "$section" $rc "$said"
}}
each_stat() {{ cat /proc/[0-9]*/stat; }}
each_cgroup() {{ grep -Hs -e '^0::' -e ':name=systemd:' /proc/[0-9]*/cgroup; }}
each_command() {{ grep -Hazs '' /proc/[0-9]*/cmdline; }}
each_link() {{
  find /proc/[0-9]* -maxdepth 1 \\( -name exe -o -name cwd -o -name '[0-9]*' \\) \\
    -printf '%p\\t%u\\t%l\\0'
}}
sockets() {{
  if command -v ss >/dev/null 2>&1; then
    ss -Hltnpe --cgroup 2>/dev/null || ss -Hltnpe
  else
    echo /proc/net; for file in /proc/net/tcp /proc/net/tcp6; do
      [ ! -e $file ] || {{ echo $file; grep ' 0A ' $file; }}
    done
    find /proc/[0-9]*/fd -lname 'socket:*' -printf '%p %l\\n' 2>/dev/null || :
  fi
}}
identity() {{
  uname -n; uname -sr; id -un; cat /proc/1/comm; getconf CLK_TCK || echo 100
  cat /proc/uptime; date -u +%s.%N
  sed -n 's/^PRETTY_NAME=//p' /etc/os-release
}}
above() {{
  printf '%s\n' "$shown" | sed -n 's/^[A-Za-z]*By=//p' | tr ' ' '\n' |
    grep -v -e '[.]target$' -e '^$' | sort -u
}}
units() {{
  shown=$($limit systemctl show -p {properties} -- "$@"); rc=$?
  printf '%s\n\n' "$shown"
  [ $rc = 0 ] || return $rc
  names="default.target $(above)"
  for level in 1 2 3 4; do
    shown=$($limit systemctl show -p {pulls} -- $names) || return {unpulled}
    printf '%s\n\n' "$shown"
    names=$(above)
    [ -n "$names" ] || return 0
  done
  return {unpulled}
}}
found() {{ command -v "$1"; }}
texts() {{
  ls -d "$1/." >/dev/null && ls "$1" >/dev/null || return
  set -- "$1"/*.py; [ ! -e "$1" ] || grep -HZa '' "$@"
}}
packages() {{
  ls -d "$1" >/dev/null || return
  for folder in "$1"/lib*/python3*/site-packages "$1"/lib*/python3/dist-packages; do
    [ ! -e "$folder" ] || {{ ls -d "$folder/." >/dev/null && ls "$folder"; }} || return
  done
}}
"""


@dataclasses.dataclass(frozen=True)
class Section:
    """The answer to one question."""

    out: bytes
    rc: int
    err: str

    @property
    def text(self) -> str:
        """Its output; bytes that are no UTF-8 are kept escaped."""
        return self.out.decode("utf-8", "backslashreplace")

    @property
    def late(self) -> bool:
        """Whether it was ended for taking too long."""
        return self.rc in TIMED_OUT

    @property
    def why(self) -> str:
        """What it said when it failed, in one line."""
        return " ".join(self.err.split())[:300] or f"exit status {self.rc} without a word"


def compose(target: Target, questions: HostQuestions, token: str) -> str:
    """Write the script for a list of questions."""
    units = " ".join(map(shlex.quote, questions.units))
    places = [target.placed(one) for one in (*questions.paths, *questions.folders)]
    paths = " ".join(map(shlex.quote, places))
    path = ":".join([*map(shlex.quote, target.path), '"$PATH"'])
    tool_s = TOOL_S + len(questions.units) // UNITS_PER_S
    lines = [
        BEGIN.format(
            path=path,
            token=token,
            tool_s=tool_s,
            properties=PROPERTIES,
            pulls=PULLS,
            unpulled=UNPULLED,
        ),
        "ask identity identity",
    ]
    if units:
        lines += [
            f"ask units units {units}",
            "ask at cat /proc/uptime",
            f"sleep {questions.window_s:.3f} >/dev/null 2>&1 3>&- &",
            "ask boot $limit systemctl list-dependencies --plain --full default.target",
            "ask all $limit systemctl list-units --all --plain --no-legend --full",
            "ask runtime find /run/systemd/system -type l -path '*.wants/*' -printf '%f\\n'",
            f"ask journal $limit journalctl -b -p err -r -n 1000 -o json {_only(questions.units)}",
        ]
    lines.append("ask listeners sockets")
    if places:
        lines += [
            f"ask stat stat -L --printf '%n\\0%F\\0%U\\0%G\\0%a\\0' -- {paths}",
            f"ask room stat -f --printf '%n\\0%a\\0%S\\0' -- {paths}",
            f"ask resolved realpath -zm -- {paths}",
        ]
    lines += [
        f"ask output.{number} $limit {shlex.join(command)}"
        for number, command in enumerate(questions.outputs.values())
    ]
    lines += [
        f"ask packages.{number} packages {shlex.quote(folder)}"
        for number, (folder, _) in enumerate(questions.packages.values())
    ]
    lines += [
        f"ask tool.{number} found {shlex.quote(tool)}"
        for number, tool in enumerate(questions.tools)
    ]
    lines += [
        f"ask files.{number} texts {shlex.quote(target.placed(folder))}"
        for number, folder in enumerate(questions.folders)
    ]
    if units:
        lines += [
            "wait",
            f"ask again $limit systemctl show -p {SECOND_READING} -- {units}",
            "ask later cat /proc/uptime",
        ]
    lines += ["ask stats each_stat", "ask cgroups each_cgroup", "ask links each_link"]
    lines += ["ask commands each_command", f"printf '\\n%s done\\n' {token}"]
    return "\n".join(lines)


def _only(units: Iterable[str]) -> str:
    """Narrow the journal to the units, as far as that is quicker than reading all of it."""
    names = list(units)
    return " ".join(f"-u {shlex.quote(one)}" for one in names) if len(names) <= FEW else ""


def sections(output: bytes, token: str) -> Mapping[str, Section]:
    """Take the answer apart.

    Raises:
        ValueError: It is not whole.
    """
    word = re.escape(token.encode())
    if not re.search(rb"\n%s done\n?$" % word, output):
        raise ValueError("the answer is not whole")
    pattern = rb"\n%s out (\S+)\n(.*?)\n%s rc \1 (\d+)\n(.*?)\n(?=\n%s )" % (word, word, word)
    return {
        name.decode(): Section(out, int(rc), err.decode("utf-8", "backslashreplace").strip())
        for name, out, rc, err in re.findall(pattern, output, re.DOTALL)
    }
