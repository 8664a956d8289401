"""One command per subject within a probe: side by side, each for its own time, never mixed up.

A probe whose subjects need a command each writes its script with `each`, and takes its section
apart with `blocks`: every line of the answer begins with the number of its subject, so that nothing
that a command prints can pass for another one's answer.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from gate.connection.frame import TIMED_OUT
from gate.sources.host.section import Section

S = TypeVar("S", bound=Hashable)

AT_ONCE = 16
"""So many commands run at the same time."""
MOST = 1 << 16
"""How many bytes one of them may print; what prints more says nothing."""
STATUS = re.compile(r"\d{1,3}")

# What is behind in the list runs beside what is in front of it, and is printed after it.
SCRIPT = """\
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 {seconds:g}'
cut=cat; command -v head >/dev/null 2>&1 && cut='head -c {most}'
one() {{
  {{ $limit sh -c "$2" 2>&1; printf '\\n%s\\n' $?; }} </dev/null | $cut | sed "s/^/$1 /"
  echo
}}
beside() {{
  [ $# -gt 0 ] || return 0
  number=$1 command=$2; shift 2
  one "$number" "$command" | ( exec 4<&0 </dev/null; beside "$@" 4<&-; cat <&4 )
}}
"""


@dataclasses.dataclass(frozen=True)
class Block:
    """What the command of one subject said.

    Attributes:
        text: Standard output and standard error together.
        rc: Its exit status.
    """

    text: str
    rc: int

    @property
    def late(self) -> bool:
        """Whether it was ended for taking too long."""
        return self.rc in TIMED_OUT


def each(commands: Iterable[str], seconds: float, *, most: int = MOST) -> str:
    """Write the shell that runs some commands side by side.

    Args:
        commands: POSIX shell, one for each subject, in the order of the subjects.
        seconds: How long each of them may take.
        most: How many bytes each of them may print.
    """
    words = [word for number, one in enumerate(commands) for word in (str(number), one)]
    rounds = (words[at : at + 2 * AT_ONCE] for at in range(0, len(words), 2 * AT_ONCE))
    lines = [f"beside {shlex.join(one)}" for one in rounds]
    return SCRIPT.format(seconds=seconds, most=most) + "\n".join(lines)


def blocks(section: Section, subjects: Sequence[S], *, most: int = MOST) -> Mapping[S, Block]:
    """Take a section apart; a subject whose command has no whole answer is left out."""
    lines: dict[str, list[str]] = {}
    for line in section.text.split("\n"):
        number, blank, text = line.partition(" ")
        if blank:
            lines.setdefault(number, []).append(text)
    found: dict[S, Block] = {}
    for at, subject in enumerate(subjects):
        *said, status = lines.get(str(at), [""])
        size = sum(len(one.encode()) + 1 for one in (*said, status))
        if STATUS.fullmatch(status) and size < most:
            found[subject] = Block("\n".join(said).removesuffix("\n"), int(status))
    return found
