"""A container of podman's, without an init system: everything of it lies in one folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from sandbox.machine import command

WITHIN_S = 60.0
GONE_WITHIN_S = 10.0
PROGRAMS = {"podman": "podman", "runc": "runc"}
"""What it takes, and the Debian packages that hold it."""
# Limits below those of this process can be set by anybody; crun starts nothing on mixed cgroups.
CONTAINERS = """\
[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "{folder}/tmp"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


@dataclasses.dataclass(frozen=True)
class Container:
    """A container that sleeps.

    Attributes:
        name: What podman calls it.
        folder: Everything that podman keeps of it.
    """

    name: str
    folder: pathlib.Path

    def podman(self, *words: str) -> str:
        """Run podman; return what it printed."""
        return command.output(["podman", *words], within_s=WITHIN_S)

    def run(self, script: str) -> str:
        """Run a shell script in it, as root."""
        return self.podman("exec", self.name, "sh", "-euc", script)


def configure(folder: pathlib.Path, patch: pytest.MonkeyPatch) -> None:
    """Have podman keep everything in a folder."""
    for name, text in (("CONTAINERS_CONF", CONTAINERS), ("CONTAINERS_STORAGE_CONF", STORAGE)):
        file = folder / f"{name.lower()}.toml"
        file.write_text(text.format(folder=folder))
        patch.setenv(name, str(file))


@contextlib.contextmanager
def started(root: pathlib.Path, folder: pathlib.Path) -> Iterator[Container]:
    """Start a container on a root file system, which stays as it is; nothing of it is left.

    Args:
        root: The root file system; what the container writes goes elsewhere.
        folder: For what podman keeps; an empty one.
    """
    missing = [package for tool, package in PROGRAMS.items() if shutil.which(tool) is None]
    if missing:
        pytest.fail(
            f"this host cannot start a container: apt-get install -y --no-install-recommends "
            f"{' '.join(missing)}",
            pytrace=False,
        )
    box = Container(f"gate-{os.getpid()}", folder)
    with pytest.MonkeyPatch.context() as patch:
        configure(folder, patch)
        try:
            words = [f"--name={box.name}", f"--cgroup-parent=/{box.name}", "--rootfs", f"{root}:O"]
            box.podman("run", "--detach", *words, "sleep", "infinity")
            yield box
        finally:
            box.podman("rm", "--force", "--time=0", "--ignore", box.name)
            clear(box)


def clear(box: Container) -> None:
    """Take away what podman leaves of a storage and of a control group."""
    storage = box.folder / "storage" / "overlay"
    if storage.is_mount():
        subprocess.run(["umount", str(storage)], check=True, timeout=WITHIN_S)  # noqa: S603, S607
    groups = pathlib.Path("/sys/fs/cgroup")
    until = time.monotonic() + GONE_WITHIN_S
    while left := [*groups.glob(box.name), *groups.glob(f"*/{box.name}")]:
        for parent in left:
            _remove_group(parent)
        assert time.monotonic() < until, left
        time.sleep(0.05)
    shutil.rmtree(box.folder)


def _remove_group(parent: pathlib.Path) -> None:
    """Remove a control group with those below it, as far as no process is in them any more."""
    below = [one for one in parent.rglob("*") if one.is_dir()]
    for group in (*sorted(below, reverse=True), parent):
        with contextlib.suppress(OSError):
            group.rmdir()
