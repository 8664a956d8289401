"""The files of all revisions, read once for all forks; the one of a step is read by the step.

Alembic reads the file of every revision before it goes one step: of a hundred steps each reads a
hundred files. Their order is the same for all, and what the others compute is of no interest. Where
it cannot be told that reading them in the process that stays is of no consequence, each step reads
all of them as ever.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from typing import Any

from gate.sources.rehearsal.inside.still import still

AHEAD: dict[str, Any] = {}
"""The ``script`` directory that was read, and what ``files`` there were; else nothing."""
ORDER = ("revision", "down_revision", "depends_on", "branch_labels")
"""What a revision's file says of its place."""

INERT = ("alembic", "sqlalchemy", "mako", "psycopg", "psycopg_binary", "psycopg2", "asyncpg")
"""Packages that are the same whenever they are imported."""


def read(env: Any) -> None:
    """Read the files of all revisions, for the forks to come; ``env`` has the directory."""
    script = _unread(env)
    files = _files(script)
    list(script.walk_revisions())
    AHEAD.update(script=script, files=files)


def read_twice(env: Any) -> None:
    """Read them, and each of them anew as a step would; whoever does this ends then.

    Raises:
        Exception: They cannot be read, or not once more, or there is more to it: what they import
            and nobody has imported yet may compute something that has to be computed anew.
    """
    before = set(sys.modules)
    read(env)
    same = {*INERT, *getattr(sys, "stdlib_module_names", ())}
    for one in AHEAD["script"].walk_revisions():
        with open(one.path, "rb") as file:
            if not still(file.read()) or not _anew(one):
                raise ValueError("%s is another one each time" % one.path)
        same.add(re.sub(r"\W", "_", os.path.basename(one.path)))
    more = [one for one in {*sys.modules} - before if one.partition(".")[0] not in same]
    more += [one for one in {*sys.modules} - before if _shadows(one)]
    if more:
        raise ValueError("revisions import what nobody else did: %s" % ", ".join(sorted(more)))


def _shadows(name: str) -> bool:
    """Whether a module has the name of one of Python's own, and is another one."""
    if name.partition(".")[0] not in getattr(sys, "stdlib_module_names", ()):
        return False
    path = getattr(sys.modules.get(name), "__file__", None)
    own = os.path.dirname(os.path.realpath(os.__file__))
    return path is not None and not os.path.realpath(path).startswith(own + os.sep)


def directory(env: Any, revisions: Any) -> Any:
    """The directory of the revisions, in which some were read by this process.

    Args:
        env: The one that ``env.py`` has, and may have told where the revisions are.
        revisions: Those whose files are run.
    """
    script, own = AHEAD.get("script"), _unread(env)
    if script is not None and _same(script, own) and _files(script) == AHEAD["files"]:
        found = [script.get_revision(one) for one in revisions]
        if all(one is not None and _anew(one) for one in found):
            return script
    return own


def _unread(env: Any) -> Any:
    """A directory like another, of which no file was read yet."""
    found = copy.copy(env)
    found.revision_map = type(env.revision_map)(found._load_revisions)
    return found


def _same(one: Any, other: Any) -> bool:
    """Whether two directories look for their revisions at the same places, in the same way."""
    how = "recursive_version_locations", "sourceless"
    return list(one._version_locations) == list(other._version_locations) and all(
        getattr(one, name, None) == getattr(other, name, None) for name in how
    )


def _anew(found: Any) -> bool:
    """Read one file anew; whether it says the same of its place."""
    from alembic.util import load_python_file

    module = load_python_file(*os.path.split(found.path))
    if any(getattr(module, one, None) != getattr(found.module, one, None) for one in ORDER):
        return False
    found.module = module
    return True


def _files(script: Any) -> Any:
    """Every file where revisions are looked for, with what changes when it is written."""
    found: list[Any] = []
    for place in script._version_locations:
        for folder, below, names in os.walk(os.fspath(place)):
            below[:] = [one for one in below if one != "__pycache__"]
            for name in names:
                try:
                    told = os.stat(os.path.join(folder, name))
                except OSError:  # a link that leads nowhere, or it went just now
                    found.append((folder, name))
                    continue
                found.append((folder, name, told.st_mtime_ns, told.st_size, told.st_ino))
    return sorted(found)
