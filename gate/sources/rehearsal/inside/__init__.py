"""What runs in Alembic's own interpreter on the host: it is sent there as one text."""

from __future__ import annotations

import pathlib

ALONE = "import sys\nsys.path[:] = [one for one in sys.path if one]\n"
"""Modules of the standard library are not looked for in the folder of the release."""
PARTS = (
    "hear",
    "kept",
    "command",
    "pages",
    "apart",
    "still",
    "ahead",
    "late",
    "cursors",
    "refused",
    "server",
    "guard",
    "foreign",
    "doors",
    "memory",
    "steps",
    "serving",
)
"""Modules in the order in which they need each other."""
LOAD = """\
import types
module = types.ModuleType({name!r})
for file, part in {parts!r}:
    exec(compile(part, file, "exec"), module.__dict__)
"""


def text() -> str:
    """The modules as one text, which makes one ``module`` of them.

    Names that they import from each other are there already; a traceback names each one's file and
    line as they are here, below a folder that no host has.
    """
    folder = pathlib.Path(__file__).parent
    parts = []
    for part in PARTS:
        lines = (folder / f"{part}.py").read_text("utf-8").splitlines(keepends=True)
        own = ["\n" if one.startswith("from gate.") else one for one in lines]
        parts.append((f"/{__name__.replace('.', '/')}/{part}.py", "".join(own)))
    return ALONE + LOAD.format(name=__name__, parts=parts)
