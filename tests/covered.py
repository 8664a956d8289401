"""Let this environment's Python measure what the gate sends as text, for ``tox -e coverage``.

What is sent runs with the variables that a contract names and no others, so that nothing there asks
for coverage. A line in a ``.pth`` file does, for every ``python -c`` of this environment; what that
one starts finds no variable that would not be there without it.
"""

from __future__ import annotations

import os
import pathlib
import sysconfig

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINE = """
if "-c" in sys.orig_argv and "COVERAGE_PROCESS_CONFIG" not in os.environ:
    os.environ.update({given!r})
    import coverage
    coverage.process_startup()
    for name in [one for one in os.environ if one.startswith("COVERAGE_")]:
        del os.environ[name]
"""


def main() -> None:
    """Write the file."""
    given = {
        "COVERAGE_FILE": os.environ["COVERAGE_FILE"],
        "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"),
    }
    file = pathlib.Path(sysconfig.get_path("purelib"), "b_covered.pth")
    file.write_text(f"import os, sys; exec({LINE.format(given=given)!r})\n", "utf-8")


if __name__ == "__main__":
    main()
