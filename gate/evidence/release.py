"""Which release a run was about: the commit and tree that somebody named, CI, or git itself."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import subprocess
from collections.abc import Mapping

from gate.environment import environment
from gate.errors import GateError

OF_CI = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "GIT_COMMIT",
    "BUILD_SOURCEVERSION",
    "BUILDKITE_COMMIT",
    "BITBUCKET_COMMIT",
    "CIRCLE_SHA1",
)
"""How CI servers name the commit that a job is about."""
HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
WITHIN_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Release:
    """What is released.

    Attributes:
        commit: Hash of the commit; empty where only a tree is known.
        tree: Hash of its tree; empty where it is not known here.
        said_by: Who says so: an option, a variable, or git.
        changed: Whether files that git keeps were changed since: then the commit is not what lies
            there.
    """

    commit: str
    tree: str
    said_by: str
    changed: bool = False

    def document(self) -> dict[str, object]:
        """The same for machines."""
        return dataclasses.asdict(self)


def release_of(asked: str, environ: Mapping[str, str], folder: pathlib.Path) -> Release | None:
    """Find the release that a run is about.

    Args:
        asked: A hash, or what git calls a commit or tag; empty where nobody named one.
        environ: Names it where CI runs.
        folder: Where git is asked otherwise.

    Returns:
        The release; ``None`` where nobody says which it is.

    Raises:
        GateError: What was named is no commit.
    """
    if asked:
        return named(asked, folder)
    for name in OF_CI:
        value = environ.get(name, "").strip().lower()
        if HASH.fullmatch(value):
            return Release(commit=value, tree=_tree(value, folder), said_by=name)
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not HASH.fullmatch(commit):
        return None
    clean = _status(folder, "diff-index", "--quiet", "HEAD", "--") == 0
    return Release(commit=commit, tree=_tree(commit, folder), said_by="git", changed=not clean)


def named(asked: str, folder: pathlib.Path) -> Release:
    """The release that somebody names.

    Args:
        asked: A hash, ``tree:HASH``, or what git calls a commit or tag.
        folder: Where git is asked.

    Raises:
        GateError: It is no commit.
    """
    kind, _, value = asked.rpartition(":")
    if kind == "tree" and HASH.fullmatch(value):
        return Release(commit="", tree=value, said_by="--release")
    commit = asked.lower()
    if not HASH.fullmatch(commit):
        word = f"{asked}^{{commit}}"
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", word)
        commit = commit.splitlines()[-1] if commit else ""
    if not HASH.fullmatch(commit):
        raise GateError(
            f"--release={asked}: is no commit that git knows in {folder}: name a full hash, or "
            f"tree:HASH, or a commit or tag of a repository here"
        )
    return Release(commit=commit, tree=_tree(commit, folder), said_by="--release")


def _tree(commit: str, folder: pathlib.Path) -> str:
    found = _git(folder, "rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    return found if HASH.fullmatch(found) else ""


def _git(folder: pathlib.Path, *words: str) -> str:
    done = _ask(folder, *words)
    return done.stdout.decode("utf-8", "replace").strip() if done and not done.returncode else ""


def _status(folder: pathlib.Path, *words: str) -> int | None:
    done = _ask(folder, *words)
    return done.returncode if done else None


def _ask(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess[bytes] | None:
    """Ask git, which may not be there; nothing of the repository is run."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    try:
        return subprocess.run(  # noqa: S603 - git, with words that hold no option
            command,
            env={**environment("local"), "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
