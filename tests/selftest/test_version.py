"""Versions: what meets a promised one, and what only looks like it."""

from __future__ import annotations

import pytest

from gate.version import meets, package_meets


@pytest.mark.parametrize(
    ("version", "promised", "is_met"),
    [
        ("16", "16", True),
        ("16.11", "16", True),
        ("16.11 (Debian 16.11-1.pgdg120+1)", "16", True),
        ("16.11 (Debian 16.11-1.pgdg120+1)", "16.11", True),
        ("160", "16", False),
        ("1.6", "16", False),
        ("2.4.0", "2.4.0", True),
        ("2.4.0.1", "2.4.0", True),
        ("2.4.0.changed", "2.4.0", False),
        ("2.4.0.1.changed", "2.4.0", False),
        ("2.4.0-3-g1a2b3c4", "2.4.0", False),
        ("2.4.0-dirty", "2.4.0", False),
        ("2.4.0rc1", "2.4.0", False),
        ("2.4.0.dev1", "2.4.0", False),
        ("2.4", "2.4.0", False),
    ],
)
def test_a_version(version: str, promised: str, is_met: bool) -> None:  # noqa: FBT001 - a table
    """The promised one or the same said more exactly; a mark of a change is neither."""
    assert meets(version, promised) is is_met


@pytest.mark.parametrize(
    ("version", "promised", "is_met"),
    [
        ("1.22.1-9", "1.22", True),
        ("1.22.1-9", "1.22.1", True),
        ("1.22.1-9", "1.22.1-9", True),
        ("1:1.22.1-9", "1.22", True),
        ("1:1.22.1-9", "1:1.22", True),
        ("2.0+dfsg-1~bpo12", "2.0", True),
        ("1.220-1", "1.22", False),
        ("1.22~rc1-1", "1.22", False),
        ("1.22.rc1", "1.22", False),
        ("6.1.0-18-amd64", "6.1", True),
        ("6.1.0-18-amd64", "6.1.0-18", True),
        ("6.1.0-181-amd64", "6.1.0-18", False),
    ],
)
def test_a_packages_version(version: str, promised: str, is_met: bool) -> None:  # noqa: FBT001
    """Its revision and build may follow; what comes before it, or another number, may not."""
    assert package_meets(version, promised) is is_met
