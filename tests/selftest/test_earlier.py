"""Earlier moments of a deployment: of this run, of kept runs, and of nobody else's."""

from __future__ import annotations

import json
import pathlib

import pytest

from gate.report.story import read_verdict

WHOLE = {
    "verdict": "BLOCKED",
    "exit_status": 1,
    "not_run": [],
    "warnings": [],
    "items": [
        {
            "id": "service.api",
            "chapter": "services",
            "title": "It runs",
            "outcome": "FAIL",
            "promised": "active",
            "seen": "dead",
            "reason": "it is dead",
            "look": "",
            "seconds": 0.1,
        }
    ],
}


def test_a_kept_verdict_is_read(tmp_path: pathlib.Path) -> None:
    """With its items."""
    (tmp_path / "verdict.json").write_text(json.dumps(WHOLE), "utf-8")
    found = read_verdict(tmp_path)
    assert found is not None
    assert found.word.value == "BLOCKED"
    assert [(one.id, one.outcome.value, one.seen) for one in found.lines] == [
        ("service.api", "FAIL", "dead")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({**WHOLE, "verdict": "RUNNING"}),
        json.dumps({**WHOLE, "items": [{"id": 1}]}),
        json.dumps({key: value for key, value in WHOLE.items() if key != "items"}),
        "[" * 100_000,
        "\udcff",
    ],
)
def test_half_a_verdict_is_none(tmp_path: pathlib.Path, text: str) -> None:
    """What a killed run left, and what is no verdict, tells nothing, and breaks nothing."""
    (tmp_path / "verdict.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_verdict(tmp_path) is None


def test_no_file_is_none(tmp_path: pathlib.Path) -> None:
    """Nor a folder."""
    assert read_verdict(tmp_path / "gone") is None
