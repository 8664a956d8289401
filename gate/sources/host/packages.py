"""What the managers of a system's packages say of one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell
from gate.sources.host.section import Section

VERSION = re.compile(r"[\w.+!~:^-]{1,100}")


class PackageFacts(Model):
    """A package that is installed.

    Attributes:
        version: As its manager says it.
        held: Whether it is held back.
        odd: Its state in words, where it is not wholly installed.
        others: Versions that are installed beside it (``rpm``).
    """

    version: str
    held: bool = False
    odd: str = ""
    others: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """All of its versions."""
        return (self.version, *self.others)


def versioned(name: str, version: str, **more: Any) -> PackageFacts | CannotTell:
    """A package of a version, unless what is said is none."""
    if VERSION.fullmatch(version):
        return PackageFacts(version=version, **more)
    said = known.first(version, 80)
    return CannotTell(f"{name}: no version is like {said!r}", Cause.UPSTREAM)


def _dpkg(name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    """Three letters say what is wanted, how it is, and whether it is broken.

    Source:
        ``dpkg-query(1)`` of dpkg 1.17 to 1.22.
    """
    wanted, _, arch = name.partition(":")
    gone = ""
    for line in section.text.splitlines():
        fields = line.split("\t")
        if len(fields) != 4 or fields[1] != wanted or arch not in ("", fields[2]):  # noqa: PLR2004
            continue
        state = fields[0].ljust(3)
        if state[1] == "i":
            odd = "" if state[2] == " " else "it has to be installed again"
            return versioned(name, fields[3], held=state[0] == "h", odd=odd)
        if state[1] in "nc":
            gone = f"dpkg-query: {name}: state {state.strip()}"
        elif state[1] in "UFHWt":
            return versioned(name, fields[3], odd=f"it is installed in part only ({state.strip()})")
    if gone:
        return Absent(gone)
    if f"no packages found matching {name}\n" in f"{section.err}\n":
        return Absent(f"dpkg-query: no packages found matching {name}")
    return cannot_tell(section, f"dpkg-query {name}")


def _rpm(name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    lines = (line.partition("\t") for line in section.text.splitlines())
    told = (
        version.removeprefix("(none):") for found, tab, version in lines if tab and found == name
    )
    if versions := list(dict.fromkeys(told)):
        first = next((one for one in versions if not VERSION.fullmatch(one)), versions[0])
        return versioned(name, first, others=tuple(one for one in versions if one != first))
    if f"package {name} is not installed" in section.text.splitlines():
        return Absent(f"rpm: package {name} is not installed")
    return cannot_tell(section, f"rpm -q {name}")


def _apk(name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    """It tells those that are there, and is silent of others: one that is there shows it works."""
    lines = section.text.splitlines()
    for line in lines:
        match = re.fullmatch(rf"{re.escape(name)}-(\d[\w.]*(?:-r\d+)?)", line)
        if match:
            return versioned(name, match[1])
    if (
        section.rc == 1
        and not section.err
        and all(re.fullmatch(r"\S+-\d\S*", one) for one in lines)
    ):
        return Absent(f"apk info -e: {name} is not installed")
    return cannot_tell(section, f"apk info {name}")


READERS: Mapping[str, Callable[[str, Section], PackageFacts | Absent | CannotTell]] = {
    "dpkg": _dpkg,
    "rpm": _rpm,
    "apk": _apk,
}
"""By manager: what its tool says of one package."""
