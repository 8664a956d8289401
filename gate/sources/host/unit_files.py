"""What systemd thinks of the files of units: lines that it ignores, programs that are not there."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from gate.sources.host.facts import Identity
from gate.sources.host.section import Section

OF_A_FILE = re.compile(r"(/.+?):\d+: ")
"""``systemd-analyze verify`` on a line of a file: ``/etc/systemd/system/x.service:7: ...``."""
OF_A_UNIT = re.compile(r"(?:Unit )?([\w:.\\@-]+\.[a-z]+):? ")
"""The same on a whole unit: ``x.service: Command /y is not executable: ...``."""

TOLD_ELSEWHERE = re.compile(r"^Unit .* (?:not found|is masked)\.$|: Permission denied$")
"""A state of the unit, or nothing about it: who looks may not see what another user runs."""


@dataclasses.dataclass(frozen=True)
class Verified:
    """What was said, by file and by unit.

    Attributes:
        untold: Why nothing is known; empty where something is.
    """

    files: Mapping[str, tuple[str, ...]]
    units: Mapping[str, tuple[str, ...]]
    untold: str = ""

    def of(self, names: Iterable[str], files: Iterable[str]) -> tuple[str, ...]:
        """What was said of a unit, under any of its names, and of its files."""
        found = [line for file in files for line in self.files.get(file, ())]
        found += [line for name in names for line in self.units.get(name, ())]
        if self.untold:
            found.append(f"whether it accepts the whole of it is not known: {self.untold}")
        return tuple(dict.fromkeys(found))


def read_verified(section: Section, identity: Identity) -> Verified:
    """Read the section ``verify``; where PID 1 is not systemd, there is nothing in it."""
    files: dict[str, tuple[str, ...]] = {}
    units: dict[str, tuple[str, ...]] = {}
    if not identity.has_systemd:
        return Verified(files, units)
    failed = False
    for line in section.err.splitlines():
        of_file, of_unit = OF_A_FILE.match(line), OF_A_UNIT.match(line)
        if of_file:
            files[of_file[1]] = (*files.get(of_file[1], ()), line)
        elif not of_unit:
            # Anything else is about what other units want.
            failed = failed or line.startswith("Failed to ")
        elif not TOLD_ELSEWHERE.search(line):
            units[of_unit[1]] = (*units.get(of_unit[1], ()), line)
    told = section.rc == 0 or (section.rc == 1 and not failed)
    return Verified(files, units, "" if told else f"systemd-analyze verify: {section.why}")
