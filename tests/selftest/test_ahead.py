"""Which files of revisions are read once for all steps, and that each step reads its own anew."""

from __future__ import annotations

import ast
import pathlib
import sys
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from gate.sources.rehearsal import inside
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
def own(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> ScriptDirectory:
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
    return ScriptDirectory.from_config(Config(str(tmp_path / "alembic.ini")))


def _versions(own: ScriptDirectory) -> pathlib.Path:
    return pathlib.Path(own.dir) / "versions"


def _modules(directory: Any) -> dict[str, Any]:
    return {one.revision: one.module for one in directory.walk_revisions()}


def test_a_step_reads_its_own_file_alone(own: ScriptDirectory) -> None:
    """Of the others there is what was read before."""
    ahead.read_twice(own)
    before = _modules(ahead.AHEAD["script"])
    after = _modules(ahead.directory(own, ["b"]))
    assert after["a"] is before["a"]
    assert after["b"] is not before["b"]


@pytest.mark.parametrize("change", ["written", "new", "gone", "moved"])
def test_files_that_changed_are_read_anew(change: str, own: ScriptDirectory) -> None:
    """All of them, as if nothing had been read."""
    ahead.read(own)
    versions = _versions(own)
    if change == "written":
        (versions / "a.py").write_text(revision("a", None, "1 + 1"), "utf-8")
    elif change == "new":
        (versions / "c.py").write_text(revision("c", "b"), "utf-8")
    elif change == "gone":
        (versions / "b.py").unlink()
    else:
        (versions / "b.py").replace(versions / "bb.py")
    found = ahead.directory(own, ["a"])
    assert found is not ahead.AHEAD["script"]
    expected = {"new": ["a", "b", "c"], "gone": ["a"]}.get(change, ["a", "b"])
    assert sorted(_modules(found)) == expected


def test_what_env_says_of_the_folders_counts(own: ScriptDirectory) -> None:
    """Said behind the moment at which the files were read: those are gone that Alembic would go."""
    ahead.read(own)
    others = _versions(own).with_name("others")
    others.mkdir()
    (others / "x.py").write_text(revision("x", None), "utf-8")
    own.version_locations = [str(others)]
    assert sorted(_modules(ahead.directory(own, ["x"]))) == ["x"]


def test_folders_below_count_from_when_env_says_so(own: ScriptDirectory) -> None:
    """The files that are there are the same ones before and after."""
    (_versions(own) / "more").mkdir()
    (_versions(own) / "more" / "c.py").write_text(revision("c", "b"), "utf-8")
    ahead.read(own)
    own.recursive_version_locations = True
    assert sorted(_modules(ahead.directory(own, ["a"]))) == ["a", "b", "c"]


def test_a_module_named_like_one_of_pythons_own_is_another(own: ScriptDirectory) -> None:
    """What it computes may be another thing each time, whatever its name is."""
    versions = _versions(own)
    (versions.parent.parent / "this.py").write_text("NAME = 1", "utf-8")
    (versions / "b.py").write_text(f"import this\n{revision('b', 'a')}", "utf-8")
    try:
        with pytest.raises(ValueError, match="nobody else did: this"):
            ahead.read_twice(own)
    finally:
        sys.modules.pop("this", None)


def test_a_link_that_leads_nowhere_is_no_matter(own: ScriptDirectory) -> None:
    """An editor leaves such beside the files."""
    (_versions(own) / ".#a.py").symlink_to("nowhere")
    ahead.read_twice(own)
    assert ahead.directory(own, ["a"]) is ahead.AHEAD["script"]


@pytest.mark.parametrize("more", ["import uuid\nNAME = uuid.uuid4()", "import naming_of_test"])
def test_what_may_be_another_each_time_is_not_read_ahead(more: str, own: ScriptDirectory) -> None:
    """A file that computes, and one that imports what nobody else did."""
    versions = _versions(own)
    (versions.parent.parent / "naming_of_test.py").write_text("NAME = 1", "utf-8")
    (versions / "b.py").write_text(f"{more}\n{revision('b', 'a')}", "utf-8")
    try:
        with pytest.raises(ValueError, match=r"b\.py is another|naming_of_test"):
            ahead.read_twice(own)
    finally:
        sys.modules.pop("naming_of_test", None)


def test_where_nothing_was_read_each_reads_all(own: ScriptDirectory) -> None:
    """As Alembic does."""
    assert sorted(_modules(ahead.directory(own, ["a"]))) == ["a", "b"]


def test_no_two_of_the_modules_that_are_sent_define_the_same_name() -> None:
    """They are one module on the host: the later one's would stand in the earlier one's place."""
    folder, defined = pathlib.Path(inside.__file__).parent, dict[str, str]()
    for part in inside.PARTS:
        for node in ast.parse((folder / f"{part}.py").read_text("utf-8")).body:
            targets = getattr(node, "targets", [getattr(node, "target", node)])
            for one in targets:
                name = str(getattr(one, "id", getattr(one, "name", "")))
                assert not name or defined.setdefault(name, part) == part, name
    assert {"do", "still", "Words"} <= set(defined)
