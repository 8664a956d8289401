"""The sandbox's own complaints: where it cannot stand, it says so and what to do."""

from __future__ import annotations

import os
import pathlib

import pytest

from sandbox.home import SandboxError, find_home
from sandbox.postgres import check_reach


def test_a_folder_that_its_server_cannot_enter(tmp_path: pathlib.Path) -> None:
    """Root's private folder is closed to the user that PostgreSQL is run by; others run it."""
    closed = tmp_path / "with space"
    closed.mkdir(mode=0o700)
    if os.getuid() != 0:
        check_reach(closed / "default")
        return
    with pytest.raises(SandboxError, match="lets nobody else in") as caught:
        check_reach(closed / "default")
    assert "chmod o+x '" in str(caught.value)


def test_a_name_that_is_no_file_name() -> None:
    """A name cannot lead out of the folder."""
    with pytest.raises(SandboxError, match="no name for a sandbox"):
        find_home("../elsewhere")
