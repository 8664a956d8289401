"""What runs in Alembic's own interpreter on the host: it is sent there as one text."""

from __future__ import annotations

import pathlib

FUTURE = "from __future__ import annotations\n"
ALONE = "import sys\nsys.path[:] = [one for one in sys.path if one]\n"
"""Modules of the standard library are not looked for in the folder of the release."""
PARTS = ("hear", "kept", "command", "apart", "still", "ahead", "refused", "steps", "serving")
"""Modules in the order in which they need each other."""


def text() -> str:
    """The modules as one text: names that they import from each other are there already."""
    folder = pathlib.Path(__file__).parent
    found = [FUTURE, ALONE]
    for part in PARTS:
        lines = (folder / f"{part}.py").read_text("utf-8").splitlines(keepends=True)
        found += [one for one in lines if one != FUTURE and not one.startswith("from gate.")]
    return "".join(found)
