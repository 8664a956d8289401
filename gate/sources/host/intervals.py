"""How long it may take from one run of a timer to the next, by what its file says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

ALL = "timers"
"""The one subject of the probe."""
MOST = 100
"""So many timers, and so many calendars, are told of."""
RUNS = 1000
"""So many runs ahead the longest wait is looked for: it may be a weekend's."""
FEWEST = 10
"""A calendar that ends before so many runs has no interval."""
SHOWN = "Id,TimersCalendar,TimersMonotonic,RandomizedDelayUSec,AccuracyUSec,Persistent"
CALENDAR = re.compile(r"\{ OnCalendar=(.+) ; next_elapse=.* \}")
EVERY = re.compile(r"\{ OnUnitActiveUSec=(.+) ; next_elapse=.* \}")
UNITS_S = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "month": 2629800.0,
    "y": 31557600.0,
}
"""What systemd's words for spans are, in seconds."""
SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:us|ms|s|min|h|d|w|month|y)(?: |$))+")


class Interval(Model):
    """What a timer's file says of its times.

    Attributes:
        longest_s: The longest time from one run to the next, in seconds; ``None`` where its file
            says none: it runs once, or so long after it ended.
        late_s: How much later than that systemd may start it.
        persistent: Whether its last run is known after the host came up anew.
    """

    longest_s: float | None
    late_s: float
    persistent: bool


class Intervals(Model):
    """The timers of a host by name, and why nothing is told of calendars, where it is not."""

    timers: dict[str, Interval]
    why: str = ""


def script(subjects: Sequence[str]) -> str:
    """Show the timers, and count their calendars out."""
    del subjects
    return parts({"timers": "shown", "calendars": "calendars"}, functions=FUNCTIONS)


FUNCTIONS = rf"""
TZ=UTC0; export TZ
names=$(limited systemctl list-units --full --plain --no-legend --no-pager --type=timer |
  limited awk '$1 ~ /[.]timer$/ {{ print $1 }}' | limited sed {MOST}q)
told= ended=0
[ -z "$names" ] || {{ set -f; told=$(limited systemctl show -p {SHOWN} -- $names 2>&1); ended=$?; }}
shown() {{ printf '%s\n' "$told"; return $ended; }}
calendars() {{
  command -v systemd-analyze >/dev/null 2>&1 || {{ echo 'not found' >&2; return 127; }}
  every=$(printf '%s\n' "$told" |
    limited sed -n 's/^TimersCalendar={{ OnCalendar=\(.*\) ; next_elapse=.*/\1/p' |
    limited sort -u | limited sed {MOST}q)
  set -f; IFS='
'
  set -- $every; unset IFS
  [ $# = 0 ] || {{
    limited systemd-analyze calendar --iterations={RUNS} -- "$@" || echo amiss
  }} | limited awk '
    /^amiss$/ {{ amiss = 1 }}
    function days(y, m, d) {{
      if (m < 3) {{ y--; m += 12 }}
      return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5) + d
    }}
    function tell() {{ if (name != "") print runs "\t" longest "\t" name }}
    sub(/^ *Normalized form: /, "") {{ tell(); name = $0; runs = longest = 0; next }}
    /^ *(Next elapse|Iter[^:]*#[0-9]+): / && match($0, /[0-9][0-9][0-9][0-9]-[0-9-]+ [0-9:]+/) {{
      split(substr($0, RSTART, RLENGTH), at, /[-: ]/)
      now = days(at[1], at[2], at[3]) * 86400 + at[4] * 3600 + at[5] * 60 + at[6]
      if (runs++ && now - last > longest) longest = now - last
      last = now
    }}
    END {{ tell(); exit amiss }}'
}}
"""


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, Intervals | Absent | CannotTell]:
    """Every timer that is told of whole."""
    told = read_parts(section)
    shown, calendars = told["timers"], told["calendars"]
    if shown.rc != 0:
        return dict.fromkeys(subjects, cannot_tell(shown, "systemctl show"))
    gaps: dict[str, float] = {}
    for line in calendars.text.splitlines():
        runs, _, rest = line.partition("\t")
        longest, _, name = rest.partition("\t")
        if runs.isdigit() and int(runs) >= FEWEST and longest.isdigit():
            gaps[name] = float(longest)
    found: dict[str, Interval] = {}
    for block in shown.text.split("\n\n"):
        lines = [line.partition("=")[::2] for line in block.splitlines()]
        said = dict(lines)
        if said.get("Id", "").endswith(".timer"):
            found[said["Id"]] = Interval(
                longest_s=_longest(lines, gaps),
                late_s=(span(said.get("RandomizedDelayUSec", "")) or 0.0)
                + (span(said.get("AccuracyUSec", "")) or 0.0),
                persistent=said.get("Persistent") == "yes",
            )
    why = "" if calendars.rc == 0 else cannot_tell(calendars, "systemd-analyze calendar").reason
    return dict.fromkeys(subjects, Intervals(timers=found, why=why))


def _longest(lines: Sequence[tuple[str, str]], gaps: Mapping[str, float]) -> float | None:
    """The shortest of what each line of a timer promises: it runs by whichever comes first."""
    found: list[float] = []
    for key, value in lines:
        if key == "TimersCalendar" and (match := CALENDAR.fullmatch(value)):
            found += [gaps[match[1]]] if match[1] in gaps else []
        elif key == "TimersMonotonic" and (match := EVERY.fullmatch(value)):
            every = span(match[1])
            found += [every] if every else []
    return min(found, default=None)


def span(text: str) -> float | None:
    """A span in systemd's words, such as ``1d 2h``, in seconds; ``0`` is one."""
    if text == "0":
        return 0.0
    if not SPAN.fullmatch(text):
        return None
    words = re.findall(r"(\d+(?:\.\d+)?)([a-z]+)", text)
    return sum(float(number) * UNITS_S[unit] for number, unit in words)


INTERVALS = Probe[str, Intervals](
    name="gate.intervals", model=Intervals, script=script, read=read, deadline_s=8.0
)
