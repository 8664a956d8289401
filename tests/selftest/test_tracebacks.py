"""Errors of tests: pytest words them as ever, from the test on."""

from __future__ import annotations

import pytest

from gate.plugin.tracebacks import begin_at_test


def fails() -> None:
    """A test that fails one call deeper."""
    helps()


def helps() -> None:
    """Stands below the test."""
    raise ValueError("wrong")


def called(depth: int) -> None:
    """Stands above the test, as pytest itself does."""
    if depth:
        called(depth - 1)
    else:
        fails()


@pytest.fixture
def item(request: pytest.FixtureRequest) -> pytest.Function:
    """The test that fails."""
    made: pytest.Function = pytest.Function.from_parent(
        request.node.parent, name="fails", callobj=fails
    )
    return made


def caught(depth: int) -> pytest.ExceptionInfo[BaseException]:
    """Its error, raised below some calls."""
    with pytest.raises(ValueError, match="wrong") as caught:
        called(depth)
    return caught


def test_frames_above_the_test_are_left_out(item: pytest.Function) -> None:
    """All but one; what pytest words is the same."""
    long, short = caught(20), caught(20)
    begin_at_test(item, short)
    names = [one.name for one in short.traceback]
    assert names == ["called", "fails", "helps"]
    assert len(long.traceback) > 20
    assert str(item.repr_failure(short)) == str(item.repr_failure(long))


def test_error_that_comes_from_elsewhere_stays(item: pytest.Function) -> None:
    """A fixture's error has no frame of the test; nothing is left out of it."""
    with pytest.raises(ValueError, match="wrong") as caught:
        helps()
    before = [one.name for one in caught.traceback]
    begin_at_test(item, caught)
    assert [one.name for one in caught.traceback] == before
    begin_at_test(item, None)
