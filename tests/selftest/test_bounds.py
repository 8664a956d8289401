"""Numbers of any size and form are held against bounds, and none of them ends a look."""

from __future__ import annotations

import pytest

from gate.kinds.bounds import outside


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (5, []),
        (4, ["it is only 4"]),
        (7, ["it is 7"]),
        (float("nan"), ["it is no number"]),
        (float("inf"), ["it is inf"]),
        (10**400, ["it is inf"]),
        (-(10**400), ["it is only -inf"]),
    ],
)
def test_numbers_of_any_size(number: float, wrong: list[str]) -> None:
    """What is not within five and six is named."""
    assert list(outside(number, 5, 6)) == wrong
