"""A system that is not ATUM DESK, by the documented words alone: recorded, promised, and broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from gate.errors import GateError
from gate.toml import parse
from tests.machine.foreign.library import HERE, MARK, Library, stands
from tests.machine.trial import Machine

FAULTS = [
    name
    for file in sorted((HERE / "faults").glob("*.toml"))
    for name in parse(file, GateError)["fault"]
]
DRILL_S = 600.0
"""No fault is begun later than so."""


@pytest.fixture(scope="module")
def library(machine: Machine) -> Iterator[Library]:
    """The library, and its operator's folder."""
    with stands(machine) as found:
        yield found


def test_what_is_promised_holds(library: Library) -> None:
    """Every item of the contract that is written by hand is green, and none is warned of."""
    done = library.gate("check", "predeploy")
    assert (done.returncode, library.outcomes()) == (0, {}), done.stdout + done.stderr


def test_recorded_from_nothing(library: Library, machine: Machine) -> None:
    """What is recorded is green at once, speaks of the library, tells no secret, and can fail."""
    shutil.rmtree(library.folder / "recorded", ignore_errors=True)  # where it is tried again
    done = library.gate("record", "--contract=recorded", "--write=recorded")
    assert done.returncode == 0, done.stdout + done.stderr
    files = {one.stem: one.read_text() for one in (library.folder / "recorded").iterdir()}
    assert MARK not in "".join(files.values()) + done.stdout + done.stderr
    for chapter, words in RECORDED.items():
        assert [one for one in words if one not in files[chapter]] == [], files[chapter]
    machine.run("touch /etc/nginx/sites-available/default")  # it is not enabled
    looked = library.gate("check", "predeploy", "--contract=recorded")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "FAIL" not in "".join(library.outcomes().values())
    conf = "/etc/nginx/conf.d/library.conf"
    machine.run(f"touch {conf}")
    try:
        library.gate("check", "predeploy", "--contract=recorded")
        said = {id_: one for id_, one in library.outcomes().items() if one.startswith("FAIL")}
        assert set(said) == {"process.nginx"}, said
        assert f"{conf} changed at" in said["process.nginx"]
    finally:
        machine.run("systemctl reload nginx")


RECORDED = {
    "services": ('"library.service"', '"nginx.service"'),
    "processes": (
        *("/srv/library/venv/bin/python3", '"SECRET_KEY"', '"/etc/library/env"'),
        *('"/etc/nginx/nginx.conf"', '"/etc/nginx/conf.d"', '"/etc/nginx/sites-enabled"'),
        *('"/etc/library/tls/', 'zone = "Etc/UTC"'),
    ),
    "ports": ("port = 443", "port = 8600"),
    "paths": ('"/etc/library/env"', '"/srv/library/current"'),
    "users": ('"library"',),
    "timers": ('"library-backup.timer"', "# left out: ran_within_s of timer library-backup: "),
    "packages": ('"nginx"',),
    "certificates": ('"library.example.org"', '"Library CA"'),
    "database": ("[table.books]", "grant on table books to library"),
    "migrations": ("0002_loans",),
}


@pytest.fixture(scope="module")
def drilled(library: Library, request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """What became of each fault that is asked for: done, proven, named, undone, green again."""
    asked = {one.name for one in request.session.items}
    chosen = [one for one in FAULTS if f"{test_a_fault.__name__}[{one}]" in asked] or FAULTS[:1]
    done = library.gate("drill", "--apply", f"--only={','.join(chosen)}", f"--within={DRILL_S:g}")
    matrix = library.folder / "reports" / "drill" / "library" / "matrix.json"
    assert matrix.is_file(), done.stdout + done.stderr
    return {one["id"]: one for one in json.loads(matrix.read_text())["faults"]}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, drilled: dict[str, dict[str, Any]]) -> None:
    """It turns its own items for their reason, and nothing else; undone, all is well again."""
    assert name in drilled, f"not reached within {DRILL_S:g} s"
    assert drilled[name]["end"] == "detected", drilled[name]


def test_no_secret_is_told(library: Library, drilled: dict[str, dict[str, Any]]) -> None:
    """In no report of any look there is one."""
    assert drilled
    files = [one for one in (library.folder / "reports").rglob("*") if one.is_file()]
    assert files
    assert [one for one in files if MARK.encode() in one.read_bytes()] == []
