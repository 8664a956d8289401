"""What is said of several migrators at once."""

from __future__ import annotations

import pytest

from gate.sources.rehearsal.race import failed

WELL = (0, "done")
UNKNOWN = "of 3 migrators at once one was ended: nothing is known of its end"


@pytest.mark.parametrize(
    ("ended", "asked", "expected"),
    [
        ([WELL] * 3, True, []),
        ([WELL, WELL], True, [UNKNOWN]),
        ([], True, [UNKNOWN] * 3),
        ([WELL, WELL], False, []),
        ([WELL, WELL, (1, "lock taken")], True,
         ["of 3 migrators at once one exited with 1: lock taken"]),
        ([WELL, WELL, (1, "lock taken")], False, []),
        ([WELL, WELL, (1, "Deadlock detected")], False,
         ["of 3 migrators at once one exited with 1: Deadlock detected"]),
        ([WELL, WELL, (None, "late")], True, ["of 3 migrators at once one was ended: late"]),
    ],
)  # fmt: skip
def test_who_failed(
    ended: list[tuple[int | None, str]], *, asked: bool, expected: list[str]
) -> None:
    """Whoever is not heard of did not end well, where so many are promised."""
    assert failed(ended, 3, asked=asked) == expected
