"""Recall is judged by distance: of rows that are equally far one is as good as the other."""

from __future__ import annotations

import math

import pytest

from gate.sources.rehearsal.vectors import share

NAN = math.nan


@pytest.mark.parametrize(
    ("found", "right", "expected"),
    [
        ([0.0, 0.5], [0.0, 0.5], 1.0),
        ([0.0, 0.5000000001], [0.0, 0.5], 1.0),
        ([0.0, 0.51], [0.0, 0.5], 0.5),
        ([0.0], [0.0, 0.5], 0.5),
        ([], [0.5], 0.0),
        ([0.0, NAN], [0.0, NAN], 1.0),
        ([NAN, NAN], [0.0, 0.1], 0.0),
        ([-9.0, -8.0], [-9.0, -8.0], 1.0),
        ([-9.0, -7.0], [-9.0, -8.0], 0.5),
    ],
)
def test_share(found: list[float], right: list[float], expected: float) -> None:
    """A tie counts, a farther row and a missing one do not."""
    assert share(found, right) == expected
