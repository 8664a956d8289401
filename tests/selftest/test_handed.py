"""One answer of systemd for all who ask for the same units: handed on whole, or not at all."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from gate.connection.carrier import open_carrier
from gate.sources.fact import Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts
from gate.sources.host.logs.probe import LOGS
from gate.sources.host.logs.probe import PROPERTIES as OF_LOGS
from gate.sources.host.logs.subject import Subject
from gate.sources.host.probe import AskProbe, Probe, key, probed
from gate.sources.host.program_questions import SHOWN
from gate.sources.host.programs import PROGRAMS
from gate.sources.host.questions import AskUnit, host_questions
from gate.sources.host.section import Section
from gate.sources.host.writable import WRITABLE
from tests.selftest.promised import lying
from tests.selftest.test_probes import Word

SYSTEMCTL = """\
printf '%s\\n' "$*" >>{asked}
[ "$1" = show ] || exit 0
while [ "$1" != -- ]; do shift; done
shift; first=yes
for one; do
  [ $first = yes ] || echo
  first=no
  printf 'Id=%s\\nNames=%s\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\n' $one $one
  printf 'MainPID={pid}\\nNRestarts=0\\nControlGroup=\\nWord=a=%s\\nZone=%s\\n' $one "$TZ"
done
{end}
"""
"""A ``systemctl`` that tells of all units, and how it ends."""
UNITS = ("b.service", "a.service", "c.service")
WANTED = ("c.service", "b.service")
HANDED = "".join(f"Id={one}\nWord=a={one}\nZone=UTC0\n\n" for one in WANTED)


@pytest.fixture
def pid() -> Iterator[int]:
    """A process that stands still."""
    with subprocess.Popen(["sleep", "300"]) as process:  # noqa: S607
        yield process.pid
        process.kill()


def look(
    folder: pathlib.Path, *questions: object, end: str = "", pid: int = 0
) -> tuple[HostFacts, list[str]]:
    """A look, and what systemd was asked in it."""
    asked = folder / "asked"
    asked.write_text("", "utf-8")
    there = lying(folder, systemctl=SYSTEMCTL.format(asked=asked, end=end, pid=pid))
    with open_carrier(there) as carrier:
        found = host.look(there, host_questions(list(questions), 0.05), carrier)
    assert isinstance(found, Seen), found
    return found.value, asked.read_text("utf-8").splitlines()


def hears(**changes: Any) -> Probe[str, Word]:
    """A probe that says what it was handed."""

    def read(section: Section, subjects: Sequence[str]) -> Mapping[str, Word]:
        return dict.fromkeys(subjects, Word(word=section.text.strip()))

    settings: dict[str, Any] = {
        "name": "test.hears",
        "model": Word,
        "script": lambda _: "printf '%s\\n' \"${gate_told-nothing}\"",
        "read": read,
        "properties": "Id,Word,Zone",
        "units": tuple,
    }
    return Probe(**{**settings, **changes})


@pytest.mark.parametrize(
    ("units", "end", "changes", "word"),
    [
        (UNITS, "", {}, HANDED.strip()),
        (("a.service", *WANTED), "", {}, HANDED.strip()),
        (UNITS[1:], "", {}, "nothing"),
        ((), "", {}, "nothing"),
        (UNITS, "exit 1", {}, "nothing"),
        (UNITS, "exit 124", {}, "nothing"),
        (UNITS, "echo; echo Id=d.service", {}, "nothing"),
        (UNITS, "printf Word=; head -c 150000 /dev/zero | tr '\\0' x", {}, "nothing"),
        (UNITS, "head -c 60000000 /dev/zero", {}, "nothing"),
        (UNITS, "", {"at_the_end": True}, "nothing"),
        (UNITS, "", {"light": True}, "nothing"),
        (UNITS, "", {"units": None}, "nothing"),
    ],
)
def test_what_is_handed_to_a_probe(
    tmp_path: pathlib.Path, units: tuple[str, ...], end: str, changes: dict[str, Any], word: str
) -> None:
    """Its own units in its own order, by the first reading; nothing of what is not whole."""
    probe = hears(**changes)
    wanted = [AskProbe(probe, one) for one in WANTED]
    found, _ = look(tmp_path, *map(AskUnit, units), *wanted, end=end)
    assert probed(found.probes, probe, WANTED[0]) == Seen(Word(word=word))


@pytest.mark.skipif(os.getuid() != 0, reason="asks the kernel as somebody else")
def test_systemd_is_asked_once(tmp_path: pathlib.Path, pid: int) -> None:
    """Programs, logs and rights to write have the same answer from the one reading of units."""
    unit = "a.service"
    log = Subject("journal", unit, "", "start", (), (), "")
    wanted = (
        AskProbe(PROGRAMS, (unit, 0, ())),
        AskProbe(LOGS, log),
        AskProbe(WRITABLE, (unit, "/etc/hostname")),
    )
    alone = {f"show -p {one} -- {unit}" for one in (SHOWN, OF_LOGS, "Id,MainPID")}
    by_itself, asked = look(tmp_path, *wanted, pid=pid)
    assert alone <= set(asked)
    handed, asked = look(tmp_path, AskUnit(unit), *wanted, pid=pid)
    assert not alone & set(asked)

    def facts(found: HostFacts) -> list[Fact[Any]]:
        return [found.probes[one.probe.name].facts[key(one.subject)] for one in wanted]

    assert facts(handed) == facts(by_itself)
    assert isinstance(facts(handed)[0], Seen), facts(handed)
    assert isinstance(facts(handed)[2], Seen), facts(handed)
