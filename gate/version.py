"""Versions: whether one is the one that was promised, or the same said more exactly."""

from __future__ import annotations

import re

NUMBERS = r"(?:\.\d+)*"
SAID_BESIDE = re.compile(NUMBERS + r"(?: .*)?", re.DOTALL)
"""What may follow: further numbers, and what is said beside them, as in ``16.11 (Debian)``."""
PACKAGED = re.compile(NUMBERS + r"(?:[-+ ].*)?", re.DOTALL)
"""The same of a package: its revision or build as well, as in ``1.22.1-9`` and ``2.0+dfsg``."""
EPOCH = re.compile(r"\d+:")


def meets(version: str, promised: str) -> bool:
    """Whether a version is the promised one: ``16`` is met by 16.11, and not by 160.

    Further numbers only: a mark behind it (``2.4.0.changed``, ``2.4.0-3-gabc``, ``2.4.0rc1``) says
    that it is another one.
    """
    return version.startswith(promised) and _follows(SAID_BESIDE, version, promised)


def package_meets(version: str, promised: str) -> bool:
    """The same of a package's version, whatever its epoch; ``1.22~rc1`` comes before 1.22."""
    found = {version, EPOCH.sub("", version, count=1)}
    return any(one.startswith(promised) and _follows(PACKAGED, one, promised) for one in found)


def _follows(pattern: re.Pattern[str], version: str, promised: str) -> bool:
    return pattern.fullmatch(version.removeprefix(promised)) is not None
