"""The cause in what a program said before it ended."""

from __future__ import annotations

import pytest

from gate.sources.rehearsal.cause import cause, is_shut_out

HEAD = "Traceback (most recent call last):\n"
OWN = '  File "/srv/shop/app/models.py", line 7, in load\n    boom()\n'
LIBRARY = '  File "/srv/venv/lib/python3.11/site-packages/sqlalchemy/x.py", line 9, in y\n'
GATE = '  File "/gate/sources/rehearsal/inside/steps.py", line 57, in do\n'
NEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (HEAD + GATE + OWN + LIBRARY + "ValueError: no", "app/models.py line 7 in load: ValueError: no"),
        (HEAD + OWN + GATE + "ValueError: no", "app/models.py line 7 in load: ValueError: no"),
        (HEAD + LIBRARY + "KeyError", "sqlalchemy/x.py line 9 in y: KeyError"),
        (HEAD + "KeyError: 'x'", "KeyError: 'x'"),
        (HEAD + OWN + "KeyError: 'x'\n" + NEXT + HEAD + OWN + "ValueError: no",
         "app/models.py line 7 in load: ValueError: no"),
        (HEAD + "KeyError: 'x'\n" + HEAD + "ValueError: no", "KeyError: 'x'; ValueError: no"),
        (NEXT + HEAD + "KeyError: 'x'", "KeyError: 'x'"),
        ("  | " + HEAD + "  | KeyError: 'x'", "KeyError: 'x'"),
        ("starting\nFATAL no such table\nbye", "FATAL no such table"),
        ("it   went\naway", "it went away"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_cause(log: str, told: str) -> None:
    """Of a traceback the innermost line of its own, never of a library or of what was sent."""
    assert cause(log) == told


@pytest.mark.parametrize(
    ("log", "shut"),
    [("psycopg: Connection refused", True), ("gaierror: x", True), ("ValueError: no", False)],
)
def test_what_reached_nothing(log: str, shut: bool) -> None:  # noqa: FBT001 - a case
    """That it needs something from outside of its fence."""
    assert is_shut_out(log) is shut
