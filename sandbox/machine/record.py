"""What is known about a machine, in one folder: what ``down`` removes and ``list`` shows.

The folder is made before anything is started, so that whatever is killed leaves a name behind.
"""

import json
import os
import re
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.machine import cache, cgroup
from sandbox.machine.error import MachineError
from sandbox.machine.network import Link

NAME = re.compile(r"[a-z][a-z0-9-]{0,11}")
"""Names of machines: short enough for the kernel to name an interface ``ve-NAME``."""

_STATE = "state.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One machine.

    Attributes:
        name: Chosen by its user; ``hera-NAME`` is its SSH alias.
        folder: Where everything of it lies, this record too.
        layers: Folders of the image's layers it runs on, topmost first; none
            until they are built.
        sudo: What its user may do: ``passwordless``, ``password`` or ``none``.
        link: Its network; None until one was picked.
        leader: Process id of its init here; 0 until it started.
        born: Start time of that process in clock ticks since boot: an id may be used again.
        started_ns: When it was claimed, in ns since 1970: no two machines of a name share it.
        ready_s: How long it took from nothing to ready, in seconds; 0 until it was.
    """

    name: str
    folder: Path
    layers: tuple[Path, ...]
    sudo: str
    link: Link | None = None
    leader: int = 0
    born: int = 0
    started_ns: int = 0
    ready_s: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether its init still runs."""
        return self.leader > 0 and started_at(self.leader) == self.born

    @property
    def status(self) -> str:
        """``running``; ``starting`` while somebody waits for it; else ``stale``."""
        if self.alive and self.ready_s:
            return "running"
        return "starting" if _held(self.folder) else "stale"


def claim(name: str, sudo: str) -> Record:
    """Make the folder of a new machine.

    Raises:
        MachineError: The name is no name, or there is one of that name already.
    """
    if not NAME.fullmatch(name):
        raise MachineError(
            f"{name!r} is no machine's name: a small letter, then up to 11 of a to z, 0 to 9 and -"
        )
    folder = _shelf() / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise MachineError(
            f"there is a machine {name} already; look at: python -m sandbox.machine status {name}"
        ) from error
    record = Record(name=name, folder=folder, layers=(), sudo=sudo, started_ns=time.time_ns())
    (folder / "owner").write_text(f"{os.getpid()} {started_at(os.getpid())}")
    write(record)
    return record


def write(record: Record, **changes: Any) -> Record:
    """Keep a record, with changes, and return it."""
    changed = replace(record, **changes)
    fresh = changed.folder / f"{_STATE}.new"
    fresh.write_text(json.dumps(facts(changed), indent=2) + "\n")
    fresh.replace(changed.folder / _STATE)
    return changed


def facts(record: Record) -> dict[str, Any]:
    """Return a record as JSON data, with the addresses of everything a client needs."""
    raw = asdict(record)
    folder = record.folder
    link = record.link
    return {
        **raw,
        "folder": str(folder),
        "layers": [str(path) for path in record.layers],
        "link": link._asdict() if link else None,
        "alias": f"hera-{record.name}",
        "address": link.address if link else None,
        "ssh_user": "navi",
        "ssh_port": 22,
        "ssh_config": str(folder / "ssh_config"),
        "identity": str(folder / "identity"),
        "known_hosts": str(folder / "known_hosts"),
        "target": str(folder / "target.toml"),
        "pg_service": str(folder / "pg_service.conf"),
        "pgpass": str(folder / "pgpass"),
        "console": str(folder / "console.log"),
    }


def read(name: str) -> Record:
    """Return one machine's record.

    Raises:
        MachineError: There is none of that name.
    """
    folder = _shelf() / name
    if not NAME.fullmatch(name) or not folder.is_dir():
        known = ", ".join(path.name for path in _folders()) or "none"
        raise MachineError(f"there is no machine {name!r}; there are: {known}")
    try:
        raw = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:  # killed between making the folder and writing the record
        return Record(name=name, folder=folder, layers=(), sudo="none")
    return Record(
        name=name,
        folder=folder,
        layers=tuple(map(Path, raw["layers"])),
        sudo=raw["sudo"],
        link=Link(**raw["link"]) if raw["link"] else None,
        leader=raw["leader"],
        born=raw["born"],
        started_ns=raw.get("started_ns", 0),
        ready_s=raw["ready_s"],
    )


def everyone() -> list[Record]:
    """Return the records of all machines, running or not, by name."""
    return [read(path.name) for path in _folders()]


def forget(record: Record) -> None:
    """Remove a machine's folder: the last thing that is left of it."""
    if record.folder.exists():
        shutil.rmtree(record.folder)


def strays() -> list[str]:
    """Return the names of control groups of ours that belong to no machine and no running build."""
    known = {path.name for path in _folders()}
    found = set()
    for group in cgroup.groups("*"):
        for path in group.parent.glob(group.name):
            name = path.name.removeprefix(cgroup.prefix())
            builder = name.removeprefix(cgroup.BUILD)
            building = builder.isdigit() and started_at(int(builder)) is not None
            if name not in known and not building:
                found.add(name)
    return sorted(found)


def started_at(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None where none or a zombie is."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def _held(folder: Path) -> bool:
    """Tell whether the process that is starting a machine still runs."""
    try:
        pid, born = map(int, (folder / "owner").read_text().split())
    except (FileNotFoundError, ValueError):
        return False
    return started_at(pid) == born


def _shelf() -> Path:
    """Return the folder that holds the machines' folders."""
    found = cache.home() / "hosts"
    found.mkdir(exist_ok=True)
    return found


def _folders() -> list[Path]:
    """Return the machines' folders by name."""
    return sorted(path for path in _shelf().iterdir() if path.is_dir())
