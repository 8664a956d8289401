"""Judge a drill of a part: ``python tests/bench/drill_shown.py reports/drill/sandbox/matrix.json``.

Ends with 1 where the gate promotes beside a fault or did not end in time, and where no fault was
shown and detected at all. Whatever else was wrong is told in the matrix.
"""

from __future__ import annotations

import json
import pathlib
import sys


def main(file: str) -> int:
    """Read the matrix, and say what must not be."""
    faults = json.loads(pathlib.Path(file).read_text("utf-8"))["faults"]
    promoted = [one["id"] for one in faults if (one["end"], one["exit_status"]) == ("missed", 0)]
    late = [one["id"] for one in faults if one["end"] == "late"]
    wrong = [f"the gate promotes beside {', '.join(promoted)}"] if promoted else []
    wrong += [f"the gate does not end beside {', '.join(late)}"] if late else []
    if not any(one["end"] == "detected" for one in faults):
        wrong.append(f"no fault was detected of {len(faults)} that were tried")
    sys.stderr.writelines(f"{text}\n" for text in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
