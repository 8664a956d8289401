"""Which units a host has, and what each of them says of itself: no values of variables, no words.

Of a command line its program alone leaves the host, of a unit's variables nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

UNITS = "units"
"""The one subject of the probe."""
MOST = 2000
"""So many units are told of."""
LARGEST = 3 << 20
"""So many bytes systemctl may say at once."""
TYPES = ("service", "socket", "path", "timer")
PLACES = (
    *("WorkingDirectory", "EnvironmentFiles", "RuntimeDirectory", "StateDirectory"),
    *("CacheDirectory", "LogsDirectory", "ConfigurationDirectory", "ReadWritePaths"),
)
"""Properties of a unit that name paths."""
SHOWN = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,Transient,MainPID,"
    "ExecMainStartTimestampMonotonic,User,DynamicUser,RootDirectory,ExecStart,TriggeredBy,"
    "WantedBy,RequiredBy,Listen," + ",".join(PLACES)
)
PORT = re.compile(r".*:(\d+) \(Stream\)")
STARTS = re.compile(r"\{ path=(.*?) ;")
FILE = re.compile(r"(/.*?) \(ignore_errors=(?:yes|no)\)")
OWNED = re.compile(r"([^\s,:]+)(?::\w+)?(?:, \S+)*: (/.+)")
"""A line of ``dpkg-query -S``."""


class Census(Model):
    """A unit as systemd has it.

    Attributes:
        state: ``ActiveState (SubState)``.
        file_state: Its unit file's state, such as ``enabled``.
        passing: Whether it is transient: made by a program, and gone with it.
        ran: Whether it was ever started since the host came up, by systemd's word.
        user: Who it is started as; empty for root, and where systemd makes one up.
        places: Paths that it uses, by the property that names them.
        starts: The program that it starts, as its unit file names it.
        pid: Its main process; 0 where it has none.
        executable: The program that its main process runs, links followed.
        package: Who owns that program, as ``manager name``; empty where nobody does.
        on_demand: Whether nothing but a socket, a timer or a path starts it.
        ports: The TCP ports that a socket opens.
    """

    unit: str
    state: str
    file_state: str
    passing: bool
    ran: bool
    user: str
    places: dict[str, tuple[str, ...]]
    starts: str
    pid: int
    executable: str
    package: str
    on_demand: bool = False
    ports: tuple[int, ...] = ()


class Units(Model):
    """The units of a host that are loaded: services, sockets, paths and timers; by name.

    Attributes:
        cut: Whether there are more than are told of.
        unowned: Why nobody can tell whose the programs are; empty where somebody can.
    """

    units: tuple[Census, ...]
    cut: bool = False
    unowned: str = ""


def script(subjects: Sequence[str]) -> str:
    """List the units, show them, and ask whose their programs are."""
    del subjects
    return parts(
        {"units": "shown", "exes": "exes", "dpkg": "dpkg", "rpm": "rpm_", "apk": "apk_"},
        seconds=4.0,
        functions=FUNCTIONS,
    )


FUNCTIONS = rf"""
TZ=UTC0; export TZ
# bounded COMMAND...: what it says, in $kept, and its exit status in $ended; what says more fails.
bounded() {{
  kept=$({{ limited "$@" 2>&1; printf '\nended=%s\n' $?; }} | limited head -c {LARGEST})
  ended=$(printf '%s\n' "$kept" | limited tail -n 1)
  case $ended in
    ended=[0-9]*) ended=${{ended#ended=}} kept=$(printf '%s\n' "$kept" | limited sed '$d') ;;
    *) kept='it says too much, or not in time' ended=1 ;;
  esac
}}
bounded systemctl list-units --all --full --plain --no-legend --no-pager \
  --type={",".join(TYPES)}
listed=$kept listing=$ended
names=$(printf '%s\n' "$listed" | limited awk '{{
  for (n = 1; n <= 2; n++)
    if ($n ~ /[.]({"|".join(TYPES)})$/) {{ if ($(n + 1) != "not-found") print $n; break }}
}}' | limited sed {MOST + 1}q)
set -f; told= said=$listing
if [ $listing = 0 ] && [ -n "$names" ]; then
  bounded systemctl show -p {SHOWN} -- $names; told=$kept said=$ended
elif [ $listing != 0 ]; then told=$listed
fi
pids=$(printf '%s\n' "$told" | limited sed -n 's/^MainPID=\([1-9][0-9]*\)$/\1/p')
shown() {{
  [ $said = 0 ] ||
    {{ printf '%s\n' "$told" | limited sed '/^[A-Za-z]*=/d' >&2; return $said; }}
  printf '%s\n' "$told" |
    limited sed -e 's/^ExecStart=\({{ path=.* ;\) argv\[\]=.*/ExecStart=\1/' \
      -e '/^ExecStart={{ path=.* ;$/b' -e '/^ExecStart=./d'
}}
exes() {{
  set --; for pid in $pids; do set -- "$@" "/proc/$pid/exe"; done
  [ $# = 0 ] || limited find "$@" -maxdepth 0 -printf '%p\0%l\0\n'
}}
programs=$(exes 2>/dev/null | limited tr '\0' '\n' | limited sed -n '/^\/proc\//!{{/^\//p;}}' |
  limited sort -u)
dpkg() {{
  command -v dpkg-query >/dev/null 2>&1 || return 127
  set --; for one in $programs; do set -- "$@" "$one" "${{one#/usr}}"; done
  [ $# = 0 ] || limited dpkg-query -S -- "$@" 2>/dev/null || [ $? = 1 ]
}}
rpm_() {{
  command -v rpm >/dev/null 2>&1 || return 127
  for one in $programs; do
    printf '%s: %s\n' "$(limited rpm -qf --qf '%{{NAME}}' -- "$one" 2>/dev/null)" "$one"
  done
}}
apk_() {{
  command -v apk >/dev/null 2>&1 || return 127
  for one in $programs; do
    printf '%s: %s\n' "$(limited apk info -q --who-owns "$one" 2>/dev/null |
      limited sed 's/-[0-9][^-]*-r[0-9]*$//')" "$one"
  done
}}
"""


def read(section: Section, subjects: Sequence[str]) -> Mapping[str, Units | Absent | CannotTell]:
    """Every unit that is told of whole."""
    told = read_parts(section)
    shown = told["units"]
    if shown.rc != 0:
        return dict.fromkeys(subjects, cannot_tell(shown, "systemctl list-units"))
    programs = dict(
        one.split("\0")[:2] for one in told["exes"].text.split("\0\n") if one.count("\0") == 1
    )
    owners, unowned = _owners(told)
    found = [
        _unit(block, programs, owners) for block in map(_block, shown.text.strip().split("\n\n"))
    ]
    units = sorted((one for one in found if one is not None), key=lambda one: one.unit)
    if not units:
        reason = "systemctl list-units: it names no unit"
        return dict.fromkeys(subjects, CannotTell(reason, Cause.UPSTREAM))
    whole = Units(units=tuple(units[:MOST]), cut=len(units) > MOST, unowned=unowned)
    return dict.fromkeys(subjects, whole)


def _owners(told: Mapping[str, Section]) -> tuple[dict[str, str], str]:
    """Packages by program, and why there may be none."""
    found: dict[str, str] = {}
    managers = [one for one in ("dpkg", "rpm", "apk") if told[one].rc == 0]
    for manager in managers:
        for line in told[manager].text.splitlines():
            match = OWNED.fullmatch(line)
            if match and "not owned" not in match[1]:
                found[match[2]] = f"{manager} {match[1]}"
    return found, "" if managers else "no dpkg, rpm or apk tells whose the programs are"


def _block(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found.setdefault(key, []).append(value)
    return found


def _unit(
    block: Mapping[str, list[str]], programs: Mapping[str, str], owners: Mapping[str, str]
) -> Census | None:
    def of(key: str) -> str:
        return block.get(key, [""])[0]

    if not of("Id") or not of("ActiveState") or of("LoadState") != "loaded":
        return None
    pid = int(of("MainPID")) if of("MainPID").isdigit() else 0
    executable = programs.get(f"/proc/{pid}/exe", "")
    starts = STARTS.match(of("ExecStart"))
    made_up = of("DynamicUser") == "yes" or of("User") in ("root", "0")
    is_rooted = of("RootDirectory") not in ("", "/")
    return Census(
        unit=of("Id"),
        state=f"{of('ActiveState')} ({of('SubState')})",
        file_state=of("UnitFileState"),
        passing=of("Transient") == "yes",
        ran=of("ExecMainStartTimestampMonotonic") not in ("", "0"),
        user="" if made_up else of("User"),
        places={} if is_rooted else {one: _places(one, block.get(one, [])) for one in PLACES},
        starts=starts[1] if starts else "",
        pid=pid,
        executable=executable,
        package=owners.get(executable) or owners.get(executable.removeprefix("/usr"), ""),
        on_demand=bool(of("TriggeredBy"))
        and not (of("WantedBy") or of("RequiredBy") or of("UnitFileState").startswith("enabled")),
        ports=tuple(int(one[1]) for one in map(PORT.fullmatch, block.get("Listen", [])) if one),
    )


BELOW = {
    "RuntimeDirectory": "/run/",
    "StateDirectory": "/var/lib/",
    "CacheDirectory": "/var/cache/",
    "LogsDirectory": "/var/log/",
    "ConfigurationDirectory": "/etc/",
}
"""What a relative name of a property stands below, of the system's own units."""


def _places(key: str, values: Iterable[str]) -> tuple[str, ...]:
    """Absolute paths of a property; what begins with ``-``, ``+`` or ``!`` may be missing."""
    found: list[str] = []
    for value in values:
        if key == "EnvironmentFiles":
            match = FILE.fullmatch(value)
            found += [match[1]] if match else []
        elif key == "WorkingDirectory":
            found.append(value.lstrip("!-"))
        else:
            found += [BELOW.get(key, "") + one.lstrip("-+!") for one in _words(value)]
    clean = (one.rstrip("/") for one in found)
    return tuple(dict.fromkeys(one for one in clean if one.startswith("/") and "*" not in one))


def _words(value: str) -> list[str]:
    try:
        return [one.partition(":")[0] for one in shlex.split(value)]
    except ValueError:
        return []


CENSUS = Probe[str, Units](
    name="gate.census",
    model=Units,
    script=script,
    read=read,
    format=4,
    deadline_s=8.0,
    most_kib=4096,
)
