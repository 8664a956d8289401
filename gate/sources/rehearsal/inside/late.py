"""Does something with a module as soon as it is there: now, or when a step imports it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import sys
from collections.abc import Callable
from typing import Any


def when_imported(does: dict[str, Callable[[Any], None]]) -> None:
    """Do something with each module, whoever imports it and when.

    One that is built otherwise than expected, as another version of it may be, stays as it is.

    Args:
        does: By a module's full name, what is done with it once it has been run.
    """
    for name, do in does.items():
        if name in sys.modules:
            with contextlib.suppress(AttributeError):
                do(sys.modules[name])
    sys.meta_path.insert(0, _Late(does))


class _Late:
    """Finds a module where others find it, and does something behind its first run."""

    def __init__(self, does: dict[str, Callable[[Any], None]]) -> None:
        self._does = does
        self._asked: list[str] = []

    def find_spec(self, name: str, _: Any = None, __: Any = None) -> Any:
        if name not in self._does or name in self._asked:
            return None
        self._asked.append(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asked.remove(name)
        loader: Any = spec.loader if spec is not None else None
        if hasattr(loader, "exec_module"):
            loader.exec_module = functools.partial(self._run, name, loader.exec_module)
        return spec

    def _run(self, name: str, run: Callable[[Any], None], module: Any) -> None:
        run(module)
        with contextlib.suppress(AttributeError):
            self._does[name](module)
