"""A request that writes, from end to end: on the clone always, on a target with --apply alone."""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
from http.server import ThreadingHTTPServer

import psycopg
import pytest
from psycopg import sql

from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.test_clone import Release
from tests.selftest.test_new_release import PROGRAM, REHEARSAL
from tests.selftest.test_writes import FILES, READS, peer

__all__ = ["peer"]

STORE = """
[endpoint.store]
title = "An item is stored"
source = "a self-test"
writes = true
method = "POST"
path = "/items"
json = { name = "stored-by-a-gate" }
status = 201
"""
NOTED = "given = json.loads("
NOTES = 'open("posts", "a").write(self.path + " " + os.environ["DATABASE_URL"] + "\\n")'
COUNT = "SELECT count(*) FROM item WHERE name = 'stored-by-a-gate'"


@pytest.fixture
def release(
    tmp_path: pathlib.Path, database: str, postgres: Postgres, peer: ThreadingHTTPServer
) -> Release:
    """A healthy migration, a release that notes what it is sent, and a live API that does, too."""
    found = Release(tmp_path, database, postgres)
    program = PROGRAM.replace(f"        {NOTED}", f"        {NOTES}\n        {NOTED}")
    assert program.count("posts") == 1
    (tmp_path / "release.py").write_text(program, "utf-8")
    endpoints = f"{READS.replace('read', 'health')}{STORE}"
    (tmp_path / "contract" / "endpoints.toml").write_text(endpoints, "utf-8")
    words = {"folder": tmp_path, "python": sys.executable, "how": "well", "key": "serves"}
    kept = tmp_path / "contract" / "rehearsal.toml"
    kept.write_text(kept.read_text("utf-8") + REHEARSAL.format(**words, more=""), "utf-8")
    text = (tmp_path / "target.toml").read_text("utf-8")
    base = f"http://127.0.0.1:{peer.server_address[1]}"
    (tmp_path / "target.toml").write_text(text.replace("http://127.0.0.1:9", base), "utf-8")
    shutil.copy(tmp_path / "target.toml", tmp_path / "here.toml")
    return found


@pytest.mark.parametrize("apply", [False, True])
def test_it_is_tried_on_the_clone(
    release: Release, peer: ThreadingHTTPServer, *, apply: bool
) -> None:
    """Without --apply it is told as not tried, and the target's own log does not know of it."""
    options = ["--apply"] if apply else []
    done = runs.run(
        runs.command(release.folder, "predeploy", *options),
        PGSERVICEFILE=str(release.folder / "services"),
    )
    document = runs.verdict(release.folder, "predeploy")
    items = {one["id"]: one for one in document["items"]}
    assert items["rehearsal.it"]["outcome"] == "PASS", done.stdout
    assert "2 requests" in items["rehearsal.it"]["promised"]
    posts = (release.folder / "posts").read_text("utf-8").splitlines()
    assert posts
    assert all("/items" in one and "gate_clone_" in one for one in posts), posts
    with psycopg.connect(release.conninfo) as live:
        assert live.execute(sql.SQL(COUNT)).fetchone() == (0,)
    sent = [one for one in peer.asked if one[0] not in ("GET", "HEAD")]  # type: ignore[attr-defined]
    assert sent == ([("POST", "/items")] if apply else [])
    not_tried = [one["id"] for one in document["not_tried"]]
    if apply:
        assert not_tried == []
        assert "endpoint.store" in items
        return
    assert not_tried == ["endpoint.store"]
    assert "endpoint.store" not in items
    assert "not tried: 1 item: it writes" in " ".join(done.stdout.split())
    reports = release.folder / "reports" / "here" / "predeploy"
    for name in FILES:
        text = (reports / name).read_text("utf-8").lower().replace("_", " ")
        assert "not tried" in text, name
        assert "endpoint.store" in text, name
    assert json.loads((reports / "verdict.json").read_text("utf-8"))["not_tried"]
