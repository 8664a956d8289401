"""Which files of revisions are read once for all steps, and that each step reads its own anew."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import pytest
from alembic.config import Config

from gate.sources.rehearsal.inside import ahead
from gate.sources.rehearsal.inside.still import still
from tests.selftest.diseases import revision

PLAIN = """
'''Say what it does.'''
from collections.abc import Sequence
from typing import Union
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
import app.models
revision: str = "a"
down_revision: Union[str, None] = None
branch_labels = depends_on = None
SCHEMA = app.models.SCHEMA
kind = postgresql.ENUM("a", "b", name="kind", create_type=False)
t = sa.table("t", sa.column("id", sa.Integer), sa.column("kind", kind))
rows = [{"id": 1, "word": f"{SCHEMA} {-1 + 2}"}]


def upgrade(times: int = 3) -> None:
    op.execute(open("/etc/hosts").read())
"""
LIVELY = (
    "import uuid\nname = uuid.uuid4().hex",
    "import app\napp.names.append('x')",
    "import app\napp.names['x'] = 1",
    "import app\napp.name += 'x'",
    "from app import *",
    "from alembic import op\nop.execute('SELECT 1')",
    "file = open('rows.txt')",
    "import sqlalchemy as sa\nimport app\nt = sa.Table('t', app.metadata)",
    "import sqlalchemy as sa\nimport app\nm = app.metadata\nt = sa.Table('t', m)",
    "import sqlalchemy as sa\nimport app\nsa = app\nt = sa.Table('t')",
    "import sqlalchemy as sa\ndef sa(): pass\nt = sa()",
    "import sqlalchemy as sa\nt = sa.table('t', *[print(n) for n in (1, 2)])",
    "def upgrade(at=print()): pass",
    "import app\n@app.note\ndef upgrade(): pass",
    "class Base: names = print()",
    "for n in (1, 2): pass",
    "if True: import app",
    "try: import app\nexcept ImportError: app = None",
    "del name",
    "a, b = print, 2",
    "f = lambda: 1",
    "print()",
)


def test_a_plain_file_is_still() -> None:
    """What Alembic's own template makes, with tables and types beside it."""
    assert still(PLAIN.encode())


@pytest.mark.parametrize("text", LIVELY)
def test_whatever_does_something_is_not(text: str) -> None:
    """As it is read: what it computes, others may see, or may be another thing next time."""
    assert not still(text.encode())


@pytest.fixture
def config(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Two revisions, of which nothing was read yet."""
    monkeypatch.setattr(ahead, "AHEAD", {})
    monkeypatch.syspath_prepend(str(tmp_path))
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text(revision("a", None), "utf-8")
    (versions / "b.py").write_text(revision("b", "a"), "utf-8")
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\npath_separator = os\nscript_location = %(here)s/migrations\n"
    )
    return Config(str(tmp_path / "alembic.ini"))


def _versions(config: Config) -> pathlib.Path:
    return pathlib.Path(str(config.get_main_option("script_location"))) / "versions"


def _modules(directory: Any) -> dict[str, Any]:
    return {one.revision: one.module for one in directory.walk_revisions()}


def test_a_step_reads_its_own_file_alone(config: Config) -> None:
    """Of the others there is what was read before."""
    ahead.read_twice(config)
    before = _modules(ahead.AHEAD["script"])
    after = _modules(ahead.directory(config, ["b"]))
    assert after["a"] is before["a"]
    assert after["b"] is not before["b"]


@pytest.mark.parametrize("change", ["written", "new", "gone", "moved"])
def test_files_that_changed_are_read_anew(change: str, config: Config) -> None:
    """All of them, as if nothing had been read."""
    ahead.read(config)
    versions = _versions(config)
    if change == "written":
        (versions / "a.py").write_text(revision("a", None, "1 + 1"), "utf-8")
    elif change == "new":
        (versions / "c.py").write_text(revision("c", "b"), "utf-8")
    elif change == "gone":
        (versions / "b.py").unlink()
    else:
        (versions / "b.py").replace(versions / "bb.py")
    found = ahead.directory(config, ["a"])
    assert found is not ahead.AHEAD["script"]
    expected = {"new": ["a", "b", "c"], "gone": ["a"]}.get(change, ["a", "b"])
    assert sorted(_modules(found)) == expected


def test_a_module_named_like_one_of_pythons_own_is_another(config: Config) -> None:
    """What it computes may be another thing each time, whatever its name is."""
    versions = _versions(config)
    (versions.parent.parent / "this.py").write_text("NAME = 1", "utf-8")
    (versions / "b.py").write_text(f"import this\n{revision('b', 'a')}", "utf-8")
    try:
        with pytest.raises(ValueError, match="nobody else did: this"):
            ahead.read_twice(config)
    finally:
        sys.modules.pop("this", None)


def test_a_link_that_leads_nowhere_is_no_matter(config: Config) -> None:
    """An editor leaves such beside the files."""
    (_versions(config) / ".#a.py").symlink_to("nowhere")
    ahead.read_twice(config)
    assert ahead.directory(config, ["a"]) is ahead.AHEAD["script"]


@pytest.mark.parametrize("more", ["import uuid\nNAME = uuid.uuid4()", "import naming_of_test"])
def test_what_may_be_another_each_time_is_not_read_ahead(more: str, config: Config) -> None:
    """A file that computes, and one that imports what nobody else did."""
    versions = _versions(config)
    (versions.parent.parent / "naming_of_test.py").write_text("NAME = 1", "utf-8")
    (versions / "b.py").write_text(f"{more}\n{revision('b', 'a')}", "utf-8")
    try:
        with pytest.raises(ValueError, match=r"b\.py is another|naming_of_test"):
            ahead.read_twice(config)
    finally:
        sys.modules.pop("naming_of_test", None)


def test_where_nothing_was_read_each_reads_all(config: Config) -> None:
    """As Alembic does."""
    assert sorted(_modules(ahead.directory(config, ["a"]))) == ["a", "b"]
