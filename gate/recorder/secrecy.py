"""Nothing secret is written down: an item that holds what looks like a secret is left out whole.

A text is judged by itself, and not by the key before it: the type of a column that is called
``two_factor_secret`` is no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.secrets import known


def holds_secret(keys: Mapping[str, Any]) -> str:
    """The key under which something is that must not be told; empty where there is nothing."""
    return next(
        (
            key
            for key, value in keys.items()
            if any(known.clean(one) != one for one in _texts(value))
        ),
        "",
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
