"""What changed last of what a process reads: the file, where its folder changed with it."""

from __future__ import annotations

import pathlib
import subprocess
import time

import pytest

from gate.sources.host.program_questions import FUNCTIONS

OWN = 'limited() { "$@"; }\n' + FUNCTIONS[FUNCTIONS.index("# newest_of PATH") :]
WITHIN_S = 0.02
ASKED = {
    "together": 'newest_of "$@" | cut -f 3',
    "alone": 'newest= ; newest "$@" | cut -d " " -f 2',
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_file_is_named_before_its_folder(tmp_path: pathlib.Path, asked: str) -> None:
    """Put there anew it is named; where something else went from the folder later, that is."""
    folder = tmp_path / "conf.d"
    folder.mkdir()
    file, until = folder / "shop.conf", time.monotonic() + 30
    while True:
        (tmp_path / "new").write_text("x", "utf-8")
        (tmp_path / "new").replace(file)
        folder.chmod(0o755)
        later = folder.stat().st_ctime - file.stat().st_ctime
        if 0 < later < WITHIN_S:
            break
        assert time.monotonic() < until, "the folder is never changed a moment later"
    assert _newest(asked, folder) == str(file)
    while folder.stat().st_ctime - file.stat().st_ctime < 2 * WITHIN_S:
        folder.chmod(0o755)
        assert time.monotonic() < until, "its time does not go on"
    assert _newest(asked, folder) == str(folder)


def _newest(asked: str, folder: pathlib.Path) -> str:
    done = subprocess.run(  # noqa: S603 - ours
        ["/bin/sh", "-c", OWN + ASKED[asked], "sh", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[0]
