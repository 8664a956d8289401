"""Python's packages, by the names of the folders and files that an installer leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gate.secrets import known

KEPT = re.compile(
    r"(?P<name>[^/]+?)-(?P<version>[^-/]+)(?:-py\d[\d.]*(?:-[\w.-]+)?)?\.(?:dist-info|egg-info|egg)"
)
"""``foo-1.0.dist-info``, ``foo-1.0.egg-info``, ``foo-1.0-py3.11.egg-info``, ``foo-1.0-py3.11.egg``.

Source:
    The specification of recorded installed projects, and setuptools' egg formats.
"""


def versions_of(name: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Every version of a package that is there, sorted: two where one was laid over another."""
    wanted = _plain(name)
    matches = filter(None, map(KEPT.fullmatch, lines))
    return tuple(sorted({one["version"] for one in matches if _plain(one["name"]) == wanted}))


def several(folder: str, name: str, versions: Iterable[str]) -> str:
    """Why nobody can tell the version of a package that is there in several."""
    said = known.first(", ".join(versions), 80)
    return f"{folder} holds {name} in several versions, one laid over another: {said}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
