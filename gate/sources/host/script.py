"""The one script that asks a host everything, and the sections of its answer.

Every question is one section with its own output, exit status and standard error, and is one of the
functions of ``questions.sh`` or a tool of the host. Lists go through in one command each, so that a
thousand units cost one ``systemctl show``.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shlex
from collections.abc import Iterable, Mapping

from gate.connection.frame import TIMED_OUT
from gate.secrets import known
from gate.sources.host.facts import HostQuestions
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
SECOND_READING = "Id,Names,ActiveState,SubState,MainPID,NRestarts,ExecMainStartTimestampMonotonic"

FUNCTIONS = (pathlib.Path(__file__).parent / "questions.sh").read_text("utf-8")


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
        return known.first(self.err, 300) or f"exit status {self.rc} without a word"


def compose(target: Target, questions: HostQuestions, token: str) -> str:
    """Write the script for a list of questions."""
    places = [target.placed(one) for one in (*questions.paths, *questions.folders)]
    units = shlex.join(questions.units)
    head = [_settings(target, questions, token), FUNCTIONS, "exec 3>&1"]
    body = ["ask identity identity"]
    if units:
        body += [
            f"show {units}",
            "ask early each_stat",
            "ask at cat /proc/uptime",
            f"sleep {questions.window_s:.3f} >/dev/null 2>&1 3>&- 4>&- &",
            "ask units units",
            "ask boot $limit systemctl list-dependencies --plain --full default.target",
            "ask runtime find /run/systemd/system -type l -path '*.wants/*' -printf '%f\\n'",
            f"ask journal $limit journalctl -b -p err -r -n 1000 -o json {_only(questions.units)}",
        ]
    body += ["ask listeners sockets", *_places(places), *_others(target, questions)]
    if units:
        body += [
            "wait",
            f"ask again again {units}",
            "ask later cat /proc/uptime",
            "ask all $limit systemctl list-units --all --plain --no-legend --full",
        ]
    body += ["ask stats each_stat", "ask cgroups each_cgroup", "ask links each_link"]
    body += ["ask commands each_command"]
    if units:
        # Beside everything else: it is the host's other processor that works on it.
        aside = f"{{ exec 3>&1; ask verify verify {units}; }}"
        body = [f"{aside} | {{", "exec 4<&0 </dev/null", *body, "cat <&4", "}"]
    return "\n".join([*head, *body, f"printf '\\n%s done\\n' {token}"])


def _settings(target: Target, questions: HostQuestions, token: str) -> str:
    path = ":".join([*map(shlex.quote, target.path), '"$PATH"'])
    standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    tool_s = TOOL_S + len(questions.units) // UNITS_PER_S
    return (
        f"PATH={path}:{standard}; export PATH\n"
        f"token={token} tool_s={tool_s} unpulled={UNPULLED}\n"
        f"properties={PROPERTIES}\npulls={PULLS}\nsecond={SECOND_READING}\n"
    )


def _places(places: list[str]) -> list[str]:
    """Ask what is at some paths."""
    if not places:
        return []
    paths = shlex.join(places)
    return [
        f"ask stat stat -L --printf '%n\\0%F\\0%U\\0%G\\0%a\\0' -- {paths}",
        f"ask room stat -f --printf '%n\\0%a\\0%S\\0' -- {paths}",
        f"ask resolved realpath -zm -- {paths}",
    ]


def _others(target: Target, questions: HostQuestions) -> list[str]:
    """Ask for everything that has one section each."""
    lines = [
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
    return lines


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
