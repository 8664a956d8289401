"""The files of ``--alluredir`` without secrets: its plugin words exceptions and steps itself."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from gate import temporary
from gate.secrets import known

HOOKS = (
    "report_result",
    "report_container",
    "report_globals",
    "report_attached_data",
    "report_attached_file",
)
"""What Allure's own plugin manager calls to have something written."""


class CleanHook:
    """Stands for one of Allure's hooks: cleans what it is called with."""

    def __init__(self, hook: Any) -> None:
        """Stand for it."""
        self._hook = hook

    def __call__(self, **given: Any) -> Any:
        """Call it with clean words."""
        source = given.get("source")
        if source is not None:
            return self._with_file(given, pathlib.Path(os.fspath(source)))
        return self._hook(**{name: _clean(value) for name, value in given.items()})

    def _with_file(self, given: dict[str, Any], source: pathlib.Path) -> Any:
        try:
            content = source.read_bytes()
        except OSError:
            return self._hook(**given)  # whose error says what is wrong with it
        cleaned = _clean(content)
        if cleaned == content:
            return self._hook(**given)
        with temporary.folder() as folder:
            file = folder / "attached"
            file.write_bytes(cleaned)
            return self._hook(**{**given, "source": str(file)})

    def __getattr__(self, name: str) -> Any:
        """Everything else is the hook's own."""
        return getattr(self._hook, name)


def guard_allure() -> Callable[[], None]:
    """Stand before whatever writes Allure's files, where its plugin is loaded.

    Returns:
        A function that ends it.
    """
    commons = sys.modules.get("allure_commons")
    if commons is None:
        return lambda: None
    relay = commons.plugin_manager.hook
    before = {name: getattr(relay, name) for name in HOOKS if hasattr(relay, name)}
    for name, hook in before.items():
        setattr(relay, name, CleanHook(hook))

    def end() -> None:
        for name, hook in before.items():
            setattr(relay, name, hook)

    return end


def _clean(value: Any) -> Any:
    """Clean words; a document of Allure's in place and at any depth."""
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        cleaned = known.clean(text)
        return value if cleaned == text else cleaned.encode("utf-8", "surrogateescape")
    if type(value) is str:
        return known.tell(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if hasattr(type(value), "__attrs_attrs__"):
        for name, one in list(vars(value).items()):
            new = _clean(one)
            if new is not one:
                setattr(value, name, new)
    return value
