"""A release out of a git repository: a worktree beside it for as long as the rehearsal needs it."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from gate.connection.carrier import Carrier
from gate.contract.rehearsal import Alembic
from gate.contract.release import RollBack, Serve
from gate.errors import ObservationError
from gate.secrets import known
from gate.target import Target

Release = TypeVar("Release", Alembic, Serve, RollBack)

MARK = ".gate-"
"""Stands in the name of every worktree, between the repository's folder and a random ending."""
MAKE_S = 60.0
# Hooks and monitors of the repository are not for a look. What a killed gate left is hours old.
GIT = """\
cd {folder} || exit 1
repository() {{
  git -c 'safe.directory=*' -c core.hooksPath=/dev/null -c core.fsmonitor=false "$@"
}}
"""
SWEEP = """\
for old in {folder}{mark}*; do
  [ ! -d "$old" ] || [ -z "$(find "$old" -maxdepth 0 -mmin +120)" ] ||
    repository worktree remove --force "$old" || :
done
"""
MAKE = """\
umask 022
[ "$(cd "$(repository rev-parse --show-toplevel)" && pwd -P)" = "$(pwd -P)" ] ||
  {{ echo "{folder} is not the top of a git repository"; exit 1; }}
repository worktree add --quiet --detach {tree} {commit} || exit 1
for link in {links}; do
  [ -e "$link" ] || {{ echo "$(pwd)/$link: there is none to link to"; exit 1; }}
  ln -s "$(pwd)/$link" {tree}/"$link" || exit 1
done
"""
REMOVE = """\
repository worktree remove --force {tree} || {{ rm -rf -- {tree}; repository worktree prune; }}
"""


@contextmanager
def taken_out(release: Release, target: Target, carrier: Carrier) -> Iterator[Release]:
    """A release as it is in its commit, with its paths leading to a worktree of that.

    What is checked out in the repository is let alone. A release without ``git`` is itself.

    Raises:
        ObservationError: There is no such commit, or no worktree of it can be made.
    """
    if release.git is None:
        yield release
        return
    ending = MARK + secrets.token_hex(6)
    folder = release.folder.rstrip("/")
    here, there = target.placed(folder), target.placed(folder + ending)
    words = {
        "folder": shlex.quote(here),
        "tree": shlex.quote(there),
        "commit": shlex.quote(release.git),
        "links": shlex.join(release.link),
        "mark": MARK,
    }
    tidy = (GIT + REMOVE).format(**words)
    try:
        script = (GIT + SWEEP + MAKE).format(**words)
        made = carrier.run(f"exec 2>&1\n{script}", deadline_s=MAKE_S)
        if made.rc != 0:
            said = known.last(made.stdout.decode("utf-8", "replace"), 300) or "nothing was said"
            raise ObservationError(
                f"no worktree of {release.git} can be made beside {here}: {said.strip()}"
            )
        changed: dict[str, str] = {"folder": folder + ending}
        if isinstance(release, Alembic):
            changed["versions"] = _moved(release.versions, folder, ending)
        yield release.model_copy(update=changed)
    finally:
        carrier.run(
            f"[ ! -e {words['tree']} ] || {{ {tidy}\n}}", deadline_s=MAKE_S, to_its_end=True
        )


def _moved(path: str, folder: str, ending: str) -> str:
    below = path.removeprefix(folder + "/")
    return path if below == path else f"{folder}{ending}/{below}"
