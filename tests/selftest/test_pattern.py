"""Patterns of a contract end in time, whatever text they meet."""

from __future__ import annotations

import time
import types

import pytest

from gate.errors import ObservationError
from gate.pattern import first_like, search, unlike


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


def test_lines_share_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one line took is not there for the next one; at the end of it nothing is known."""
    times = iter((5.0, 5.0, 5.75))
    given: list[float] = []

    def searched(pattern: str, text: str, *, within_s: float) -> tuple[str, ...] | None:
        given.append(within_s)
        return search(pattern, text)

    monkeypatch.setattr("gate.pattern.search", searched)
    clock = types.SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr("gate.pattern.time", clock)
    assert first_like(["b"], ["a", "b"], within_s=1.0) == ["", "b"]
    assert given == [1.0, 0.25]
    times = iter((5.0, 6.0))
    with pytest.raises(ObservationError, match="within 1 s on all lines"):
        first_like(["b"], ["b"], within_s=1.0)
