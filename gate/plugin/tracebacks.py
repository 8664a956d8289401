"""Errors of tests without the frames of pytest itself, left out before anybody words them."""

from __future__ import annotations

import inspect
import types

import pytest


def begin_at_test(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException] | None) -> None:
    """Have an error's traceback begin where pytest calls the test.

    pytest leaves these frames out by itself, and asks the file system about the file of each of
    them: two dozen for every promise that is broken or cannot be told.
    """
    if excinfo is None or not isinstance(item, pytest.Function):
        return
    if item.config.getoption("fulltrace", default=False):
        return
    code = getattr(inspect.unwrap(item.obj), "__code__", None)
    above = 0
    at: types.TracebackType | None = excinfo.tb
    while at is not None and at.tb_frame.f_code is not code:
        above, at = above + 1, at.tb_next
    # One of pytest's own is left: it filters what it finds, and so knows that there is something.
    if at is not None and above > 1:
        excinfo.traceback = excinfo.traceback[above - 1 :]
