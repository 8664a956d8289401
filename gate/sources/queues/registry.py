"""Every engine there is: the modules of this package, and what others add by entry point."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

import gate.sources.queues
from gate.errors import ContractError
from gate.outside import named
from gate.sources.queues.engine import Engine

GROUP = "gate.engines"
"""Entry points of this group name an `Engine` in a package from outside."""


@functools.cache
def engines() -> Mapping[str, Engine[Any]]:
    """Every engine by its name.

    Raises:
        ContractError: Two have one name, or what is named from outside is no engine.
    """
    found: dict[str, Engine[Any]] = {}
    modules = pkgutil.iter_modules(gate.sources.queues.__path__)
    names = [f"gate.sources.queues.{one.name}" for one in modules]
    own = [getattr(importlib.import_module(name), "ENGINE", None) for name in sorted(names)]
    outside = [(point, point.load()) for point in named(GROUP)]
    for point, one in outside:
        if not isinstance(one, Engine):
            raise ContractError(
                f"the entry point {point.name!r} of the group {GROUP} names {point.value}, "
                f"which is no gate.sources.queues.engine.Engine"
            )
    for one in (*filter(None, own), *(one for _, one in outside)):
        if one.name in found:
            raise ContractError(f"two engines of queues are called {one.name!r}")
        found[one.name] = one
    return found
