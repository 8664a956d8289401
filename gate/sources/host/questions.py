"""What kinds of promises ask of a host; all of it is answered by one script."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from gate.sources.host.facts import HostQuestions
from gate.sources.host.probe import AskProbe, gather


@dataclasses.dataclass(frozen=True)
class AskUnit:
    """A systemd unit by its name."""

    unit: str


@dataclasses.dataclass(frozen=True)
class AskPath:
    """A path, as the contract says it."""

    path: str


@dataclasses.dataclass(frozen=True)
class AskOutput:
    """The output of a command, kept under its item's id; the words are as they run there."""

    id: str
    words: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class AskPackage:
    """The version of a Python distribution in an environment's folder, kept under its item's id."""

    id: str
    environment: str
    distribution: str


@dataclasses.dataclass(frozen=True)
class AskTool:
    """Whether a command is found on the target."""

    tool: str


@dataclasses.dataclass(frozen=True)
class AskRevisions:
    """The revision files of a folder, as the contract says it.

    Attributes:
        folder: The folder.
        git: A commit or tag of the repository that it is in; empty for what lies there now.
    """

    folder: str
    git: str = ""

    @property
    def key(self) -> str:
        """What the files are kept under."""
        return revisions_key(self.folder, self.git)


def revisions_key(folder: str, git: str | None = None) -> str:
    """What the files of a folder are kept under, as they are now or in a commit."""
    return f"{folder} at {git}" if git else folder


@dataclasses.dataclass(frozen=True)
class AskDeployed:
    """What is asked of the time since a deployment begins with its begin, in seconds since 1970."""

    at: float


def host_questions(asked: Iterable[object], window_s: float) -> HostQuestions:
    """Gather what is for the host; each subject once, in the order of asking.

    Args:
        asked: Questions of every kind; what is not for the host is left out.
        window_s: Seconds between the two readings of what has to stand still.

    Raises:
        GateError: Two probes have one name.
    """
    units: dict[str, None] = {}
    paths: dict[str, None] = {}
    tools: dict[str, None] = {}
    folders: dict[str, None] = {}
    committed: dict[str, tuple[str, str]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    packages: dict[str, tuple[str, str]] = {}
    probes: list[AskProbe[Any, Any]] = []
    asked = [*asked]
    for one in asked:
        if isinstance(one, AskUnit):
            units[one.unit] = None
        elif isinstance(one, AskPath):
            paths[one.path] = None
        elif isinstance(one, AskOutput):
            outputs[one.id] = one.words
        elif isinstance(one, AskPackage):
            packages[one.id] = (one.environment, one.distribution)
        elif isinstance(one, AskTool):
            tools[one.tool] = None
        elif isinstance(one, AskRevisions) and one.git:
            committed[one.key] = (one.folder, one.git)
        elif isinstance(one, AskRevisions):
            folders[one.folder] = None
        elif isinstance(one, AskProbe):
            probes.append(one)
    return HostQuestions(
        units=tuple(units),
        paths=tuple(paths),
        outputs=outputs,
        packages=packages,
        tools=tuple(tools),
        folders=tuple(folders),
        committed=committed,
        probes=gather(probes),
        window_s=window_s,
        deployed=next((one.at for one in asked if isinstance(one, AskDeployed)), None),
    )
