"""Every source there is: the packages and modules beside this one, and others by entry point."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any

import gate.sources
from gate.errors import ContractError
from gate.outside import named
from gate.sources.source import Source

GROUP = "gate.sources"
"""Entry points of this group name a `Source` in a package from outside."""


@functools.cache
def sources() -> Mapping[str, Source[Any]]:
    """Every source by its name, in the order of their ranks.

    Raises:
        ContractError: Two have one name, one needs another that there is not or that looks no
            earlier, or what is named from outside is no source.
    """
    found: dict[str, Source[Any]] = {}
    for one in sorted((*_own(), *_from_outside()), key=lambda one: (one.rank, one.name)):
        if one.name in found:
            raise ContractError(f"two sources are called {one.name!r}")
        unknown = [name for name in one.after if name not in found]
        if unknown:
            raise ContractError(f"the source {one.name!r} comes after {unknown[0]!r}: none does")
        found[one.name] = one
    return found


def _own() -> Iterable[Source[Any]]:
    for module in pkgutil.iter_modules(gate.sources.__path__):
        name = f"{module.name}.source" if module.ispkg else module.name
        found = getattr(importlib.import_module(f"gate.sources.{name}"), "SOURCE", None)
        if isinstance(found, Source):
            yield found


def _from_outside() -> Iterable[Source[Any]]:
    for point in named(GROUP):
        found = point.load()
        if not isinstance(found, Source):
            raise ContractError(
                f"the entry point {point.name!r} of the group {GROUP} names {point.value}, "
                f"which is no gate.sources.source.Source"
            )
        yield found
