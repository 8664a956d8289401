"""The example of another system: whole, by itself, and nothing of it stays behind."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.selftest.runs import ROOT, environ

WITHIN_S = 180.0


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> pathlib.Path:
    """The example in a folder of its own."""
    folder = tmp_path / "shop"
    ignored = shutil.ignore_patterns("reports", "var", "__pycache__")
    shutil.copytree(ROOT / "examples/shop", folder, ignore=ignored)
    return folder


def told(folder: pathlib.Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in it."""
    return subprocess.run(  # noqa: S603 - the gate itself
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environ(PYTHONPATH=str(ROOT), **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )


def test_tells_the_whole_story(shop: pathlib.Path) -> None:
    """``pytest`` alone: before, deployed, rolled back; every promise accounted for."""
    done = told(shop, "pytest", "-q")
    assert done.returncode == 0, done.stdout
    for moment in ("predeploy", "postdeploy", "rollback"):
        file = shop / "reports/throwaway" / moment / "verdict.json"
        found = json.loads(file.read_text("utf-8"))
        outcomes = {one["id"]: one["outcome"] for one in found["items"]}
        assert found["verdict"] == "PROMOTE"
        assert outcomes["test.checkout"] == "PASS"
        assert outcomes["path.log"] == "WAIVED"
    assert list((shop / "var").iterdir()) == []
    assert "no lock in the database" not in done.stdout


def test_its_snapshot_is_its_own(shop: pathlib.Path) -> None:
    """A template beside the contract words the document."""
    told(shop, "gate", "check", "predeploy")
    text = (shop / "reports/throwaway/predeploy/STATE_SNAPSHOT_BEFORE.md").read_text("utf-8")
    assert text.startswith("# Tea shop 1.1: vouchers")
    assert "| Shop | 1.0" in text
    assert "/api/vouchers" in text


def test_a_real_target_of_it_reads(shop: pathlib.Path) -> None:
    """The target of the live shop is one that the gate takes: it fails to get there, not before.

    Without the variables that it names it is a mistake, and each of them is told.
    """
    done = told(shop, "gate", "check", "predeploy", "--target=live")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "live.toml: api.roles.clerk.user_env: the environment variable SHOP_CLERK" in done.stderr
    given = {"SHOP_CLERK": "clerk", "SHOP_CLERK_PASSWORD": "a-password-of-nobody"}
    done = told(shop, "gate", "check", "predeploy", "--target=live", **given)
    assert done.returncode == 10, done.stdout + done.stderr
