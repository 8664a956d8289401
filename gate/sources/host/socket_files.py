"""Whether the files of Unix sockets are there: the kernel tells of a socket without its file, too.

Who removed the file, or listens in a view of the file system of his own, listens still, and nobody
reaches him by that path.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.parts import cannot_tell
from gate.sources.host.section import Section

FUNCTIONS = """
# files PATH...: of each, in its order, whether there is a socket; that there is none is known where
# the nearest folder above may be searched.
files() {
  for file; do
    above=${file%/*}
    until [ -e "${above:-/}" ]; do above=${above%/*}; done
    if [ -S "$file" ]; then echo there
    elif [ -x "${above:-/}" ]; then echo gone
    else echo unseen; fi
  done
}
"""


def question(paths: Sequence[str]) -> str:
    """The command that tells of all of them, a line each; one of `FUNCTIONS`."""
    return f"files {shlex.join(paths)}"


def obstacles(section: Section, paths: Sequence[str]) -> Mapping[str, Absent | CannotTell]:
    """Why no socket can be reached by some of the paths that were asked for."""
    words = section.text.split()
    if section.rc or len(words) != len(paths):
        return dict.fromkeys(paths, cannot_tell(section, "test -S"))
    gone = "{} is not there: whoever listens under that name is not reached by it"
    unseen = "test -S {}: a folder above it is not shown to this user"
    found: dict[str, Absent | CannotTell] = {}
    for path, word in zip(paths, words, strict=True):
        if word == "gone":
            found[path] = Absent(gone.format(path))
        elif word != "there":
            found[path] = CannotTell(unseen.format(path), Cause.PERMISSION)
    return found
