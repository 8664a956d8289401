"""Packages of the host: of the system, of a Python environment, of npm."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Yes
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.recorded_programs import PACKAGES_THERE, upstream
from gate.kinds.scene import Scene
from gate.rule import Both, Has, Is, Rule, Some
from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.distributions import several, versions_of
from gate.sources.host.packages import READERS, PackageFacts, versioned
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section
from gate.target import Target
from gate.version import package_meets

Manager = Literal["dpkg", "rpm", "apk", "pip", "npm"]
Subject = tuple[str, str, str]
"""Manager, folder, name."""


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


def _pip(folder: str, name: str, section: Section) -> PackageFacts | Absent | CannotTell:
    lines = section.text.splitlines()
    versions = versions_of(name, lines)
    if len(versions) > 1:
        return CannotTell(several(folder, name, versions), Cause.UPSTREAM)
    if versions:
        return versioned(name, versions[0])
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
        return versioned(name, str(version))
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


def _differs(item: Package, found: PackageFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if found.odd:
        yield found.odd
    if item.version is not None:
        told = f"{item.package} is version {' and '.join(found.versions)}"
        meets = [package_meets(one, item.version) for one in found.versions]
        if not any(meets):
            yield told
        elif not all(meets):
            yield CannotTell(f"{told}: nobody tells which of them is used", Cause.UPSTREAM)
    if item.held and not found.held:
        yield "it is not held"


def _text(found: PackageFacts) -> str:
    held = ", held" if found.held else ""
    versions = " and ".join(found.versions)
    return f"version {versions}{held}" + (f", {found.odd}" if found.odd else "")


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
        "version": None if found.others else found.version,
        "held": True if found.held else None,
    }


def _discovered(item: Package, found: PackageFacts, scene: Scene) -> Mapping[str, Any]:
    """The version as its makers call it: a fix that a distribution brings breaks no promise."""
    del scene
    of_makers = {upstream(one) for one in found.versions}
    return {**_keys(item, found), "version": of_makers.pop() if len(of_makers) == 1 else None}


def _again(item: Package, found: PackageFacts, scene: Scene) -> Mapping[str, Any]:
    """The version as the contract has it, where that holds."""
    del scene
    holds = item.version and all(package_meets(one, item.version) for one in found.versions)
    return {"version": item.version} if holds else {}


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
    again=_again,
    absent="not installed",
).kind
