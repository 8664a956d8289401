"""What `alembic check` and pytest-alembic say of the projects whose diseases the gate names."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from tests.selftest.conftest import Postgres
from tests.selftest.diseases import LIVE, PROJECTS
from tests.selftest.test_diseases import lay_out, sqlalchemy_url

pytest_plugins = ["tests.selftest.conftest"]

REPORT = pathlib.Path(__file__).resolve().parents[2] / "reports" / "bench" / "side_by_side.md"
WITHIN_S = 30
MODELS = """
import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
METADATA = sa.MetaData()
state = sa.Enum('open', 'closed', name='state')
sa.Table('item', METADATA, sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('name', sa.String(50), nullable=False, server_default='none'),
    sa.Column('state', state, nullable=False, server_default='open'),
    sa.Column('size', sa.Integer), sa.Column('v', Vector(3)),
    sa.Index('ix_item_v', 'v', postgresql_using='hnsw', postgresql_ops={'v': 'vector_cosine_ops'},
             postgresql_with={'m': 16, 'ef_construction': 64}))
"""
CONFTEST = """
import os, pytest, sqlalchemy
@pytest.fixture
def alembic_engine():
    return sqlalchemy.create_engine(os.environ['DATABASE_URL'])
@pytest.fixture
def alembic_config():
    return {'file': 'alembic.ini'}
"""
TESTS = """
from pytest_alembic.tests import (
    test_single_head_revision, test_up_down_consistency, test_upgrade)
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""
NAMES = ("single_head_revision", "upgrade", "up_down_consistency", "downgrade_leaves_no_trace")


@pytest.fixture(scope="module")
def table() -> dict[str, tuple[str, ...]]:
    """Answers by project, gathered over the tests of this module."""
    return {}


@pytest.mark.parametrize("name", PROJECTS)
def test_others(
    name: str,
    make_database: Callable[[], str],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    table: dict[str, tuple[str, ...]],
) -> None:
    """Each tool ends with an answer, on a database of its own that stands at ``r0``."""
    project = PROJECTS[name]
    answers = []
    for tool in ("check", "pytest-alembic"):
        live = make_database()
        with psycopg.connect(live, autocommit=True) as connection:
            connection.execute(LIVE.format(rows=50).encode())
            connection.execute(project.live.encode() or b"SELECT 1")
        folder = tmp_path / tool
        folder.mkdir()
        lay_out(folder, project, live, postgres.binaries)
        (folder / "models.py").write_text(MODELS, "utf-8")
        env = folder / "migrations" / "env.py"
        text = env.read_text("utf-8").replace(
            "connection=connection,", "connection=connection, target_metadata=METADATA,"
        )
        env.write_text("from models import METADATA\n" + text, "utf-8")
        ini = folder / "alembic.ini"
        ini.write_text(ini.read_text("utf-8") + "prepend_sys_path = .\n", "utf-8")
        (folder / "conftest.py").write_text(CONFTEST, "utf-8")
        (folder / "test_it.py").write_text(TESTS, "utf-8")
        answers += _check(folder, live) if tool == "check" else _pytest_alembic(folder, live)
    assert len(answers) == 1 + len(NAMES)
    table[name] = tuple(answers)
    _write(table)


def _environ(live: str) -> dict[str, str]:
    drop = ("PYTEST_", "PG")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
    return {**environ, "DATABASE_URL": sqlalchemy_url(live)}


def _run(folder: pathlib.Path, live: str, *words: str) -> tuple[int, str]:
    try:
        done = subprocess.run(  # noqa: S603 - tools that are compared
            [sys.executable, "-m", *words],
            cwd=folder,
            env=_environ(live),
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, "hangs"
    return done.returncode, done.stdout + done.stderr


def _check(folder: pathlib.Path, live: str) -> list[str]:
    """``alembic upgrade head`` as it asks for, then ``alembic check``."""
    status, _ = _run(folder, live, "alembic", "upgrade", "heads")
    if status:
        return ["upgrade hangs" if status < 0 else "upgrade fails"]
    status, _ = _run(folder, live, "alembic", "check")
    return ["nothing to report" if status == 0 else "reports"]


def _pytest_alembic(folder: pathlib.Path, live: str) -> list[str]:
    words = (
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        "test_it.py",
    )
    status, said = _run(folder, live, *words)
    if status < 0:
        return ["hangs"] * len(NAMES)
    answers = {
        name: word.lower()
        for word, name in re.findall(r"^(PASSED|FAILED|ERROR) \S*::test_(\w+)", said, re.MULTILINE)
    }
    return [answers.get(name, "not run") for name in NAMES]


def _write(table: dict[str, tuple[str, ...]]) -> None:
    lines = [
        "| project | the gate | `alembic check` | " + " | ".join(NAMES) + " |",
        "| --- " * (3 + len(NAMES)) + "|",
    ]
    for name, answers in table.items():
        project = PROJECTS[name]
        gate = "names it" if project.finds else "green"
        lines.append(f"| {name} | {gate} | " + " | ".join(answers) + " |")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
