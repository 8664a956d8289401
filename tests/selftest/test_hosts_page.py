"""The page of what of a host can be promised: its kinds and its tests are there."""

from __future__ import annotations

import pathlib
import re

from gate.kinds.registry import kinds

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| [^|]+ \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
HOST_KINDS = (
    *("file", "package", "mount", "user", "group", "timer", "cron", "sysctl", "kernel", "load"),
    *("time", "resolve", "firewall", "container", "certificate", "socket", "process", "check"),
)


def test_each_row_has_its_kind_and_its_test() -> None:
    """A kind that is named is one, and a test that is named can be run."""
    rows = ROW.findall((ROOT / "docs/howto/hosts.md").read_text("utf-8"))[2:]
    assert len(rows) > 20
    told = set()
    for here, tests in rows:
        told |= set(re.findall(r"`(\w+)`", here)) & set(kinds())
        for file, name in re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", tests):
            text = (ROOT / "tests/selftest" / file).read_text("utf-8")
            assert f"def {name or 'test_'}" in text, (file, name)
    assert set(HOST_KINDS) <= told
