"""What the recorder writes is a contract: loader and schema take it, and the target keeps it."""

from __future__ import annotations

import pathlib
import sys

import psycopg
import pytest

from gate.catalog.read import read_catalog
from gate.kinds.load import load_contract
from gate.recorder.database import record_both
from tests.selftest import runs
from tests.selftest.databases import SCHEMA
from tests.selftest.schemas import DRAFTS, complaint

TARGET = 'title = "This machine"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\n'
MORE = """
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE notes (id integer PRIMARY KEY, mood mood);
    ALTER TABLE users ADD COLUMN age integer;
    CREATE INDEX young ON users (age) WHERE age < 30;
"""


def record(folder: pathlib.Path, *options: str) -> tuple[int, str]:
    """Exit status and output of ``gate record`` in a folder with one target."""
    (folder / "targets").mkdir(exist_ok=True)
    (folder / "targets/here.toml").write_text(TARGET, "utf-8")
    code = f"import os, sys; os.chdir({str(folder)!r}); from gate.__main__ import main; "
    words = ["record", *options]
    done = runs.run([sys.executable, "-c", f"{code}sys.exit(main({words!r}))"])
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_target(tmp_path: pathlib.Path) -> None:
    """The chapters of this machine begin with their schema, name their source, and hold."""
    status, told = record(tmp_path, "--write=contract")
    assert status == 0, told
    for file in (tmp_path / "contract").iterdir():
        text = file.read_text("utf-8")
        assert text.startswith(f"#:schema ../.gate/schemas/{file.name.replace('.toml', '.json')}\n")
        assert 'source = "recorded from here on 20' in text
        assert [complaint(file.stem, text, draft) for draft in DRAFTS] == ["", ""]
    assert "clock.host" in load_contract(tmp_path / "contract").promises


def test_what_a_contract_names(tmp_path: pathlib.Path) -> None:
    """Paths and runtimes that nobody could list are recorded as they are; a file stays."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract/paths.toml").write_text(
        '[path.here]\ntitle = "t"\nsource = "s"\npurpose = "p"\npath = "/"\nmode = "0000"\n'
        'risk = "risk.lost"\nnote = "ask Jo"\n',
        "utf-8",
    )
    (tmp_path / "contract/risks.toml").write_text(
        '[risk.lost]\ntitle = "t"\nsource = "s"\narea = "Data"\nlevel = "HIGH"\n', "utf-8"
    )
    (tmp_path / "contract/runtimes.toml").write_text(
        '[runtime.sh]\ntitle = "t"\nsource = "s"\nlabel = "Shell"\nversion = "0"\n'
        'command = ["echo", "v 7.3"]\n',
        "utf-8",
    )
    status, told = record(tmp_path, "--only=paths,runtimes")
    assert status == 0, told
    assert 'mode = "0755"' in told
    assert 'risk = ["risk.lost"]\nnote = "ask Jo"\n' in told
    assert "[risk." not in told
    assert 'version = "7.3"' in told
    assert "service" not in told
    before = (tmp_path / "contract/paths.toml").read_bytes()
    status, told = record(tmp_path, "--only=paths,runtimes,risks,canaries", "--write=contract")
    assert (status, "paths.toml: is there already, and stays" in told) == (1, True), told
    assert (tmp_path / "contract/paths.toml").read_bytes() == before
    assert "runtimes.toml: is there already, and stays" in told
    assert "risks.toml: is there already, and stays" in told
    assert "canaries: there is nothing of it here that a look can write down" in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--only=servces"], "--only: unknown: servces; known: services"),
        (["--target=nowhere"], "no target 'nowhere'"),
        (["database"], "--service=NAME"),
        (["--target=here", "--before=x.json"], "say --before=FILE and --after=FILE"),
        (["--target=here", "--before=x.json", "--after=x.json"], "x.json: cannot be read"),
    ],
)
def test_a_mistake(tmp_path: pathlib.Path, options: list[str], says: str) -> None:
    """Exit status 4, and what is wrong."""
    status, told = record(tmp_path, *options)
    assert (status, says in told) == (4, True), told


def test_a_database_before_and_after(database: str, tmp_path: pathlib.Path) -> None:
    """What comes is absent before; a column that comes has an item of its own."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        before = read_catalog(connection)
        connection.execute(MORE)
        after = read_catalog(connection)
    text = record_both(before, after, source="a self-test")
    assert [complaint("database", text, draft) for draft in DRAFTS] == ["", ""]
    (tmp_path / "database.toml").write_text(text, "utf-8")
    promises = load_contract(tmp_path).promises
    new = {id_ for id_, one in promises.items() if one.before.absent}
    assert {"table.notes", "column.users.age", "index.young"} <= new
    assert "age" not in promises["table.users"].after.model_dump()["columns"]
    assert promises["database.tables"].before.model_dump()["tables"] == len(before.tables)
    assert promises["database.tables"].after.model_dump()["tables"] == len(after.tables)


def test_a_database_as_it_is(database: str) -> None:
    """One look says the same at every moment."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        catalog = read_catalog(connection)
    text = record_both(catalog, catalog, source="a self-test")
    assert text.startswith("#:schema ../.gate/schemas/database.json\n")
    assert "before" not in text
