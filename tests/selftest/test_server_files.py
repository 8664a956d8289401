"""The queries that the documents give for a server's own files tell whether it starts again."""

from __future__ import annotations

import pathlib
import re
import sys
import time

import psycopg
import pytest

from tests.selftest import servers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "howto" / "database.md"
LINES = {
    "work_mem = '5MB'": ("", ""),
    "work_mem = nonsense": ("work_mem setting could not be applied", ""),
    "nosuch = 1": ("nosuch unrecognized configuration parameter", ""),
    "jit = 'off": ("syntax error", ""),
    "include 'absent.conf'": ("could not open file", ""),
    "max_connections = 33": ("", "max_connections"),
}
"""A line of ``postgresql.conf``, and what the two queries answer then."""


@pytest.mark.parametrize("major", servers.installed())
def test_a_line_that_stops_the_next_start_is_told(major: int) -> None:
    """And a setting that only waits for one is told as such."""
    block = re.search(r"```toml\n([^`]*\[query\.starts_again\][^`]*)```", PAGE.read_text("utf-8"))
    assert block is not None
    asked = tomllib.loads(block[1])["query"]
    with (
        servers.server((major, servers.installed()[major])) as running,
        psycopg.connect(running.conninfo, autocommit=True) as session,
    ):
        row = session.execute("SHOW config_file").fetchone() or ("",)
        file = pathlib.Path(row[0])
        whole = file.read_text("utf-8")
        for line, told in LINES.items():
            file.write_text(f"{whole}{line}\n", "utf-8")
            _reload(session, waits=bool(told[1]))
            for name, words in zip(("starts_again", "nothing_waits"), told, strict=True):
                assert asked[name]["rows"] == []
                rows = session.execute(asked[name]["sql"]).fetchall()
                assert words in str(rows) if words else not rows, (line, name, rows)


def _reload(session: psycopg.Connection[tuple[object, ...]], *, waits: bool) -> None:
    """Have the files read anew; wait until that is seen, where it can be."""
    session.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 10
    asked = "SELECT count(*) FROM pg_settings WHERE pending_restart"
    while waits and session.execute(asked).fetchone() == (0,):
        assert time.monotonic() < until, "it did not read its files"
        time.sleep(0.02)
