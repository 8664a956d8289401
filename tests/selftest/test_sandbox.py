"""The sandbox's own complaints: where it cannot stand, it says so and what to do."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from sandbox import release, repository
from sandbox.home import Home, SandboxError, find_home
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


@pytest.fixture
def precious(tmp_path: pathlib.Path) -> pathlib.Path:
    """Somebody's folder, laid out as a sandbox's."""
    folder = tmp_path / "precious"
    (folder / "default" / "root" / "run").mkdir(parents=True)
    (folder / "default" / "root" / "run" / "file").write_text("kept", "utf-8")
    (folder / "file").write_text("kept", "utf-8")
    return folder


def down(temporary: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Take the default sandbox down where this is the folder for temporary files."""
    environment = {k: v for k, v in os.environ.items() if k != "ATUM_SANDBOX_HOME"}
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "down"],
        env={**environment, "TMPDIR": str(temporary)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("which", ["base", "home", "lock"])
def test_down_follows_no_link(tmp_path: pathlib.Path, precious: pathlib.Path, which: str) -> None:
    """What somebody else put where a sandbox would be leads to nothing that is removed."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    base = temporary / f"atum-desk-sandbox-{os.getuid()}"
    if which == "base":
        base.symlink_to(precious)
    else:
        base.mkdir(mode=0o700)
        link = base / ("default" if which == "home" else ".default.lock")
        link.symlink_to(precious / ("default" if which == "home" else "file"))
    done = down(temporary)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    assert (precious / "default" / "root" / "run" / "file").read_text("utf-8") == "kept"
    assert (precious / "file").read_text("utf-8") == "kept"


@pytest.mark.parametrize("fault", ["mode", "owner"])
def test_a_folder_of_others_is_refused(tmp_path: pathlib.Path, fault: str) -> None:
    """A folder that others own, or may write to, is no place to remove anything in."""
    base = tmp_path / f"atum-desk-sandbox-{os.getuid()}"
    (base / "default").mkdir(parents=True)
    if fault == "mode":
        base.chmod(0o777)
    elif os.getuid() != 0:
        pytest.skip("only root gives folders away")
    else:
        os.chown(base, 12345, 12345)
    done = down(tmp_path)
    assert done.returncode != 0, done.stdout
    assert ("others may write" if fault == "mode" else "another user") in done.stderr
    assert (base / "default").is_dir()


def test_each_release_is_its_own(tmp_path: pathlib.Path) -> None:
    """The folder moves from release to release, and git sees no change that nobody made."""
    release.keep_both(tmp_path / "api", {"x.service": "[Unit]\n"}, "#!/bin/sh\n")
    for tag in (repository.BEFORE, repository.AFTER, repository.BEFORE):
        repository.move(tmp_path / "api", tag)
        for file in (tmp_path / "api" / "app").iterdir():
            os.utime(file)  # whatever git keeps of times: it has to look into each
        assert repository.at(tmp_path / "api") == tag
        version = (tmp_path / "api" / "app" / "version.py").read_text("utf-8")
        assert f'"{tag.removeprefix("v")}"' in version
    assert not (tmp_path / "api" / "infra").exists()


def test_a_unit_that_starts_makes_no_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several start at once: each would make what is missing, and one of them fails over it."""
    monkeypatch.setenv("ATUM_SANDBOX_HOME", str(tmp_path))
    home = Home(tmp_path / "own", "own")
    release.lay_out(home, 0, "nobody", {})
    unit = "[Service]\nType=simple\nExecStart=/bin/sleep 60\n"
    (home.units / "own.service").write_text(unit, "utf-8")
    before = {one for one in home.root.rglob("*") if one.is_dir()}
    for verb in ("start", "stop"):
        words = [sys.executable, "-m", "systemctl3", f"--root={home.root}", verb, "own.service"]
        subprocess.run(words, check=True, timeout=60, capture_output=True)  # noqa: S603
    assert {one for one in home.root.rglob("*") if one.is_dir()} == before
