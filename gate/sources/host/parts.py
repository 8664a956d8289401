"""Several tools within one probe: each with its own output, exit status and complaints.

A probe whose subjects are answered by a few tools, one command each for all of them, writes its
script with `parts` and takes its section apart with `read_parts`: nothing that a tool prints, nor
what stands in a file that it prints, can pass for another one's answer.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from gate.sources.fact import CannotTell, Cause
from gate.sources.host.script import Answers, sections
from gate.sources.host.section import CUT, Section

NOT_FOUND = 127
NOT_THERE = ("No such file or directory", "Not a directory")
"""How a tool's complaint ends where a file is proven not to be there."""
DENIED = ("Permission denied", "Operation not permitted", "you must be root", "Access denied")
MARK = re.compile(rb"(section-[0-9a-f]{16})\n")

SCRIPT = """\
exec 3>&1; mark={mark}; printf '%s\\n' $mark
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 {seconds:g}'
limited() {{
  command -v "$1" >/dev/null 2>&1 || {{ printf 'sh: %s: not found\\n' "$1" >&2; return 127; }}
  $limit "$@"
}}
part() {{
  name=$1; shift
  printf '\\n%s out %s\\n' $mark "$name"
  # A tool takes the place of the shell that would wait for it.
  if [ "$1" = limited ] && command -v "$2" >/dev/null 2>&1; then
    shift; said=$(exec $limit "$@" 2>&1 >&3 3>&-); rc=$?
  else said=$("$@" 2>&1 >&3 3>&-); rc=$?; fi
  printf '\\n%s rc %s %s\\n%s\\n' $mark "$name" $rc "$said"
}}
"""


SEEN = """
# seen TEST PATH...: of each, in its order, whether it is `there` by that test; that it is `gone` is
# known where the nearest folder above may be searched, else it is `unseen`.
seen() {
  kind=$1; shift
  for file; do
    above=${file%/*}
    until [ -e "${above:-/}" ]; do above=${above%/*}; done
    if [ "$kind" "$file" ]; then echo there
    elif [ -x "${above:-/}" ]; then echo gone
    else echo unseen; fi
  done
}
"""
"""Shell of those who ask whether paths are there."""


def parts(commands: Mapping[str, str], seconds: float = 3.0, functions: str = "") -> str:
    """Write the shell that runs some commands one after the other.

    Args:
        commands: By the name of their part; ``limited TOOL …`` ends a tool in time, and tells one
            that is missing by exit status 127.
        seconds: How long each tool may take.
        functions: Shell functions that the commands are made of.
    """
    mark = f"section-{secrets.token_hex(8)}"
    lines = [f"part {name} {command}" for name, command in commands.items()]
    head = SCRIPT.format(mark=mark, seconds=seconds) + functions
    return "\n".join([head, *lines, "printf '\\n%s done\\n' $mark"])


def read_parts(section: Section) -> Answers:
    """The parts by name; one that is missing, or not whole, says why."""
    begin = MARK.match(section.out)
    if begin is None:
        return Answers({}, section.why if section.rc else "its answer is none of these questions'")
    mark, body = begin[1].decode(), section.out[begin.end() :]
    whole = body.rstrip().endswith(f"\n{mark} done".encode())
    cut = "" if whole else CUT if section.late else section.why
    return sections(body, mark, len(section.out) + 1, cut)


def cannot_tell(section: Section, what: str) -> CannotTell:
    """Why a part tells nothing."""
    if section.rc == NOT_FOUND:
        return CannotTell(f"{what}: {section.why}", Cause.TOOL_MISSING)
    if section.late or "taking too long" in section.err:
        return CannotTell(f"{what}: it did not end in time", Cause.TIMEOUT)
    denied = any(one in section.err for one in DENIED)
    why = section.why if section.rc or section.err else "it said nothing of it"
    return CannotTell(f"{what}: {why}", Cause.PERMISSION if denied else Cause.UPSTREAM)
