"""The probe that reads logs: all of them side by side, within the one script."""

from __future__ import annotations

import pathlib
import re
import shlex
import types
from collections.abc import Mapping, Sequence

from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.each import Block, Bounded, blocks, each
from gate.sources.host.logs.answer import Answer
from gate.sources.host.logs.container_lines import read_container
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.file_lines import read_files
from gate.sources.host.logs.journal_lines import read_journal
from gate.sources.host.logs.subject import Subject, sieve, word
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

MOST = 1 << 20
"""How many bytes of lines of one log are sent: about 4,000 entries of a journal."""
NEWEST = 200
"""How many lines are sent that could be what is looked for, the newest."""
TAIL = 32 << 20
"""How many bytes of a file are read, from its end."""
AT_ONCE = 100
"""So many units systemd is asked of at once."""
WITHIN_S = 6.0
"""How long one log may take, in seconds."""
SEVERAL = 2
JOINT_S = 2.0
"""How long one journalctl may take for several units, in seconds; then each is asked by itself."""
PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Result,InactiveExitTimestampMonotonic,"
    "ExecMainStartTimestampMonotonic,StandardOutput,StandardError"
)
SHELL = (pathlib.Path(__file__).parent / "logs.sh").read_text("utf-8")
FUNCTIONS = f"properties={PROPERTIES}\n{SHELL}"
TOGETHER = (pathlib.Path(__file__).parent / "together.sh").read_text("utf-8")


def script(subjects: Sequence[Subject]) -> str:
    """Read every log, side by side."""
    head = f'logs={shlex.quote(FUNCTIONS)}; export logs; eval "$logs"; begin\n'
    units = _units(subjects)
    if units:
        # One word of the environment has an end: systemd is asked unit by unit where they are many.
        asked = f"; all_units {shlex.join(units)}" if len(units) <= AT_ONCE else ""
        head += f"kept{asked}\n"
    places = {unit: number for number, unit in enumerate(units, 1)}
    texts = ((one.kind, command(one, places)) for one in subjects)
    commands = (
        Bounded(text) if kind == "journal" else f'eval "$logs"\n{text}' for kind, text in texts
    )
    return head + each(commands, WITHIN_S, most=MOST * 2, first=_together(subjects, places))


def _together(subjects: Sequence[Subject], places: Mapping[str, int]) -> str:
    """The shell that reads the journals of several units at once, as far as that is as good."""
    journals = [(n, one) for n, one in enumerate(subjects) if one.kind == "journal"]
    if len(journals) < SEVERAL or len(places) > AT_ONCE:
        return ""
    calls = (
        shlex.join(["log", str(n), str(places[one.place]), one.since, sieve(one), word(one)])
        for n, one in journals
    )
    settings = f"newest={NEWEST} most={MOST} joint_s={JOINT_S:g}"
    return "\n".join([TOGETHER + settings, *calls, "together"])


def _units(subjects: Sequence[Subject]) -> list[str]:
    """Units of which the journal is read, each once."""
    return list(dict.fromkeys(one.place for one in subjects if one.kind == "journal"))


def _at_once(subjects: Sequence[Subject]) -> list[str]:
    """The same where they are few enough for one question."""
    units = _units(subjects)
    return units if len(units) <= AT_ONCE else []


def command(one: Subject, places: Mapping[str, int] = types.MappingProxyType({})) -> str:
    """The shell that reads one log, by the functions of ``logs.sh``.

    Args:
        one: Which.
        places: Of units among those that systemd was asked of at once.
    """
    words = [one.kind, one.place, one.since]
    if one.kind == "file":
        words = [one.kind, one.since, one.unit]
    call = shlex.join(words) + (f" {wildcards(one.place)}" if one.kind == "file" else "")
    journal = one.kind == "journal"
    settings = (
        f"sieve={shlex.quote(sieve(one))} word={shlex.quote(word(one))} newest={NEWEST} "
        f"most={MOST} tail_bytes={TAIL} at={places.get(one.place, '') if journal else ''}"
    )
    return f"{settings}\n{call}"


def wildcards(path: str) -> str:
    """A path for the shell: its wildcards work, and nothing else in it."""
    parts = re.split(r"([*?]|\[[^\]/]*\])", path)
    return "".join(
        one if number % 2 else shlex.quote(one) for number, one in enumerate(parts) if one
    )


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, LogFacts | Absent | CannotTell]:
    """What the answer says of each log; one that is not in it is left out."""
    found = blocks(section, subjects, most=MOST * 2)
    return {subject: read_log(subject, block) for subject, block in found.items()}


def read_log(subject: Subject, block: Block) -> LogFacts | Absent | CannotTell:
    """What the shell printed on one log."""
    try:
        answer = Answer(subject, block, MOST)
        if subject.kind == "journal":
            return read_journal(answer)
        if subject.kind == "container":
            return read_container(answer)
        return read_files(answer, TAIL)
    except ObservationError as error:
        return CannotTell(str(error), Cause.TIMEOUT)
    except (ValueError, IndexError, OverflowError) as error:
        if block.late:
            return CannotTell(f"{subject.place}: not read within {WITHIN_S:g} s", Cause.TIMEOUT)
        said = known.first(f"{type(error).__name__}: {error}; {block.text}", 300)
        return CannotTell(f"{subject.place}: its answer cannot be read: {said}", Cause.UPSTREAM)


LOGS = Probe[Subject, LogFacts](
    name="gate.logs",
    model=LogFacts,
    script=script,
    read=read,
    deadline_s=15.0,
    most_kib=16384,
    properties=PROPERTIES,
    units=_at_once,
)
