"""The one script that asks a host everything, and the sections of its answer.

Every question is one section with its own output, exit status and standard error, and is one of the
functions of ``questions.sh`` or a tool of the host. Lists go through in one command each, so that a
thousand units cost one ``systemctl show``.
"""

from __future__ import annotations

import itertools
import pathlib
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from gate.sources.host.alone import ALONE, OWN
from gate.sources.host.facts import HostQuestions
from gate.sources.host.handed import handed, wanted
from gate.sources.host.probe import Asked, written
from gate.sources.host.section import Section
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
    "DropInPaths,ControlGroup,Type,ExecMainCode,ExecMainStatus,WatchdogUSec,"
    "WatchdogTimestampMonotonic,ConsistsOf,TriggeredBy,WantedBy,RequiredBy,BoundBy,UpheldBy"
)
PULLS = "Id,Names,WantedBy,RequiredBy,BoundBy,UpheldBy"
"""What starts a unit together with another one; the units that are asked for tell it already."""
UNPULLED = 3
"""Exit status of the section ``units`` where not all of what pulls them in could be read."""
UNANSWERED = -1
"""Exit status of a section that is not in the answer, or not whole."""
PROBES_SHARE = 2
"""The probes, which run side by side, may take this part of the time that the host has."""
SHARE = 4
"""One section may be as large as this part of the whole answer."""
COMPLAINTS = 1 << 19
"""How many bytes of complaints a section may have."""
END = re.compile(rb"rc (\S+) (\d{1,3})\n(.*)", re.DOTALL)
RC = re.compile(r"\n?rc=\d+\Z")
"""What `ask` of ``questions.sh`` puts behind the complaints."""
SECOND_READING = "Id,Names,ActiveState,SubState,MainPID,NRestarts,ExecMainStartTimestampMonotonic"

FUNCTIONS = (pathlib.Path(__file__).parent / "questions.sh").read_text("utf-8")


def compose(target: Target, questions: HostQuestions, token: str) -> str:
    """Write the script for a list of questions."""
    places = [target.placed(one) for one in (*questions.paths, *questions.folders)]
    units = shlex.join(questions.units)
    head = [_settings(target, questions, token), FUNCTIONS, "exec 3>&1"]
    body = []
    if units:
        body += [f"show {units}", "ask_proc early each_stat", "ask_proc at cat /proc/uptime"]
    light, others = _written(questions)
    quick = [*_places(places, token), *_others(target, questions)]
    quick += [
        f"ask probe.{one.probe.name} light {shlex.quote(text)} </dev/null" for one, text in light
    ]
    at_the_end = [one for one in others if one[0].probe.at_the_end]
    slow = _probes(target, questions, token, [one for one in others if one not in at_the_end])
    last = _beside(_probes(target, questions, token, at_the_end), _behind(questions))
    body += _beside(slow, _beside(quick, _in_front(questions, last)))
    if units:
        # Beside everything else: it is the host's other processor that works on it.
        aside = f"{{ exec 3>&1; ask verify verify {units}; }}"
        body = [f"{aside} | {{", "exec 4<&0 </dev/null", *body, "exec cat <&4", "}"]
    return "\n".join([*head, *body, f"printf '\\n%s done\\n' {token}"])


def _in_front(questions: HostQuestions, last: list[str]) -> list[str]:
    """What is asked while the settling window is open, the wait for its end, and what is behind.

    It is asked beside the wait, so that whatever takes longer keeps no second reading waiting.
    """
    identity = "ask identity identity"
    sleep, ends = f"sleep {questions.window_s:.3f} >/dev/null 2>&1 3>&- 4>&- &", "wait"
    sockets = ["ask kernel listening", "ask listeners sockets", "ask kernel.2 listening"]
    if not questions.units:
        at_the_end = any(one.probe.at_the_end for one in questions.probes.values())
        return [identity, *([sleep, *sockets, ends] if at_the_end else sockets), *last]
    beside = [
        "ask units units",
        "ask boot limited systemctl list-dependencies --plain --full default.target",
        "ask runtime until_reboot",
        f"ask journal limited journalctl -b -r -n 1000 -o json {_only(questions.units)}",
        "ask lines last_lines",
        "ask logged limited journalctl -b -n 1 -o json",
        *sockets,
    ]
    return _beside(beside, [sleep, identity, ends, *last])


def _behind(questions: HostQuestions) -> list[str]:
    """What is asked when the settling window has passed."""
    again = [
        f"ask again again {shlex.join(questions.units)}",
        "ask_proc later cat /proc/uptime",
        "ask all limited systemctl list-units --all --plain --no-legend --full",
    ]
    return [
        *(again if questions.units else ()),
        *("ask_proc stats each_stat", "ask cgroups each_cgroup"),
        *("ask links each_link", "ask commands each_command"),
    ]


def _beside(aside: list[str], lines: list[str]) -> list[str]:
    """Some lines beside the others: neither waits for the other's end.

    What they tell is kept in memory until the others have told theirs, as much as the whole answer
    may be: a pipe holds little, and a tool that cannot go on would be ended for taking too long.
    """
    if not aside:
        return lines
    between = ["} | $first 3>&- 4>&- | $keep 3>&- 4>&- | {", "exec 4<&0 </dev/null"]
    return ["{ exec 3>&1", *aside, *between, *lines, "exec $first <&4", "}"]


Written = tuple[Asked, str]


def _written(questions: HostQuestions) -> tuple[list[Written], list[Written]]:
    """Probes with their shell, the slowest first: the light ones, and the others."""
    slowest_first = sorted(questions.probes.values(), key=lambda one: -one.probe.deadline_s)
    texts = [(one, written(one)) for one in slowest_first]
    told = [(asked, text) for asked, text in texts if isinstance(text, str)]
    light = [one for one in told if one[0].probe.light]
    return light, [one for one in told if one not in light]


def _probes(
    target: Target, questions: HostQuestions, token: str, told: Sequence[Written]
) -> list[str]:
    """Ask what kinds ask by probes of their own: each a shell of its own, with its own bounds.

    They run side by side, and what is behind in the list is told first: the quick ones are there,
    so that none of them waits for a slow one with its answer in hand.
    """
    share_s = target.deadlines.host_s / PROBES_SHARE
    bound, lines = largest(target, questions), list[str]()
    for number, (asked, text) in enumerate(told, 1):
        probe = asked.probe
        seconds = max(1, round(min(probe.deadline_s, share_s)))
        end = f"{token} of {probe.name}"
        words = f"probe {shlex.quote(probe.name)} {seconds} {bound(f'probe.{probe.name}')}"
        first = handed(asked, questions)
        shell = [*first, f"{words} <<'{end}'", "(", text, ") </dev/null", *ALONE, end]
        last = number == len(told)
        beside = ["} | {", "exec 4<&0 </dev/null"]
        lines += ["(", *shell, ")"] if last else ["{ exec 3>&1", *shell, *beside]
    return lines + ["exec cat <&4", "}"] * (len(told) - 1)


def largest(target: Target, questions: HostQuestions) -> Callable[[str], int]:
    """How many bytes each section may have, by its name."""
    probes = {f"probe.{name}": one.probe.most_kib << 10 for name, one in questions.probes.items()}
    return lambda name: min(most(target), probes.get(name, most(target)))


def most(target: Target) -> int:
    """How many bytes one section may have."""
    return (target.deadlines.answer_mib << 20) // SHARE


def _settings(target: Target, questions: HostQuestions, token: str) -> str:
    path = ":".join([*map(shlex.quote, target.path), '"$PATH"'])
    standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    tool_s = TOOL_S + len(questions.units) // UNITS_PER_S
    properties = ",".join(dict.fromkeys([*PROPERTIES.split(","), *wanted(questions)]))
    deployed = "" if questions.deployed is None else f"{questions.deployed:.0f}"
    return (
        f"PATH={path}:{standard}; export PATH\n"
        f"token={token} tool_s={tool_s} most={most(target)} least={COMPLAINTS}"
        f" all={target.deadlines.answer_mib << 20}\n"
        f"gate_deployed={deployed}; export gate_deployed\n"
        f"alone={shlex.quote(chr(10).join(OWN))}\n"
        f"unpulled={UNPULLED} properties={properties}\npulls={PULLS}\nsecond={SECOND_READING}\n"
    )


def _places(places: list[str], token: str) -> list[str]:
    """Ask what is at some paths, and at the root, which is always there.

    ``realpath`` names none of them: each is told by a path of our own in front of it.
    """
    if not places:
        return []
    paths = shlex.join(["/", *places])
    marked = shlex.join(word for n, one in enumerate(places) for word in (mark(token, n), one))
    return [
        f"ask stat limited stat -L --printf '%n\\0%F\\0%U\\0%G\\0%a\\0\\n' -- {paths}",
        f"ask room limited stat -f --printf '%n\\0%a\\0%S\\0\\n' -- {paths}",
        f"ask resolved limited realpath -zm -- {marked}",
    ]


def mark(token: str, number: int) -> str:
    """A path that is not there, and stands for the path behind it in a list."""
    return f"/{token}/{number}"


def _others(target: Target, questions: HostQuestions) -> list[str]:
    """Ask for everything that has one section each."""
    lines = [
        f"output output.{number} {shlex.join(command)}"
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
    lines += [
        f"ask committed.{number} committed {shlex.quote(target.placed(folder))} {shlex.quote(git)}"
        for number, (folder, git) in enumerate(questions.committed.values())
    ]
    return lines


def _only(units: Iterable[str]) -> str:
    """Narrow the journal to what systemd says of the units, as far as that is quicker."""
    names = list(units)
    return shlex.join(f"UNIT={one}" for one in names) if len(names) <= FEW else "_PID=1"


class Answers(dict[str, Section]):
    """Sections of an answer by name; one that is not in it is a section that tells why."""

    def __init__(self, found: Mapping[str, Section], why: str = "") -> None:
        """Keep them.

        Args:
            found: Sections by name.
            why: Why some may be missing.
        """
        super().__init__(found)
        self._why = why

    def __missing__(self, name: str) -> Section:
        """Return a section that says that there is none."""
        return Section(b"", UNANSWERED, self._why or f"the host's answer has no section {name}")


def sections(
    output: bytes, token: str, largest: int | Callable[[str], int], cut: str = ""
) -> Answers:
    """Take the answer apart; what is in it twice, or begins and does not end, is not in it.

    Args:
        output: What the script printed.
        token: What its own lines begin with.
        largest: How large a section may be, in bytes, all of them or by name; as large, it is not
            whole.
        cut: Why the answer is not whole; empty where it must be.

    Raises:
        ValueError: It is not whole.
    """
    parts = output.split(f"\n{token} ".encode())
    if not cut and parts[-1].strip() != b"done":
        raise ValueError("the answer is not whole")
    found: dict[str, Section] = {}
    for part, behind in itertools.pairwise(parts[: -1 if cut else None]):
        word, _, rest = part.partition(b" ")
        name, _, out = rest.partition(b"\n")
        match = END.fullmatch(behind)
        if word != b"out" or match is None or match[1] != name:
            continue
        key = name.decode("utf-8", "backslashreplace")
        err = RC.sub("", match[3].decode("utf-8", "backslashreplace").strip()).strip()
        if key in found:
            found[key] = Section(b"", UNANSWERED, f"the host's answer has two sections {key}")
        elif max(len(out), len(match[3])) >= (bound := _bound(largest, key)):
            reason = f"its answer is larger than {bound >> 10} KiB"
            found[key] = Section(b"", UNANSWERED, reason)
        else:
            found[key] = Section(out, int(match[2]), err)
    return Answers(found, cut)


def _bound(largest: int | Callable[[str], int], name: str) -> int:
    return largest if isinstance(largest, int) else largest(name)
