"""`gate lint` judges contract and target without looking."""

from __future__ import annotations

import datetime as dt
import pathlib
import sys

import pytest

from tests.selftest import runs
from tests.selftest.test_mistakes import CONTRACTS

TARGET = """\
title = "This machine"
host = "local://"
"""
GOOD = """\
[path.root]
title = "The root is there"
source = "a self-test"
path = "/"
purpose = "to be seen"
"""


def lint(
    folder: pathlib.Path, contract: dict[str, str], target: str = TARGET, *options: str
) -> tuple[int, list[str]]:
    """Exit status and lines of a run on a contract and a target."""
    (folder / "contract").mkdir(exist_ok=True)
    for name, text in contract.items():
        (folder / "contract" / f"{name}.toml").write_text(text, "utf-8")
    (folder / "here.toml").write_text(target, "utf-8")
    done = runs.run(
        [
            *(sys.executable, "-m", "gate", "lint"),
            f"--target={folder / 'here.toml'}",
            f"--contract={folder / 'contract'}",
            *options,
        ],
        PGSERVICEFILE=str(folder / "none"),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.replace(f"{folder}/", "").splitlines()


def test_nothing_to_say(tmp_path: pathlib.Path) -> None:
    """A clean contract ends with 0, and with the sum of nothing."""
    assert lint(tmp_path, {"paths": GOOD}) == (0, ["0 mistakes, 0 warnings, 0 advice"])


@pytest.mark.parametrize("name", ["unknown-key", "unknown-key-of-a-side", "text-for-number"])
def test_mistakes_of_the_loader(tmp_path: pathlib.Path, name: str) -> None:
    """They are told with the line that they stand in, and end it with 4."""
    chapter, text, _ = CONTRACTS[name]
    status, lines = lint(tmp_path, {chapter: text})
    assert status == 4
    last = len(text.splitlines())
    assert lines[0].startswith(f"contract/{chapter}.toml:{last}: [")
    assert "1 mistake," in lines[-1]


def test_malformed(tmp_path: pathlib.Path) -> None:
    """What is no TOML is told with the line that its reader stopped at."""
    status, lines = lint(tmp_path, {"paths": GOOD + "purpose = \n"})
    assert (status, lines[0].split(" ")[0]) == (4, "contract/paths.toml:6:")


def test_a_target(tmp_path: pathlib.Path) -> None:
    """A mistake of the target is told beside those of the contract."""
    status, lines = lint(tmp_path, {"paths": GOOD.replace("path =", "pth =")}, TARGET + "sud = 1\n")
    assert status == 4
    assert any(one.startswith("here.toml:3: sud: unknown key") for one in lines)
    assert any(one.startswith("contract/paths.toml:4: [path.root] pth: unknown") for one in lines)


@pytest.mark.parametrize(
    ("chapter", "text", "needs"),
    [
        (
            "endpoints",
            '[endpoint.e]\ntitle = "t"\nsource = "s"\npath = "/"\n',
            "it needs [api] in the target",
        ),
        (
            "database",
            '[table.t]\ntitle = "t"\nsource = "s"\ncolumns = { a = "text" }\n',
            "it needs [database] in the target",
        ),
        (
            "runtimes",
            '[runtime.v]\ntitle = "t"\nsource = "s"\nlabel = "v"\nversion = "1"\nextension = "v"\n',
            "it needs [database] in the target",
        ),
        (
            "runtimes",
            '[clock.d]\ntitle = "t"\nsource = "s"\nof = "database"\nwithin_s = 1\n',
            "it needs [database] in the target",
        ),
        (
            "rehearsal",
            (
                '[alembic]\nfolder = "/s"\nversions = "/s/v"\n'
                '[rehearsal.r]\ntitle = "t"\nsource = "s"\nclone = true\n'
            ),
            "it needs [rehearsal] in the target",
        ),
    ],
)
def test_no_place(tmp_path: pathlib.Path, chapter: str, text: str, needs: str) -> None:
    """What is promised of an API, a database or a rehearsal needs one in the target."""
    status, lines = lint(tmp_path, {"paths": GOOD, chapter: text})
    assert status == 4, lines
    assert lines[0].startswith(f"contract/{chapter}.toml:")
    assert needs in lines[0]


def test_a_template(tmp_path: pathlib.Path) -> None:
    """A template is tried, too."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract/SNAPSHOT.md.jinja").write_text("one\n{{ nobody_knows }}\n", "utf-8")
    status, lines = lint(tmp_path, {"paths": GOOD})
    assert status == 4
    assert lines[0].startswith("contract/SNAPSHOT.md.jinja:2: ")


PLACES = """\
[api]
base = "http://127.0.0.1:1"
[api.roles.a]
user_env = "GATE_LINT_USER"
password_env = "GATE_LINT_PASSWORD"
[api.values_env]
ticket = "GATE_LINT_TICKET"
[database]
service = "nowhere"
"""


def test_warnings(tmp_path: pathlib.Path) -> None:
    """What this environment lacks is a warning: 0, and 4 with ``--strict``."""
    status, lines = lint(tmp_path, {"paths": GOOD}, TARGET + PLACES)
    assert status == 0
    assert [one.split(": ", 1)[0] for one in lines[:-1]] == [
        *("here.toml:6", "here.toml:7", "here.toml:9", "here.toml:11")
    ]
    assert all("warning" in one for one in lines)
    assert lint(tmp_path, {"paths": GOOD}, TARGET + PLACES, "--strict")[0] == 4


@pytest.mark.parametrize(("days", "says"), [(-1, "it ended on"), (3, "it ends in"), (90, "")])
def test_waivers(tmp_path: pathlib.Path, days: int, says: str) -> None:
    """One that ended, or ends soon, is told."""
    day = dt.datetime.now(dt.timezone.utc).date() + dt.timedelta(days=days)
    waiver = (
        '[waiver.w]\ntitle = "t"\nsource = "s"\nitem = "path.root"\nowner = "o"\nreason = "r"\n'
        f"expires = {day}\n"
    )
    status, lines = lint(tmp_path, {"paths": GOOD, "waivers": waiver})
    assert status == 0
    assert [one for one in lines[:-1] if not says or says not in one] == []
    assert len(lines) == 1 + bool(says)


def test_what_shows_nothing(tmp_path: pathlib.Path) -> None:
    """Moments at which an empty host would keep everything are told, each."""
    status, lines = lint(tmp_path, {"paths": GOOD + 'before = "absent"\n'})
    assert status == 0
    assert sum("an empty host would keep it all" in one for one in lines) == 2


def test_advice(tmp_path: pathlib.Path) -> None:
    """A step that cannot be run again is told last, and never counts."""
    step = '[step.s]\ntitle = "t"\nsource = "s"\nphase = "deploy"\norder = 1\nrun = "true"\n'
    status, lines = lint(tmp_path, {"paths": GOOD, "plan": step}, TARGET, "--strict")
    assert (status, lines[0].split(" ")[:2]) == (0, ["contract/plan.toml:1:", "advice:"])
