"""Packages of the host: of the system, of a Python environment, of npm."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Yes
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.recorded_programs import PACKAGES_THERE, upstream
from gate.kinds.scene import Scene
from gate.rule import Both, Has, Is, Rule, Some
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.distributions import several, versions_of
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section
from gate.target import Target
from gate.version import package_meets

Manager = Literal["dpkg", "rpm", "apk", "pip", "npm"]
Subject = tuple[str, str, str]
"""Manager, folder, name."""
VERSION = re.compile(r"[\w.+!~:^-]{1,100}")


class Package(Item):
    """A package that is installed.

    Attributes:
        package: Its name, as its manager has it.
        manager: Whose package: ``dpkg``, ``rpm`` or ``apk`` of the system, ``pip`` or ``npm``.
        folder: Of ``pip`` the environment's folder, of ``npm`` the one that ``node_modules`` is in.
        version: What it must be; ``1.22`` is met by 1.22.1-9 and not by 1.220, whatever the epoch.
        held: It must be held back from upgrades (``dpkg``).
    """

    package: Annotated[str, pydantic.Field(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9+._:/-]*$")]
    manager: Manager = "dpkg"
    folder: AbsolutePath | None = None
    version: Annotated[str, pydantic.Field(min_length=1)] | None = None
    held: Yes | None = None

    RULES = (
        Rule(
            Both(Has("folder"), Some(Is("manager", "pip"), Is("manager", "npm"))),
            "pip and npm need folder, which says whose packages; the others have none",
        ),
    )


class PackageFacts(Model):
    """A package that is installed.

    Attributes:
        version: As its manager says it.
        held: Whether it is held back.
        odd: Its state in words, where it is not wholly installed.
    """

    version: str
    held: bool = False
    odd: str = ""


def script(subjects: Sequence[Subject]) -> str:
    """One question for all packages of a manager, and one for each folder."""
    commands: dict[str, str] = {}
    for manager, command in COMMANDS.items():
        names = [name for whose, _, name in subjects if whose == manager]
        if names:
            commands[manager] = f"{command} {shlex.join(dict.fromkeys(names))}"
    for number, (manager, folder, name) in enumerate(subjects):
        if manager == "pip":
            commands[f"at.{number}"] = f"pip {shlex.quote(folder)}"
        elif manager == "npm":
            file = f"{folder}/node_modules/{name}/package.json"
            commands[f"at.{number}"] = f"limited cat -- {shlex.quote(file)}"
            commands[f"in.{number}"] = f"limited ls -a -- {shlex.quote(folder)}/node_modules"
    return parts(commands, functions=PIP)


PIP = r"""
pip() {
  limited ls -d -- "$1/." >/dev/null || return
  set -- "$1"/lib*/python3*/site-packages "$1"/lib*/python3/dist-packages
  for folder; do [ ! -d "$folder" ] || { echo 'in a folder'; limited ls -a -- "$folder"; }; done
}
"""
COMMANDS = {
    "dpkg": "limited dpkg-query -W -f"
    " '${db:Status-Abbrev}\\t${Package}\\t${Architecture}\\t${Version}\\n' --",
    "rpm": "limited rpm -q --qf '%{NAME}\\t%{EPOCH}:%{VERSION}-%{RELEASE}\\n' --",
    "apk": "limited apk info -e -v --",
}


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, PackageFacts | Absent | CannotTell]:
    """What is said of each package."""
    told = read_parts(section)
    found: dict[Subject, PackageFacts | Absent | CannotTell] = {}
    for number, one in enumerate(subjects):
        manager, folder, name = one
        if manager == "npm":
            found[one] = _npm(folder, name, told[f"at.{number}"], told[f"in.{number}"])
        elif manager == "pip":
            found[one] = _pip(folder, name, told[f"at.{number}"])
        else:
            found[one] = READERS[manager](name, told[manager])
    return found


def _version(name: str, version: str, **more: Any) -> PackageFacts | CannotTell:
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
            return _version(name, fields[3], held=state[0] == "h", odd=odd)
        if state[1] in "nc":
            gone = f"dpkg-query: {name}: state {state.strip()}"
        elif state[1] in "UFHWt":
            return _version(name, fields[3], odd=f"it is installed in part only ({state.strip()})")
    if gone:
        return Absent(gone)
    if f"no packages found matching {name}\n" in f"{section.err}\n":
        return Absent(f"dpkg-query: no packages found matching {name}")
    return cannot_tell(section, f"dpkg-query {name}")


def _rpm(name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    for line in section.text.splitlines():
        found, tab, version = line.partition("\t")
        if tab and found == name:
            return _version(name, version.removeprefix("(none):"))
    if f"package {name} is not installed" in section.text.splitlines():
        return Absent(f"rpm: package {name} is not installed")
    return cannot_tell(section, f"rpm -q {name}")


def _apk(name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    """It tells those that are there, and is silent of others: one that is there shows it works."""
    lines = section.text.splitlines()
    for line in lines:
        match = re.fullmatch(rf"{re.escape(name)}-(\d[\w.]*(?:-r\d+)?)", line)
        if match:
            return _version(name, match[1])
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


def _pip(folder: str, name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    lines = section.text.splitlines()
    versions = versions_of(name, lines)
    if len(versions) > 1:
        return CannotTell(several(folder, name, versions), Cause.UPSTREAM)
    if versions:
        return _version(name, versions[0])
    if section.rc or section.err or "in a folder" not in lines or "." not in lines:
        if "No such file or directory" in section.err:
            return Absent(f"{folder}: {section.why}")
        if not section.err:
            return CannotTell(f"{folder} holds no packages of Python", Cause.UPSTREAM)
        return cannot_tell(section, folder)
    return Absent(f"no {name} among the packages in {folder}")


def _npm(
    folder: str, name: str, section: Section, listing: Section
) -> PackageFacts | Absent | CannotTell:
    if section.rc == 0:
        try:
            version = json.loads(section.text)["version"]
        except (ValueError, KeyError, TypeError):
            return CannotTell(f"{folder}: the package.json of {name} is odd", Cause.UPSTREAM)
        return _version(name, str(version))
    if "No such file or directory" in section.err:
        if listing.rc == 0 and "." in listing.text.splitlines():
            return Absent(f"no {name} in {folder}/node_modules")
        if "No such file or directory" in listing.err:
            return Absent(f"there is no {folder}/node_modules")
    return cannot_tell(section, f"{folder}/node_modules/{name}")


PACKAGES = Probe[Subject, PackageFacts](
    name="gate.packages", model=PackageFacts, script=script, read=read
)


def _subject(item: Package, target: Target) -> Subject:
    folder = target.placed(item.folder) if item.folder else ""
    return (item.manager, folder, item.package)


def _differs(item: Package, found: PackageFacts, scene: Scene) -> Iterator[str]:
    del scene
    if found.odd:
        yield found.odd
    if item.version is not None and not package_meets(found.version, item.version):
        yield f"{item.package} is version {found.version}"
    if item.held and not found.held:
        yield "it is not held"


def _text(found: PackageFacts) -> str:
    held = ", held" if found.held else ""
    return f"version {found.version}{held}" + (f", {found.odd}" if found.odd else "")


def _look(item: Package, target: Target) -> str:
    folder = target.placed(item.folder or "")
    return {
        "dpkg": f"dpkg -l {item.package}",
        "rpm": f"rpm -q {item.package}",
        "apk": f"apk info -v {item.package}",
        "pip": f"{shlex.quote(folder)}/bin/python -m pip show {item.package}",
        "npm": f"npm --prefix {shlex.quote(folder)} ls {item.package}",
    }[item.manager]


def _keys(item: Package, found: PackageFacts) -> Mapping[str, Any]:
    return {
        "package": item.package,
        "manager": None if item.manager == "dpkg" else item.manager,
        "folder": item.folder,
        "version": found.version,
        "held": True if found.held else None,
    }


def _discovered(item: Package, found: PackageFacts, scene: Scene) -> Mapping[str, Any]:
    """The version as its makers call it: a fix that a distribution brings breaks no promise."""
    del scene
    return {**_keys(item, found), "version": upstream(found.version)}


KIND = HostKind(
    name="package",
    chapter="packages",
    rank=43,
    model=Package,
    probe=PACKAGES,
    subject=_subject,
    called=lambda item: f"package {item.package}",
    promised=lambda item: (
        listed(version=item.version, held=item.held) if item.version or item.held else "installed"
    ),
    differs=_differs,
    text=_text,
    columns={"Version": lambda one: one.version, "Held": lambda one: "yes" if one.held else "no"},
    look=_look,
    keys=_keys,
    discover=PACKAGES_THERE,
    discovered=_discovered,
    absent="not installed",
).kind
