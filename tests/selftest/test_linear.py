"""No text of any kind keeps the gate busy: nothing that reads it takes the square of its length."""

from __future__ import annotations

import contextlib
import pathlib
import time
from collections.abc import Callable

import pytest

from gate import literals, text
from gate.connection import libpq
from gate.plan.journal import read_past
from gate.report import text as report
from gate.report.html.document import to_html
from gate.secrets import patterns
from gate.secrets.redactor import Redactor
from gate.sources.api.body import read_body

LENGTH = 100_000
WITHIN_S = 3.0
"""Of processor time, on a busy machine; each took 0.5 s at most when this was written."""


def _service(said: str, folder: pathlib.Path) -> None:
    file = folder / "service"
    file.write_text(said)
    with contextlib.suppress(LookupError):
        libpq.service("desk", {"PGSERVICEFILE": str(file)})


def _learn(said: str, _folder: pathlib.Path) -> None:
    knowing = Redactor([said])
    assert said not in knowing.clean(f"token {said} and %41%42%43%44")


def _redact(said: str, _folder: pathlib.Path) -> None:
    Redactor(["hunter2-secret-value"]).clean_cut(said)


ADVERSARIES: list[tuple[Callable[[str, pathlib.Path], object], str]] = [
    *((_redact, one) for one in ("…", "...", "=", '\\\\"', "&quot;", "'", "://", "password:")),
    *((_learn, one) for one in ("aB3", "a-", "%41")),
    *((_service, one) for one in ("\n", "\r", "[", "k=", "\n[")),
    *(
        (lambda said, _: literals.literal({"a": said}), one)
        for one in ("eyJ", "eyJa", "://", "pass ")
    ),
    *((lambda said, _: read_past(said), one) for one in ("[", '{"a":', "\n")),
    *((lambda said, _: to_html(said), one) for one in ("\n#", "*", "**a", "`")),
    *((lambda said, _: text.line(said), one) for one in ("\x1b[", "\x1b]", " ", "\u202e")),
    *((lambda said, _: report.cell(said), one) for one in ("|", "\\", "*")),
    *((lambda said, _: patterns.clean_patterns(said), one) for one in ("a_", "eyJ", "-----BEGIN ")),
    *((lambda said, _: patterns.clean_patterns(said), one) for one in ("--a-", "--pass ", " --a")),
    *((lambda said, _: read_body(said.encode(), "application/json"), one) for one in ("[", "9")),
]


@pytest.mark.parametrize("number", range(len(ADVERSARIES)))
def test_long_texts(number: int, tmp_path: pathlib.Path) -> None:
    """100 kB of the worst that was found for it."""
    read, piece = ADVERSARIES[number]
    began = time.process_time()
    read(piece * (LENGTH // len(piece)), tmp_path)
    assert time.process_time() - began < WITHIN_S, piece
