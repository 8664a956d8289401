"""Files: what they are and what stands in them, on this very host."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import time

import pytest

from gate.errors import ContractError
from tests.selftest.promised import CANNOT, all_of, check, contract, here, judge, lying, told
from tests.selftest.promised import recorded as recorded_of
from tests.selftest.promised import scene as scene_of

ENV = """\
# DATABASE_URL=commented
export DATABASE_URL="postgresql://api:Sup3r-Geheim-77@db/desk"
EMPTY=
listen   443 ssl;
# gzip on;
"""
SECRET = "Sup3r-Geheim-77"  # noqa: S105 - a self-test's


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a few files."""
    place = tmp_path / "etc it's"
    place.mkdir()
    (place / "env").write_text(ENV, "utf-8")
    (place / "env").chmod(0o640)
    (place / "empty").write_text("", "utf-8")
    (place / "no-newline").write_text("one\ntwo", "utf-8")
    (place / "binary").write_bytes(b"a\0b\n\xff\xfe\nlisten 80\n")
    (place / "large").write_bytes(b"x" * (600 << 10))
    (place / "link").symlink_to("env")
    (place / "broken").symlink_to("nowhere")
    (place / "old.dump").write_text("old", "utf-8")
    os.utime(place / "old.dump", (1, 1))
    return place


def keys(folder: pathlib.Path, name: str, more: str = "") -> str:
    """The keys of an item about a file."""
    return f"path = {json.dumps(str(folder / name))}\n{more}"


def test_what_a_file_is(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Type, link, owner, mode, size, digest, age: as they are, wrong, and absent."""
    digest = hashlib.sha256(ENV.encode()).hexdigest()
    items = {
        "file.good": keys(
            folder, "env",
            f'type = "regular file"\nmode = "0640"\nowner = "root"\nsha256 = "{digest}"\n'
            f"at_least_bytes = 10\nat_most_bytes = 4096\nyounger_than_s = 600",
        ),
        "file.mode": keys(folder, "env", 'mode = "0600"'),
        "file.digest": keys(folder, "env", f'sha256 = "{"0" * 64}"'),
        "file.small": keys(folder, "env", "at_least_bytes = 100000"),
        "file.large": keys(folder, "env", "at_most_bytes = 1"),
        "file.link": keys(folder, "link", 'type = "symbolic link"\nlink = "env"\nmode = "0640"'),
        "file.other-link": keys(folder, "link", 'link = "other"'),
        "file.no-link": keys(folder, "env", 'type = "symbolic link"'),
        "file.broken": keys(folder, "broken", 'type = "symbolic link"\nlink = "nowhere"'),
        "file.missing": keys(folder, "missing"),
        "file.away": keys(folder, "missing", 'before = "absent"\nmode = "0600"'),
        "file.there": keys(folder, "env", 'before = "absent"\nmode = "0600"'),
        "file.old": keys(folder, "old.dump", "younger_than_s = 3600"),
    }  # fmt: skip
    said = judge(tmp_path, items)
    check(
        said,
        {
            **all_of(("file.good", "file.link", "file.broken", "file.away"), ""),
            "file.mode": "mode is 0640",
            "file.digest": f"sha256 is {digest}",
            "file.small": "it is only",
            "file.large": "it is 1",
            "file.other-link": "link is env",
            "file.no-link": "type is regular file",
            "file.missing": "there is no",
            "file.there": "is there",
            "file.old": "it was written",
        },
    )


def test_what_stands_in_a_file(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Lines, texts, patterns, names; a line that is commented out is not there."""
    items = {
        "file.good": keys(
            folder, "env",
            'lines = ["listen 443 ssl;"]\nlines_not = ["gzip on;"]\nnames = ["DATABASE_URL"]\n'
            "contains = [\"gzip\"]\ncontains_not = [\"404\"]\nmatches = ['^listen\\s+443']\n"
            "matches_not = ['^gzip']",
        ),
        "file.line": keys(folder, "env", 'lines = ["gzip on;"]'),
        "file.line-not": keys(folder, "env", 'lines_not = ["listen 443 ssl;"]'),
        "file.text": keys(folder, "env", 'contains = ["404"]'),
        "file.pattern": keys(folder, "env", "matches = ['^gzip']"),
        "file.pattern-not": keys(folder, "env", "matches_not = ['^listen']"),
        "file.name": keys(folder, "env", 'names = ["DATABASE_URL", "SECRET_KEY"]'),
        "file.empty-name": keys(folder, "env", 'names = ["EMPTY"]'),
        "file.last-line": keys(folder, "no-newline", 'lines = ["two"]'),
        "file.empty": keys(folder, "empty", 'lines_not = ["two"]'),
        "file.empty-lines": keys(folder, "empty", 'lines = ["two"]'),
        "file.binary": keys(folder, "binary", 'lines = ["listen 80"]'),
        "file.large": keys(folder, "large", 'contains_not = ["y"]'),
        "file.endless": keys(folder, "large", "matches_not = ['(x+x+)+y']"),
        "file.folder": keys(folder, ".", 'lines = ["x"]'),
    }  # fmt: skip
    scene = scene_of(tmp_path, items)
    check(
        told(scene),
        {
            **all_of(("file.good", "file.last-line", "file.empty", "file.binary"), ""),
            "file.line": "no line 'gzip on;'",
            "file.line-not": "a line 'listen 443 ssl;'",
            "file.text": "'404' is not in it",
            "file.pattern": "nothing like '^gzip'",
            "file.pattern-not": "something like '^listen'",
            "file.name": "nothing gives SECRET_KEY a value",
            "file.empty-name": "nothing gives EMPTY a value",
            "file.empty-lines": "no line 'two'",
            "file.large": CANNOT,
            "file.endless": CANNOT,
            "file.folder": CANNOT,
        },
    )
    assert SECRET not in scene.observed.model_dump_json()


def test_the_newest_of_a_folder(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A backup of today, an old one that stayed alone, none, a folder that is not there."""
    (folder / "new.sql").write_text("SELECT 1;", "utf-8")
    (folder / "later.gz").write_text("x", "utf-8")
    os.utime(folder / "later.gz", (time.time() + 9000,) * 2)
    of = keys(folder, ".")
    items = {
        "file.new": of + 'newest = "*.sql"\nyounger_than_s = 600\nat_least_bytes = 5',
        "file.old": of + 'newest = "*.dump"\nyounger_than_s = 600',
        "file.future": of + 'newest = "*.gz"\nyounger_than_s = 600',
        "file.none": of + 'newest = "*.tar"\nyounger_than_s = 600',
        "file.nowhere": keys(folder, "nowhere", 'newest = "*.sql"'),
    }
    check(
        judge(tmp_path, items),
        {
            "file.new": "",
            "file.old": "it was written",
            "file.future": CANNOT,
            "file.none": "there is no",
            "file.nowhere": "there is no",
        },
    )


@pytest.mark.parametrize(
    ("tool", "does", "spoilt"),
    [
        ("stat", "exit 0", ("file.mode", "file.lines", "file.sha")),
        ("stat", "echo Segmentation fault", ("file.mode",)),
        ("stat", "echo 'stat: cannot statx '\\''/'\\'': No such file or directory' >&2; exit 1",
         ("file.mode", "file.away")),
        ("stat", "exit 127", ("file.mode", "file.away")),
        ("grep", "exit 0", ("file.lines",)),
        ("grep", "exit 1", ("file.lines",)),
        ("grep", "echo hello", ("file.lines",)),
        ("sha256sum", "exit 0", ("file.sha",)),
        ("sha256sum", "echo 0000  -", ("file.sha",)),
        ("find", "exit 0", ("file.newest", "file.lines")),
        ("find", "exit 1", ("file.newest", "file.lines")),
        ("find", "sleep 20", ("file.newest", "file.lines")),
    ],
)  # fmt: skip
def test_a_tool_that_lies(
    tool: str, does: str, spoilt: tuple[str, ...], folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """What it is asked for cannot be told, and is neither green nor red."""
    items = {
        "file.mode": keys(folder, "env", 'mode = "0640"'),
        "file.away": keys(folder, "missing", 'before = "absent"\nmode = "0600"'),
        "file.lines": keys(folder, "env", 'lines_not = ["no such line"]'),
        "file.sha": keys(folder, "env", f'sha256 = "{"0" * 64}"'),
        "file.newest": keys(folder, ".", 'newest = "*.dump"\nbefore = "absent"'),
    }
    said = judge(tmp_path, items, lying(tmp_path, **{tool: does}))
    check(said, all_of(spoilt, CANNOT))


def test_what_may_not_be_read(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A folder that is not there for this user says nothing of what is in it."""
    items = {"file.one": keys(folder, "env/below", 'before = "absent"\nmode = "0600"')}
    check(judge(tmp_path, items, here(prefix="")), {"file.one": ""})


def test_recorded(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """What a contract names is recorded as it is, and holds."""
    items = {"file.env": keys(folder, "env", f'mode = "0000"\nsha256 = "{"0" * 64}"')}
    found = recorded_of(scene_of(tmp_path, items), "file")["env"]
    assert (found["mode"], found["owner"]) == ("0640", "root")
    assert found["sha256"] == hashlib.sha256(ENV.encode()).hexdigest()


def test_mistakes(tmp_path: pathlib.Path) -> None:
    """A pattern that is none; the newest file has no content that is judged."""
    with pytest.raises(ContractError, match="no regular expression"):
        contract(tmp_path, {"file.x": "path = '/x'\nmatches = ['(']"})
    with pytest.raises(ContractError, match="newest judges"):
        contract(tmp_path, {"file.x": "path = '/x'\nnewest = '*'\nlines = ['a']"})
