"""Debian packages that only some tests want, installed into a running machine.

apt runs in the machine's file system and in this host's network: the machine has none to the
outside, and keeps neither the mirror's address nor the name server.
"""

from __future__ import annotations

import pathlib
import subprocess

from sandbox.machine import debian, recipe
from sandbox.machine.record import Record

WITHIN_S = 300.0

INSTALL = """\
set -eu
mirror=$1 suite=$2; shift 2
cp -p /etc/resolv.conf /run/resolv.conf.kept
trap 'cp -p /run/resolv.conf.kept /etc/resolv.conf; rm -rf /etc/apt/sources.list' EXIT
cat > /etc/resolv.conf
echo "deb $mirror $suite main" > /etc/apt/sources.list
apt-get -q update
apt-get -q -y --no-install-recommends install "$@"
"""


def install(record: Record, *packages: str) -> None:
    """Install Debian packages into a machine that runs.

    Raises:
        AssertionError: apt failed; quotes what it said.
    """
    there = ["--mount", "--pid", "--root", "--wd"]  # its own /proc is read by systemd-sysusers
    enter = ["nsenter", f"--target={record.leader}", *there, "--"]
    clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"]
    settings = pathlib.Path(f"/proc/{record.leader}/root/etc/apt/apt.conf.d/90lent")
    settings.write_text("".join(f"{line}\n" for line in debian.settings()))
    suite = recipe.load().suite
    try:
        done = subprocess.run(  # noqa: S603
            [*enter, *clean, "sh", "-c", INSTALL, "install", debian.mirror(), suite, *packages],
            input=pathlib.Path("/etc/resolv.conf").read_text(),
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )
    finally:
        settings.unlink()
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
