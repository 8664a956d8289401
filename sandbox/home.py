"""Where a sandbox lives, and what is kept of it."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import pwd
import stat
import tempfile
from typing import Any

MARK = "ATUM_SANDBOX"
"""Environment variable that every process of a sandbox carries; its value is the home."""

PORTS = (8000, 5432, 6379, 11434, 9100, 1143, 2525, 8025)
DESK = "data/ATUM DESK/atum-desk"


class SandboxError(Exception):
    """The sandbox cannot do what it was told to; the text says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Home:
    """The folder of one sandbox, by name.

    Attributes:
        path: The folder.
        name: What the sandbox is called.
    """

    path: pathlib.Path
    name: str

    @property
    def root(self) -> pathlib.Path:
        """The prefix: what stands for ``/``."""
        return self.path / "root"

    @property
    def desk(self) -> pathlib.Path:
        """The application's folder."""
        return self.root / DESK

    @property
    def bin(self) -> pathlib.Path:
        """Programs of the sandbox; put before PATH, they are found as on the host."""
        return self.root / "usr" / "bin"

    @property
    def units(self) -> pathlib.Path:
        """Unit files."""
        return self.root / "etc" / "systemd" / "system"

    @property
    def run(self) -> pathlib.Path:
        """What changes while it runs."""
        return self.root / "run"

    @property
    def state_file(self) -> pathlib.Path:
        """What is known of a sandbox that is ready."""
        return self.path / "state.json"

    @property
    def lock(self) -> pathlib.Path:
        """Held while the sandbox is brought up or taken down."""
        return self.path.parent / f".{self.name}.lock"

    def check(self) -> None:
        """Make sure that what is brought up, or removed, here is ours.

        Raises:
            SandboxError: The folder, or the one that it is in, is a link or somebody else's.
        """
        _check(self.path.parent)
        _check(self.path)

    def make_parent(self) -> None:
        """Make the folder that it is in, for us alone; root's PostgreSQL, another user, passes."""
        mode = 0o711 if os.getuid() == 0 else 0o700
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=mode)
        self.check()

    def state(self) -> dict[str, Any]:
        """Return what is kept; empty where the sandbox never became ready."""
        try:
            found: dict[str, Any] = json.loads(self.state_file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def keep(self, state: dict[str, Any]) -> None:
        """Keep the state, for the owner's eyes only: it holds the demo passwords."""
        temporary = self.state_file.with_suffix(".part")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(state, indent=1), "utf-8")
        temporary.replace(self.state_file)


def find_home(name: str) -> Home:
    """Return the home of a sandbox, below ATUM_SANDBOX_HOME or the folder for temporary files.

    Raises:
        SandboxError: The folder belongs to somebody else, or the name is no file name.
    """
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise SandboxError(f"{name!r} is no name for a sandbox: letters, digits, - _ . only")
    given = os.environ.get("ATUM_SANDBOX_HOME")
    if given:
        base = pathlib.Path(given).resolve()  # links on the way there are the caller's own choice
    else:
        base = pathlib.Path(tempfile.gettempdir()).resolve() / f"atum-desk-sandbox-{os.getuid()}"
    home = Home(base / name, name)
    home.check()
    return home


def _check(folder: pathlib.Path) -> None:
    """Make sure that a folder is one, and ours alone, if it is there; links are not followed.

    Raises:
        SandboxError: Somebody else made it, or can change what is in it.
    """
    try:
        there = folder.lstat()
    except FileNotFoundError:
        return
    advice = "; set ATUM_SANDBOX_HOME to a folder of yours"
    if not stat.S_ISDIR(there.st_mode):
        raise SandboxError(f"{folder} is no folder but a link or a file{advice}")
    if there.st_uid != os.getuid():
        raise SandboxError(f"{folder} belongs to another user{advice}")
    own_group = there.st_gid == pwd.getpwuid(os.getuid()).pw_gid
    if there.st_mode & (0o002 if own_group else 0o022):
        raise SandboxError(f"others may write to {folder}: `chmod go-w` it, or{advice[1:]}")


def user_name() -> str:
    """The name of the user who runs this."""
    return pwd.getpwuid(os.getuid()).pw_name
