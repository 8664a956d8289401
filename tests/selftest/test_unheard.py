"""A deployment that runs Alembic by a program that is none of Python's: its steps are not heard."""

from __future__ import annotations

import pathlib
import sys

import psycopg
import pytest

from gate.errors import ObservationError
from gate.sources.fact import Seen
from gate.sources.migrations.chain import chain
from gate.sources.rehearsal.inside.foreign import LEADS
from gate.sources.rehearsal.unheard import against
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import revision, sql
from tests.selftest.histories import AT, History, table
from tests.selftest.test_histories import judged, lay_out

WRAPPER = f"""#!/bin/bash
set -eu
export HELD=1
exec {pathlib.Path(sys.executable).with_name("alembic")} "$@"
"""
SERVER = "of the server that the live database is on, and so the clone is no place"
STEPS = {
    "healthy": (sql("CREATE TABLE b (id int)"), sql("DROP TABLE b"), ""),
    "a role by parts": (
        'op.execute(f"CREATE ROLE {__name__[:0]}gate_unheard")', "pass", f"b changes roles {SERVER}"
    ),
}  # fmt: skip
"""The second of two steps up and down, and what is said of it."""
TEXTS = {
    sql("CREATE TABLE b (id int)"): "",
    "'CREATE ROLE in words alone'": "",
    sql("COMMENT ON TABLE b IS 'see CREATE ROLE'"): "",
    sql("DROP ROLE gate_unheard"): f"%s changes roles {SERVER}",
    sql("DO $$ BEGIN PERFORM pg_terminate_backend(0); END $$"): f"%s changes sessions {SERVER}",
    sql(
        "SELECT dblink_exec('dbname=x', 'SELECT 1')"
    ): "%s connects to another server by a function, and a clone has nothing to do there",
    sql("CREATE SERVER x FOREIGN DATA WRAPPER postgres_fdw"): LEADS,
    sql("IMPORT FOREIGN SCHEMA public FROM SERVER x INTO y"): LEADS,
    sql("ALTER TABLE b ADD FOREIGN KEY (id) REFERENCES a"): "",
    "op.execute('ALTER DATABASE ' 'shop SET work_mem = 9999')": "%s alters the database shop by "
    "its name, and the clone has another one",
}
"""Bodies of a way up, and what is said of them beside a live database ``shop``."""


@pytest.mark.parametrize("body", TEXTS)
def test_what_a_clone_is_no_place_for_stands_in_a_file(body: str) -> None:
    """Text for a reader alone is none; whose server it is that a text changes is asked."""
    source = revision("b", "a", body)
    assert against(source, "%s", "shop", lambda _: 1) == TEXTS[body]
    alone = against(source, "%s", "shop", False)
    assert alone == ("" if TEXTS[body].endswith(SERVER) else TEXTS[body])


def test_what_is_no_python_is_not_guessed() -> None:
    """Nothing is tried then."""
    with pytest.raises(ObservationError, match="file cannot be read"):
        against("def upgrade(:", "b", "shop", lambda _: 1)


@pytest.mark.parametrize("what", STEPS)
def test_a_step_that_nothing_hears(
    what: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is judged by what it does, and not tried where its text shows more than that."""
    up, down, said = STEPS[what]
    files = {f"{AT}a.py": table("a", None), f"{AT}b.py": revision("b", "a", up, down)}
    how = 'command = ["{folder}/wrapper"]'
    steps = History(files=files, steps=2, reaches="b", finds="", how=how)
    lay_out(tmp_path, steps, database, postgres.binaries)
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(WRAPPER, "utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    texts = {pathlib.Path(name).name: text for name, text in files.items()}
    facts, found = judged(tmp_path, Seen(chain(str(tmp_path / "migrations/versions"), texts)))
    assert isinstance(facts.targets_clone, Seen)
    told = "; ".join(found.values())
    assert said in told if said else not told.strip("; "), found
    with psycopg.connect(database) as session:
        roles = session.execute("SELECT to_regrole('gate_unheard')").fetchone()
    assert roles == (None,)
