"""Every kind there is: the modules of this package, and what others add by entry point."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Mapping

import gate.kinds
from gate.errors import ContractError
from gate.kinds.kind import Kind
from gate.outside import named

GROUP = "gate.kinds"
"""Entry points of this group name a `Kind` in a package from outside."""


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its name, in the order of their ranks.

    Raises:
        ContractError: Two kinds have one name, or what is named from outside is no kind.
    """
    found: dict[str, Kind] = {}
    for one in sorted((*_own(), *_from_outside()), key=lambda one: (one.rank, one.name)):
        if one.name in found:
            raise ContractError(f"two kinds of promises are called {one.name!r}")
        found[one.name] = one
    return found


def _own() -> Iterable[Kind]:
    for module in pkgutil.iter_modules(gate.kinds.__path__):
        kind = getattr(importlib.import_module(f"gate.kinds.{module.name}"), "KIND", None)
        if isinstance(kind, Kind):
            yield kind


def _from_outside() -> Iterable[Kind]:
    for point in named(GROUP):
        kind = point.load()
        if not isinstance(kind, Kind):
            raise ContractError(
                f"the entry point {point.name!r} of the group {GROUP} names {point.value}, "
                f"which is no gate.kinds.kind.Kind"
            )
        yield kind
