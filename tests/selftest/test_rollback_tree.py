"""The plan's downgrade, tried before the deployment from the tree in which it will run."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil

import psycopg
import pytest

from tests.selftest.conftest import Postgres
from tests.selftest.diseases import ENV, LIVE, OBEDIENT, PROJECTS, revision, sql
from tests.selftest.test_diseases import findings, lay_out, sqlalchemy_url

ITEM = """
[rehearsal.{name}]
title = "The plan goes back from {name}"
source = "a self-test"
rolls_back = {{ folder = "{folder}", to = "r0"{more} }}
"""


def tree(folder: pathlib.Path, name: str, env: str = "") -> pathlib.Path:
    """Another tree of the release, with all its files."""
    place = folder / name
    place.mkdir()
    shutil.copy(folder / "alembic.ini", place)
    shutil.copytree(folder / "migrations", place / "migrations")
    if env:
        (place / "migrations" / "env.py").write_text(env, "utf-8")
    return place


def test_a_downgrade_runs_in_its_own_tree(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole tree goes back; one without the file, one that goes elsewhere or otherwise do not."""
    clock = "UPDATE item SET name = clock_timestamp()::text"
    project = dataclasses.replace(
        PROJECTS["healthy"],
        down=sql("DROP TABLE extra", clock),
        how=f'data_changes = [{{ revision = "r1", tables = ["item"], reason = "{clock}" }}]',
    )
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=20).encode())
        lay_out(tmp_path, project, database, postgres.binaries)
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        at = ENV.format(url=OBEDIENT, versions="alembic_version")
        trees = {name: tree(tmp_path, name) for name in ("whole", "without", "otherwise", "two")}
        trees["lost"] = tree(
            tmp_path,
            "lost",
            ENV.format(url=repr(sqlalchemy_url(database)), versions="alembic_version"),
        )
        (trees["without"] / "migrations" / "versions" / "r1.py").unlink()
        (trees["otherwise"] / "migrations" / "versions" / "r1.py").write_text(
            revision("r1", "r0", "pass", sql("DROP TABLE extra", "CREATE TABLE left_over (a int)"))
        )
        env = at.replace("engine =", "assert os.environ['WHO'] != 'timer', 'no timer'\nengine =")
        (trees["two"] / "migrations" / "env.py").write_text(env, "utf-8")
        more = dict.fromkeys(trees, "")
        more["two"] = (
            ', environments = { operator = { give = { WHO = "operator" } }, '
            'timer = { give = { WHO = "timer" } } }'
        )
        text = (tmp_path / "contract" / "rehearsal.toml").read_text("utf-8")
        text += "".join(
            ITEM.format(name=name, folder=place, more=more[name]) for name, place in trees.items()
        )
        (tmp_path / "contract" / "rehearsal.toml").write_text(text, "utf-8")
        found, _ = findings(tmp_path)
        row = live.execute("SELECT version_num FROM alembic_version").fetchall()
        kept = live.execute("SELECT count(*) FROM item WHERE name LIKE 'name%'").fetchone()
    assert (row, kept) == ([("r0",)], (20,)), "the live database was touched"
    usual = "the downgrade with the environment of [alembic] "
    words = {
        "without": f"{usual}exited with 255: FAILED: Can't locate revision identified by 'r1': the "
        "tree holds no file of r1",
        "otherwise": f"{usual}leaves something else: + column left_over.a: integer; + table left",
        "two": "the downgrade with timer was not done: `alembic current` exited with 1",
        "lost": "env.py opens a database of its own choosing",
    }
    for name, told in words.items():
        assert told in found.pop(f"rehearsal.{name}", "holds"), (name, found)
    assert found == {}
