"""Lines of crontabs: which of them cron goes by; tried with Debian's."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess

import pytest

from gate.target import Target
from tests.selftest.promised import CANNOT, all_of, check, judge, lying, scene, told

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="an /etc of its own needs root"
)
DEBIAN, CRONIE = {"cron": "exit 1"}, {"crond": "exit 1"}


def tabs(tmp_path: pathlib.Path, files: dict[str, str], **tools: str) -> Target:
    """This host with these crontabs alone, below ``/etc`` and ``/var/spool``; by their paths."""
    place = tmp_path / "root"
    for name in ("etc", "var/spool/cron/crontabs"):
        (place / name).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        file = place / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(0o600 if "spool" in name else 0o644)
    mounts = " && ".join(
        f"mount --bind {shlex.quote(str(place / one))} /{one}" for one in ("etc", "var/spool")
    )
    probe = subprocess.run(["unshare", "-m", "sh", "-c", mounts], check=False, capture_output=True)  # noqa: S603, S607
    if probe.returncode:
        pytest.skip(f"no mount can be made here: {probe.stderr.decode().strip()}")
    inner = f"{mounts} && exec /bin/sh"
    target = lying(tmp_path, sh=f"exec unshare -m /bin/sh -c {shlex.quote(inner)}", **tools)
    for name in {"cron", "crond"} - tools.keys():
        (tmp_path / "lying" / name).unlink(missing_ok=True)
    return target


def test_cron(tmp_path: pathlib.Path) -> None:
    """A line of a crontab; one that is commented out is none."""
    files = {
        "/etc/crontab": "#1 2 * * * root /opt/old\n"
        "0 3 * * * postgres  /opt/pg_dump --password=Geheim-99\n",
        "/etc/cron.d/x": "@daily root /bin/true\n@daily root /bin/gone-7\n",
        "/var/spool/cron/crontabs/postgres": "1 1 * * * /opt/own\n",
    }
    items = {
        "cron.dump": 'command = "pg_dump"\nuser = "postgres"\nschedule = "0 3 * * *"',
        "cron.daily": 'command = "/bin/true"\nschedule = "@daily"',
        "cron.gone": 'command = "/bin/gone-7"',
        "cron.own": 'command = "opt/own"\nuser = "postgres"',
        "cron.time": 'command = "pg_dump"\nuser = "postgres"\nschedule = "0 4 * * *"',
        "cron.user": 'command = "pg_dump"\nuser = "root"',
        "cron.commented": 'command = "/opt/old"',
        "cron.away": 'command = "/opt/old"\nbefore = "absent"\nschedule = "@daily"',
    }
    seen = scene(tmp_path, items, tabs(tmp_path, files))
    check(
        told(seen),
        {
            **all_of(("cron.dump", "cron.daily", "cron.own", "cron.away"), ""),
            "cron.time": "it runs at 0 3 * * *",
            "cron.user": "there is no line",
            "cron.commented": "there is no line",
            "cron.gone": "there is no /bin/gone-7 to be started",
        },
    )
    assert "Geheim-99" not in seen.observed.model_dump_json()
    for does in ("exit 0", "exit 2", "echo 'grep: /etc/cron.d/x: Permission denied' >&2; exit 2"):
        target = tabs(tmp_path, files, grep=does)
        check(judge(tmp_path, items, target), {"cron.away": CANNOT})
        (tmp_path / "lying" / "grep").unlink()


ODD = {
    "good": "",
    "backup.bak": "its name is none of",
    "replaced~": "its name ends as",
    "theirs": "it is not root's",
    "shared": "others than its owner may write to it",
    "twice": "it has more than one name",
    "unended": "its last line has no end",
}
"""Files below ``/etc/cron.d``, and why Debian's cron passes over them."""


def _odd(tmp_path: pathlib.Path) -> dict[str, str]:
    """Make them, each with a line of its own; return an item for each."""
    folder = tmp_path / "root/etc/cron.d"
    tabs(tmp_path, {f"/etc/cron.d/{name}": f"@daily root /opt/{name}\n" for name in ODD})
    (folder / "unended").write_text("@daily root /opt/unended", "utf-8")
    (folder / "shared").chmod(0o664)
    os.chown(folder / "theirs", 65534, 65534)
    (tmp_path / "second").hardlink_to(folder / "twice")
    return {f"cron.{name.strip('~').replace('.', '-')}": f'command = "opt/{name}"' for name in ODD}


@pytest.mark.parametrize("tools", [DEBIAN, CRONIE, {}], ids=["debian", "cronie", "unknown"])
def test_files_that_cron_passes_over(tools: dict[str, str], tmp_path: pathlib.Path) -> None:
    """A line in a file that cron does not read is none, and it is said why."""
    items = _odd(tmp_path)
    seen = scene(tmp_path, items, tabs(tmp_path, {}, **tools))
    said = told(seen)
    for id_, why in zip(items, ODD.values(), strict=True):
        only_debian = "is none of" in why or "has no end" in why
        if not why or (only_debian and tools != DEBIAN):
            assert not said[id_], (id_, said[id_])
        else:
            assert said[id_].startswith("there is no line"), id_
            assert f"cron passes over it: {why}" in said[id_], id_


def test_files_that_nobody_looked_at(tmp_path: pathlib.Path) -> None:
    """Where their owners cannot be told, nobody can tell whether cron goes by them."""
    items = _odd(tmp_path)
    for tool, does in (("stat", "exit 1"), ("stat", "exit 0"), ("tail", "exit 0")):
        check(judge(tmp_path, items, tabs(tmp_path, {}, **{tool: does})), {"cron.good": CANNOT})
        (tmp_path / "lying" / tool).unlink()
