"""Releases out of a git repository: read there, taken out beside it, and nothing of it changed."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

import pytest

from gate.connection.carrier import open_carrier
from gate.contract.rehearsal import Alembic
from gate.errors import ObservationError
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.sources.host.look import look
from gate.sources.host.questions import AskRevisions, host_questions
from gate.sources.rehearsal.tree import MARK, taken_out
from tests.selftest.hosts import target

OLD, NEW = "v1", "v2"
REVISION = 'revision = "{0}"\ndown_revision = None\n\n# the end of {0}\n'


def git(folder: pathlib.Path, *words: str) -> str:
    """Run git there, as nobody in particular."""
    names = {
        f"GIT_{who}_{what}": "x@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(  # noqa: S603 - our own words
        ["git", "-C", str(folder), *words],  # noqa: S607 - wherever it is
        env={**os.environ, **names, "GIT_CONFIG_GLOBAL": "/dev/null"},
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def api(tmp_path: pathlib.Path) -> pathlib.Path:
    """A repository with two releases, the older checked out, and what git does not keep."""
    folder = tmp_path / "a desk" / "api"
    (folder / ".venv").mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text(".venv\n.env\n", "utf-8")
    (folder / ".env").write_text("SMTP_HOST=mail\n", "utf-8")
    for tag, names in ((OLD, ["a"]), (NEW, ["a", "b"])):
        (folder / "versions").mkdir(exist_ok=True)
        for name in names:
            (folder / "versions" / f"{name}.py").write_text(REVISION.format(name), "utf-8")
        (folder / "release").write_text(tag, "utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", tag)
        git(folder, "tag", tag)
    git(folder, "checkout", "--quiet", OLD)
    return folder


def alembic(folder: pathlib.Path, commit: str = NEW) -> Alembic:
    """How Alembic is run there."""
    return Alembic(
        folder=str(folder), git=commit, link=(".venv",), versions=str(folder / "versions")
    )


def left(folder: pathlib.Path) -> list[str]:
    """What stands beside the repository, and what git knows of."""
    beside = [one.name for one in folder.parent.iterdir() if one != folder]
    return beside + git(folder, "worktree", "list").splitlines()[1:]


def state(folder: pathlib.Path) -> list[tuple[str, bytes]]:
    """Every file of a folder."""
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return [(str(one), one.read_bytes()) for one in files]


def test_a_release_is_taken_out_and_put_away(api: pathlib.Path) -> None:
    """The tree is the tag's, has what is linked and nothing private; no hook of it is run."""
    hook = api / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{api.parent}/hooked'\n", "utf-8")
    hook.chmod(0o755)
    with (
        open_carrier(target("local://")) as carrier,
        taken_out(alembic(api), target("local://"), carrier) as how,
    ):
        tree = pathlib.Path(how.folder)
        assert tree.parent == api.parent
        assert (tree / "release").read_text("utf-8") == NEW
        assert how.versions == f"{tree}/versions"
        assert (tree / ".venv").resolve() == api / ".venv"
        assert not (tree / ".env").exists()
        assert (api / "release").read_text("utf-8") == OLD
    assert left(api) == []


def test_it_is_put_away_whatever_happens(api: pathlib.Path) -> None:
    """An error within leaves nothing; what a killed gate left goes with the next one."""
    old = api.parent / f"api{MARK}0123456789ab"
    git(api, "worktree", "add", "--quiet", "--detach", str(old), OLD)
    os.utime(old, (time.time() - 86400,) * 2)
    with open_carrier(target("local://")) as carrier:
        with (
            pytest.raises(RuntimeError),
            taken_out(alembic(api), target("local://"), carrier),
        ):
            raise RuntimeError
        assert left(api) == []
        with (
            pytest.raises(ObservationError, match=r"no worktree of v3 .*v3"),
            taken_out(alembic(api, "v3"), target("local://"), carrier),
        ):
            pytest.fail("there is no such tag")
        (api / ".venv").rmdir()
        with (
            pytest.raises(ObservationError, match=r"\.venv: there is none to link to"),
            taken_out(alembic(api), target("local://"), carrier),
        ):
            pytest.fail("there is nothing to link to")
    assert left(api) == []


def test_a_folder_that_is_no_repository(tmp_path: pathlib.Path) -> None:
    """It is said, also where the folder lies in somebody's repository."""
    (tmp_path / "api").mkdir()
    git(tmp_path, "init", "--quiet")
    with (
        open_carrier(target("local://")) as carrier,
        pytest.raises(ObservationError, match="is not the top of a git repository"),
        taken_out(alembic(tmp_path / "api"), target("local://"), carrier),
    ):
        pytest.fail("it is none")


def read(folder: pathlib.Path, commit: str) -> Fact[dict[str, str]]:
    """The revision files of a commit, as a host tells them."""
    asked = AskRevisions(str(folder), commit)
    with open_carrier(target("local://")) as carrier:
        host = look(target("local://"), host_questions([asked], 0.05), carrier)
    assert isinstance(host, Seen), host
    return host.value.files[asked.key]


def test_revisions_of_a_commit_are_read(api: pathlib.Path) -> None:
    """Whole, by file name, out of the commit: also where the folder is not there now."""
    before = state(api)
    files = {name: REVISION.format(name[0]) for name in ("a.py", "b.py")}
    assert read(api / "versions", NEW) == Seen(files)
    assert read(api / "versions", OLD) == Seen({"a.py": files["a.py"]})
    assert state(api) == before
    git(api, "rm", "-r", "--quiet", "versions")
    assert read(api / "versions", NEW) == Seen(files)


def test_a_commit_that_cannot_be_read(api: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """No such tag and no repository are no empty chain; a folder without revisions is absent."""
    found = read(api / "versions", "v3")
    assert isinstance(found, CannotTell)
    assert "v3" in found.reason
    found = read(tmp_path, NEW)
    assert isinstance(found, CannotTell)
    assert "not a git repository" in found.reason
    assert isinstance(read(api / "nothing", NEW), Absent)
