"""The application's git repository: two releases as tags, the plain folder is at one of them."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from sandbox.home import SandboxError

BEFORE, AFTER = "v2.4.0", "v2.5.0"
"""Tags of the release that runs, and of the one that is to be deployed."""
UNKEPT = ".venv\n.env\n__pycache__/\n"
NOBODYS = {
    **{f"GIT_{who}_NAME": "ATUM DESK" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "desk@example.org" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def begin(folder: pathlib.Path) -> None:
    """Make a repository of a folder; what is no part of a release is left out of it."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text(UNKEPT, "utf-8")


def keep(folder: pathlib.Path, tag: str) -> None:
    """Keep what lies in the folder as a release."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"Release {tag}")
    git(folder, "tag", tag)


def move(folder: pathlib.Path, tag: str) -> None:
    """Have a release in the folder."""
    git(folder, "checkout", "--quiet", "--detach", tag)


def at(folder: pathlib.Path) -> str:
    """The tag that the folder is at; empty where it is at none, or changed."""
    found = git(folder, "describe", "--tags", "--always", "--dirty")
    return found if found in (BEFORE, AFTER) else ""


def git(folder: pathlib.Path, *words: str) -> str:
    """Run git in a folder; return what it prints.

    Raises:
        SandboxError: There is no git, or it refuses.
    """
    if shutil.which("git") is None:
        raise SandboxError("the application's code is moved by git: install git")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**kept, **NOBODYS},
    )
    if done.returncode:
        raise SandboxError(f"git {words[0]} in {folder}: {done.stderr.strip()}")
    return done.stdout.strip()
