"""Recorded from the sandbox, and green at once: a whole run on what was written."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gate.contract.model import Contract
from gate.launcher import INSTANCE
from gate.recorder.live import record
from gate.target import Target
from tests.selftest import runs
from tests.selftest.sandboxes import standing
from tests.selftest.schemas import DRAFTS, complaint

NOTHING = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[dict[str, Any], Target]]:
    """One that stands."""
    with standing("record") as (found, target):
        yield found, target


@pytest.fixture(scope="module")
def chapters(sandbox: tuple[dict[str, Any], Target]) -> dict[str, str]:
    """What is recorded of it, by nobody's help."""
    found, missing = record(sandbox[1], NOTHING)
    assert not [one for one in missing if one.startswith(("services", "database"))], missing
    return found


def test_what_is_recorded(chapters: dict[str, str]) -> None:
    """Every chapter that a look can make up; each is read by the loader and by an editor."""
    assert {
        *("services", "processes", "paths", "ports", "runtimes", "database"),
        *("endpoints", "migrations"),
    } <= {*chapters}
    for name, text in chapters.items():
        assert [complaint(name, text, draft) for draft in DRAFTS] == ["", ""], name
    assert 'working_folder = "/data/ATUM DESK/atum-desk/api"' in chapters["processes"]
    assert '"JWT_SECRET"' in chapters["processes"]
    assert 'path = "/data/ATUM DESK/atum-desk/api/.env"' in chapters["paths"]
    assert 'owner = "atum-desk-api.service"' in chapters["ports"]


def test_twice_it_is_the_same(
    sandbox: tuple[dict[str, Any], Target], chapters: dict[str, str]
) -> None:
    """Two records give the same bytes, but for the date."""
    again, _ = record(sandbox[1], NOTHING)
    assert {name: DAY.sub("", text) for name, text in again.items()} == {
        name: DAY.sub("", text) for name, text in chapters.items()
    }


def test_no_secret(sandbox: tuple[dict[str, Any], Target], chapters: dict[str, str]) -> None:
    """Of variables the names alone: no value of the settings file, and none that the run holds."""
    found, _ = sandbox
    file = pathlib.Path(found["prefix"] + "/data/ATUM DESK/atum-desk/api/.env")
    values = [line.partition("=")[2].strip() for line in file.read_text("utf-8").splitlines()]
    secrets = [one for one in (*values, *found["env"].values()) if len(one) > 9]
    secrets = [one for one in secrets if not one.startswith("/")]
    assert secrets
    whole = "\n".join(chapters.values())
    assert [one for one in secrets if one in whole] == []


def test_it_is_green_at_once(
    sandbox: tuple[dict[str, Any], Target], chapters: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """A whole run of pytest before the deployment, on nothing but what was recorded."""
    name = sandbox[0]["name"] if "name" in sandbox[0] else f"record-{os.getpid()}"
    (tmp_path / "contract").mkdir()
    for chapter, text in chapters.items():
        (tmp_path / f"contract/{chapter}.toml").write_text(text, "utf-8")
    done = runs.run(
        [
            *(sys.executable, "-m", "pytest", "-m", "predeploy", "--target=sandbox"),
            f"--contract={tmp_path / 'contract'}",
            f"--reports={tmp_path / 'reports'}",
        ],
        **{INSTANCE: name},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    verdict = json.loads((tmp_path / "reports/sandbox/predeploy/verdict.json").read_text("utf-8"))
    assert verdict["verdict"] == "PROMOTE"
    assert len(verdict["items"]) > 60
