"""Commands that somebody says only read, each as whom and for how long he says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.alone import OWN
from gate.sources.host.each import Block, Bounded, blocks, each
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

LONGEST_S = 8.0
"""How long a command may take at most, in seconds."""
KEPT = 1 << 14
"""How much of an output is kept, in characters."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126
GRACE_S = 1.5
"""For so long what a command said is read after its time, in seconds."""
STARTED, ENDED = "gate-check-started", "gate-check-ended "

WATCHED = f"sh -c {shlex.quote(chr(10).join(OWN))} sh"
"""What ends the processes that a command has left behind."""

PROGRAM = re.compile(r"[\w./+-]+")
OF_SHELL = re.compile(
    r"[.]|alias|break|case|cd|command|continue|coproc|do|done|elif|else|esac|eval|exec|exit|export|fi"
    r"|for|function|if|in|local|readonly|return|select|set|shift|source|then|times?|trap|umask"
    r"|unalias|unset|until|wait|while"
)
"""Words that a shell does not look for as programs, and that change the shell itself."""

Subject = tuple[str, str, float]
"""The command as shell, the user, and its seconds."""


class CheckFacts(Model):
    """How a command ended, and what it printed.

    Attributes:
        status: Exit status.
        output: Standard output and standard error, without secrets.
        cut: Whether there was more of it.
    """

    status: int
    output: str
    cut: bool = False


def script(subjects: Sequence[Subject]) -> str:
    """All of them side by side; what one of them leaves behind is ended with it.

    What gets away may hold the output: it is read for a time of its own.
    """
    read_s = {one: one[2] + GRACE_S for one in subjects}
    texts = (
        f"{{ {command(one, WATCHED)}; }} | timeout -k 1 {read_s[one]:g} cat" for one in subjects
    )
    # Whoever becomes somebody else may be kept waiting for it.
    pairs = zip(subjects, texts, strict=True)
    commands = (text if user else Bounded(text) for (_, user, _), text in pairs)
    return each(commands, LONGEST_S + GRACE_S)


def command(subject: Subject, around: str = "") -> str:
    """A command within its time, as its user; what leads there is told from what it does itself.

    Args:
        subject: It.
        around: What runs it, as words of a shell.
    """
    shell, user, seconds = subject
    words = f"sh -c {shlex.quote(shell)}"
    if around:
        words = f"{around} {shell if _plain(shell) else words}"
    inner = f"echo {STARTED}; timeout -k 1 {seconds:g} {words} </dev/null 2>&1; "
    inner += f"printf '\\n%s%s\\n' '{ENDED}' $?"
    if not user:
        return inner.removesuffix("; ")
    quoted = shlex.quote(inner)
    name = shlex.quote(user)
    return (
        f'if [ "$(id -un)" = {name} ]; then sh -c {quoted}; '
        f'elif [ "$(id -u)" = 0 ]; then runuser -u {name} -- sh -c {quoted}; '
        f"else sudo -n -u {name} -- sh -c {quoted}; fi"
    )


def _plain(shell: str) -> bool:
    """Whether it is a program with its arguments: it needs no shell of its own to take it apart."""
    try:
        words = shlex.split(shell)
    except ValueError:
        return False
    program = words[0] if words and shlex.join(words) == shell else ""
    return bool(PROGRAM.fullmatch(program) and not OF_SHELL.fullmatch(program))


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, CheckFacts | Absent | CannotTell]:
    """How each command ended; one that told nothing is left out."""
    return {one: _ended(one, block) for one, block in blocks(section, subjects).items()}


def _ended(subject: Subject, block: Block) -> CheckFacts | CannotTell:
    shell, user, seconds = subject
    what = known.first(shell, 120)
    begin, started, rest = block.text.partition(f"{STARTED}\n")
    if not started:
        why = known.first((begin or block.text).strip(), 200) or f"exit status {block.rc}"
        as_ = f" as {user}" if user else ""
        return CannotTell(f"{what}: it could not be run{as_}: {why}", Cause.PERMISSION)
    match = re.search(rf"\n{ENDED}(\d{{1,3}})\s*\Z", rest)
    if match is None:
        return CannotTell(f"{what}: it did not come to an end", Cause.TIMEOUT)
    status, output = int(match[1]), rest[: match.start()]
    if status in (124, 137):
        return CannotTell(f"{what}: it did not end within {seconds:g} s", Cause.TIMEOUT)
    if status in (NOT_FOUND, NOT_EXECUTABLE):
        why = known.first(output.strip(), 200) or f"exit status {status}"
        cause = Cause.TOOL_MISSING if status == NOT_FOUND else Cause.PERMISSION
        return CannotTell(f"{what}: {why}", cause)
    kept = known.clean(known.redactor().cut(output, KEPT))
    return CheckFacts(status=status, output=kept, cut=len(output) > KEPT)


CHECKS = Probe[Subject, CheckFacts](
    name="gate.checks", model=CheckFacts, script=script, read=read, deadline_s=LONGEST_S + 2
)
