"""Patterns of a contract end in time, whatever text they meet."""

from __future__ import annotations

import time

import pytest

from gate.errors import ObservationError
from gate.pattern import search, unlike


def test_match_and_groups() -> None:
    """The whole match comes first; a group that took no part is empty."""
    assert search(r"v(\d+)(?:\.(\d+))?", "python v3") == ("v3", "3", "")
    assert search(r"v(\d+)", "python") is None


@pytest.mark.parametrize("pattern", [r"(a|a)*c", r"(a|aa|aaa)+c", r"^(?:(?:a|a)+)+c$"])
def test_pattern_without_end(pattern: str) -> None:
    """What does not come to an end is left, and nothing is known."""
    began = time.process_time()  # of a busy machine's wall clock nothing can be said
    with pytest.raises(ObservationError, match=r"cannot tell \(timeout\): the pattern"):
        search(pattern, "a" * 60 + "!c", within_s=0.2)
    assert "cannot tell" in unlike(pattern, "a" * 60 + "!c")
    assert time.process_time() - began < 10


def test_unlike() -> None:
    """Where there is no pattern, every text is like it."""
    assert (unlike("", "x"), unlike("x", "x")) == ("", "")
    assert unlike("y", "x") == "nothing like 'y' in its output"
