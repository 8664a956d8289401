"""A whole run, rehearsal included, as the live database's own log of statements shows it."""

from __future__ import annotations

import os
import pathlib
import re

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.test_clone import Release

READS = re.compile(r"(SELECT|BEGIN|ROLLBACK|COMMIT|SET|SHOW|WITH)\b", re.IGNORECASE)
DUMPS = re.compile(
    r"(COPY .* TO stdout;?$|LOCK TABLE .* IN ACCESS SHARE MODE( NOWAIT)?;?$"
    r"|PREPARE |EXECUTE |DEALLOCATE )",
    re.IGNORECASE,
)
WORD = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT)\b")


TABLES = """
CREATE TABLE jobs (id serial, status text, locked_at timestamptz, attempts int, error text);
CREATE TABLE beats (at timestamptz);
INSERT INTO jobs (status) VALUES ('pending'), ('done'), ('failed');
INSERT INTO beats VALUES (now());
"""
HEAD = 'title = "t"\nsource = "s"\n'
CHAPTERS = {
    "services": f'[service.w]\n{HEAD}unit = "w.service"\nstate = "active (running)"\n',
    "sessions": f'[session.w]\n{HEAD}unit = "w.service"\nwaits_for_lock_within_s = 1\n',
    "work": f"""[work.w]
{HEAD}unit = "w.service"
[work.w.queue]
table = "jobs"
pending = ["pending"]
done = ["done"]
failed = ["failed"]
taken = "locked_at"
attempts = "attempts"
attempts_at_most = 5
error = "error"
[work.w.cycle]
table = "beats"
column = "at"
within_s = 5
""",
    "queries": f"""[query.count]
{HEAD}sql = "SELECT count(*) FROM jobs"
at_least = 3
[query.with]
{HEAD}sql = "WITH one AS (SELECT max(at) FROM beats) SELECT * FROM one"
younger_than_s = 3600
[query.writes]
{HEAD}sql = "SELECT nextval('jobs_id_seq')"
at_least = 1
""",  # noqa: S608 - a contract
}
SYSTEMCTL = """#!/bin/sh
printf 'Id=w.service\\nNames=w.service\\nLoadState=loaded\\nActiveState=active\\n'
printf 'SubState=running\\nMainPID=%s\\nControlGroup=\\n' {pid}
"""


@pytest.fixture
def release(
    tmp_path: pathlib.Path, database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """A healthy release."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    found = Release(tmp_path, database, postgres)
    for chapter, text in CHAPTERS.items():
        (tmp_path / "contract" / f"{chapter}.toml").write_text(text, "utf-8")
    (tmp_path / "systemctl").write_text(SYSTEMCTL.format(pid=os.getpid()), "utf-8")
    (tmp_path / "systemctl").chmod(0o755)
    target = (tmp_path / "target.toml").read_text("utf-8")
    (tmp_path / "here.toml").write_text(
        target.replace("path = [", f'path = ["{tmp_path}", ', 1), "utf-8"
    )
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(TABLES.encode())
    return found


def statements(log: pathlib.Path, database: str) -> list[tuple[str, str]]:
    """Who asked what of a database: application and statement, as the server logged it."""
    entries = re.split(r"(?m)^(?=\S*\|[^|\n]*\|)", log.read_text("utf-8", "replace"))
    found = []
    for entry in entries:
        match = re.match(
            r"(\S*)\|([^|\n]*)\|LOG: +(?:statement|execute [^:]*): (.*)", entry, re.DOTALL
        )
        if match and match[1] == database:
            found.append((match[2], " ".join(match[3].split())))
    return found


def test_the_live_database_is_only_read(release: Release) -> None:
    """No statement but those that read, and pg_dump's own under the weakest lock."""
    live = str(conninfo_to_dict(release.conninfo)["dbname"])
    log = pathlib.Path(release.postgres.host) / "log"
    with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET log_line_prefix = '%d|%a|'")
        admin.execute("SELECT pg_reload_conf()")
        set_all = SQL("ALTER DATABASE {} SET log_statement = 'all'")
        admin.execute(set_all.format(Identifier(live)))
        done = runs.run(
            runs.command(release.folder, "predeploy"),
            PGSERVICEFILE=str(release.folder / "services"),
        )
        admin.execute("ALTER SYSTEM RESET log_line_prefix")
        admin.execute("SELECT pg_reload_conf()")
    outcomes = runs.outcomes(release.folder, "predeploy")
    assert outcomes["rehearsal.downgrade"] == "PASS", done.stdout
    assert (outcomes["query.count"], outcomes["query.with"]) == ("PASS", "PASS")
    assert outcomes["query.writes"] == "INCONCLUSIVE"  # the server refused it
    found = statements(log, live)
    asked = " ".join(text for who, text in found if who != "pg_dump")
    assert all(one in asked for one in ("pg_stat_activity", "jobs", "beats")), asked
    dumped = [text for who, text in found if who == "pg_dump"]
    assert any(text.startswith("COPY ") for text in dumped), found
    assert len(found) - len(dumped) > 5, found
    others = [
        (who, text)
        for who, text in found
        if not (READS.match(text) or (who in ("pg_dump", "") and DUMPS.match(text)))
        or (WORD.search(re.sub(r"'[^']*'", "", text)) and who != "pg_dump")
    ]
    assert others == []
