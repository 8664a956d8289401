"""One command per subject within a probe: side by side, each for its own time, never mixed up.

A probe whose subjects need a command each writes its script with `each`, and takes its section
apart with `blocks`: around the answer of each subject stand lines with a mark of the look's own, so
that nothing that a command prints can pass for another one's answer.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
import shlex
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from gate.connection.frame import TIMED_OUT
from gate.sources.host.parts import read_parts
from gate.sources.host.section import Section

S = TypeVar("S", bound=Hashable)

AT_ONCE = 16
"""So many commands run at the same time."""
MOST = 1 << 16
"""How many bytes one of them may print; what prints more says nothing."""
STATUS = re.compile(r"\d{1,3}")

# What is behind in the list runs beside what is in front of it, and is printed after it; whose
# number is in $already has been told of.
SCRIPT = """\
mark={mark}; printf '%s\\n' $mark
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 {seconds:g}'
cut=cat; command -v head >/dev/null 2>&1 && cut='head -c {most}'
already=
within() {{
  command -v "$1" >/dev/null 2>&1 || {{ printf 'sh: %s: not found\\n' "$1" >&2; return 127; }}
  $limit "$@"
}}
one() {{
  {{ eval "set -- $1"; if [ "$1" = eval ]; then eval "$2"; else within "$@"; fi; }} 2>&1 </dev/null
  printf '\\n%s\\n' $?
}}
# What cuts an answer takes the place of the shell that would wait for it.
told() {{ printf '\\n%s out %s\\n' $mark "$1"; exec $cut; }}
beside() {{
  while [ $# -gt 0 ]; do case " $already " in *" $1 "*) shift 2 ;; *) break ;; esac; done
  [ $# -gt 0 ] || return 0
  if [ $# -gt 2 ]; then
    one "$2" | ( exec 4<&0 </dev/null; behind "$@" 4<&-; told "$1" <&4 )
  else one "$2" | told "$1"; fi
  printf '\\n%s rc %s 0\\n\\n' $mark "$1"
}}
behind() {{ shift 2; beside "$@"; }}
"""
END = "printf '\\n%s done\\n' $mark"


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


@dataclasses.dataclass(frozen=True)
class Bounded:
    """POSIX shell of which every part has an end of its own: none is put around it.

    ``within TOOL …`` ends a tool in the time of one command.
    """

    shell: str


Command = str | Sequence[str] | Bounded
"""POSIX shell; or a program with its arguments, which costs a process less."""


def each(commands: Iterable[Command], seconds: float, *, most: int = MOST, first: str = "") -> str:
    """Write the shell that runs some commands side by side.

    Args:
        commands: One for each subject, in the order of the subjects.
        seconds: How long each of them may take.
        most: How many bytes each of them may print.
        first: POSIX shell in front of them, which may tell of some in this very form, each with its
            mark, and add their numbers to ``$already``: they are not run.
    """
    words = [word for number, one in enumerate(commands) for word in (str(number), _words(one))]
    rounds = (words[at : at + 2 * AT_ONCE] for at in range(0, len(words), 2 * AT_ONCE))
    lines = [f"beside {shlex.join(one)}" for one in rounds]
    mark = f"section-{secrets.token_hex(8)}"
    head = SCRIPT.format(mark=mark, seconds=seconds, most=most)
    return "\n".join([head, *([first] if first else []), *lines, END])


def _words(command: Command) -> str:
    if isinstance(command, Bounded):
        return shlex.join(["eval", command.shell])
    return shlex.join(["sh", "-c", command] if isinstance(command, str) else command)


def blocks(section: Section, subjects: Sequence[S], *, most: int = MOST) -> Mapping[S, Block]:
    """Take a section apart; a subject whose command has no whole answer is left out."""
    told = read_parts(section)
    found: dict[S, Block] = {}
    for at, subject in enumerate(subjects):
        part = told[str(at)]
        said, newline, status = part.text.removesuffix("\n").rpartition("\n")
        if part.rc == 0 and newline and STATUS.fullmatch(status) and len(part.out) < most:
            found[subject] = Block(said.removesuffix("\n"), int(status))
    return found
