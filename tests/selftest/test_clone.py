"""Clones: made from every source, never in the way, never left behind."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from gate.connection.carrier import open_carrier
from gate.kinds.load import load_contract
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.migrations.chain import chain
from gate.sources.rehearsal import mark
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.mark import PREFIX
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import LIVE, PROJECTS
from tests.selftest.test_diseases import lay_out

IN_USE = """
    SELECT datname FROM pg_stat_activity
     WHERE starts_with(datname, %s) AND starts_with(application_name, 'atum-desk-gate')
"""
CLONES = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"


class Release:
    """A healthy release with its live database, to be rehearsed in odd circumstances."""

    def __init__(self, folder: pathlib.Path, conninfo: str, postgres: Postgres) -> None:
        """Lay it out."""
        self.folder, self.conninfo, self.postgres = folder, conninfo, postgres
        with psycopg.connect(conninfo, autocommit=True) as live:
            live.execute(LIVE.format(rows=20).encode())
        lay_out(folder, PROJECTS["healthy"], conninfo, postgres.binaries)

    def change(self, file: str, *pairs: tuple[str, str]) -> None:
        """Replace words in one of its files."""
        path = self.folder / file
        text = path.read_text("utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    def rehearse(
        self,
        tell: Callable[[str], None] = lambda _: None,
        interrupted: threading.Event | None = None,
    ) -> Fact[RehearsalFacts]:
        """Rehearse it."""
        contract = load_contract(self.folder / "contract")
        target = load_target(str(self.folder / "target.toml"), self.folder)
        versions = self.folder / "migrations" / "versions"
        files = {one.name: one.read_text("utf-8") for one in versions.glob("*.py")}
        with open_carrier(target, interrupted) as carrier:
            return rehearse(contract, target, carrier, Seen(chain("", files)), tell)

    def clones(self) -> list[str]:
        """Clones that are there."""
        with psycopg.connect(self.postgres.conninfo, autocommit=True) as admin:
            return [name for (name,) in admin.execute(CLONES, [PREFIX])]

    def clone_in_use(self) -> str:
        """The clone that the rehearsal is in; others are copies that it keeps."""
        with psycopg.connect(self.postgres.conninfo, autocommit=True) as admin:
            row = admin.execute(IN_USE, [PREFIX]).fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture
def release(
    tmp_path: pathlib.Path, database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """A healthy release."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    return Release(tmp_path, database, postgres)


def test_only_its_own_leftovers_go(release: Release) -> None:
    """What a killed run left is removed; what a living one holds, or an operator made, is not."""
    held, used, left, bare = (mark.new_name() for _ in range(4))
    operators = [f"{PREFIX}x", f"{PREFIX}{'0' * 16}_{'0' * 12}", "backup_of_" + left]
    noted = mark.new_name()
    everything = [held, used, left, bare, noted, *operators]
    with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
        try:
            for name in everything:
                admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
            for name in (held, used, left, operators[1]):
                mark.write(admin, name, "atum_desk")
            admin.execute(SQL("COMMENT ON DATABASE {} IS 'mine now'").format(Identifier(noted)))
            mark.hold(admin, held)
            busy = make_conninfo(release.postgres.conninfo, dbname=used)
            with psycopg.connect(busy, application_name="atum-desk-gate rehearsal"):
                facts = release.rehearse()
                there = {name for (name,) in admin.execute("SELECT datname FROM pg_database")}
        finally:
            for name in everything:
                drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                admin.execute(drop.format(Identifier(name)))
    assert isinstance(facts, Seen)
    assert set(everything) - there == {left, bare}


def test_a_clone_says_who_made_it(release: Release) -> None:
    """While it is there, a comment on it says who, when, of what and with what."""
    comments: list[str] = []

    def ask(_: str) -> None:
        find = (
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
            "WHERE starts_with(datname, %s)"
        )
        with psycopg.connect(release.postgres.conninfo) as admin:
            comments.extend(text for (text,) in admin.execute(find, [PREFIX]))

    release.rehearse(ask)
    live = conninfo_to_dict(release.conninfo)["dbname"]
    assert re.fullmatch(
        rf"atum-desk-gate clone of {live}, made by \S+@\S+, process {os.getpid()}, "
        rf"at \S+, gate \S+",
        comments[-1],
    )


@pytest.fixture
def blocker(release: Release) -> Iterator[Blocker]:
    """Gone with the test."""
    found = Blocker(release)
    yield found
    for session in found.sessions:
        session.close()


class Blocker:
    """Somebody who locks a table of the clone as soon as the upgrade begins, for ever."""

    def __init__(self, release: Release) -> None:
        """Be ready."""
        self.release = release
        self.since = 0.0
        self.sessions: list[psycopg.Connection[tuple[object, ...]]] = []

    def tell(self, text: str) -> None:
        """Listen to the rehearsal."""
        if "upgrade" in text and not self.sessions:
            clone = self.release.clone_in_use()
            self.sessions.append(
                psycopg.connect(make_conninfo(self.release.conninfo, dbname=clone))
            )
            self.sessions[0].execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
            self.since = time.monotonic()


def test_an_interruption_ends_a_long_statement_at_once(release: Release, blocker: Blocker) -> None:
    """The gate itself waits for a lock, in a statement: it is cancelled, and nothing is left."""
    interrupted = threading.Event()

    def interrupt() -> None:
        while not blocker.since:
            time.sleep(0.05)
        time.sleep(3)
        blocker.since = time.monotonic()
        interrupted.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    facts = release.rehearse(blocker.tell, interrupted)
    took = time.monotonic() - blocker.since
    thread.join()
    assert isinstance(facts, CannotTell), facts
    assert "interrupted" in facts.reason
    assert took < 3
    assert release.clones() == []


WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE starts_with(application_name, 'atum-desk-gate') AND wait_event_type = 'Lock'
       AND datname = %s
"""
LOCKED = "LOCK TABLE item IN ACCESS EXCLUSIVE MODE"


@pytest.mark.parametrize("by", ["pytest", "gate check"])
def test_ctrl_c_ends_a_long_statement_at_once(by: str, release: Release) -> None:
    """The process of the gate ends, whatever the server is at, and its clone is gone."""
    shutil.copy(release.folder / "target.toml", release.folder / "here.toml")
    until = time.monotonic() + 50
    with (
        psycopg.connect(release.postgres.conninfo, autocommit=True) as admin,
        subprocess.Popen(  # noqa: S603 - the gate itself
            _by(by, runs.command(release.folder, "predeploy")),
            cwd=runs.ROOT,
            env=runs.environ(PGSERVICEFILE=str(release.folder / "services")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as gate,
    ):
        blocked = None
        while blocked is None and time.monotonic() < until:
            time.sleep(0.02)
            find = "SELECT datname FROM pg_stat_activity WHERE application_name LIKE '%bystander'"
            for (name,) in admin.execute(find).fetchall():
                blocked = psycopg.connect(make_conninfo(release.conninfo, dbname=str(name)))
                blocked.execute(LOCKED)
                break
        assert blocked is not None, "no rehearsal began"
        with closing(blocked):
            while time.monotonic() < until:
                row = admin.execute(WAITING, [blocked.info.dbname]).fetchone()
                if row and int(str(row[0])) > 1:  # both bystanders, whom the gate waits for
                    break
                time.sleep(0.02)
            began = time.monotonic()
            gate.send_signal(signal.SIGINT)
            assert gate.wait(20) == 2
            assert time.monotonic() - began < 6
            assert release.clones() == []


def _by(command: str, words: list[str]) -> list[str]:
    """The same run by the gate's own command."""
    own = [words[0], "-m", "gate", "check", "predeploy", *words[5:]]
    return words if command == "pytest" else own


def test_a_rehearsal_has_a_deadline(release: Release, blocker: Blocker) -> None:
    """Whatever it waits for, it ends when the whole time is over, and says so."""
    release.change("target.toml", ("[rehearsal]\n", "[rehearsal]\ndeadline_s = 6\n"))
    began = time.monotonic()
    facts = release.rehearse(blocker.tell)
    assert isinstance(facts, CannotTell), facts
    assert facts.cause is Cause.TIMEOUT
    assert "not done within 6 s" in facts.reason
    assert time.monotonic() - began < 10
    assert release.clones() == []


def test_a_role_without_createdb_is_told(release: Release) -> None:
    """It names the right that is missing."""
    with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS poor")
        admin.execute("CREATE ROLE poor LOGIN")
        poor = make_conninfo(release.conninfo, user="poor")
        settings = "\n".join(poor.replace(" ", "\n").replace("'", "").splitlines())
        with (release.folder / "services").open("a") as file:
            file.write(f"\n[poor]\n{settings}\n")
        release.change(
            "target.toml", ('[rehearsal]\nservice = "live"', '[rehearsal]\nservice = "poor"')
        )
        facts = release.rehearse()
        admin.execute("DROP ROLE poor")
    assert isinstance(facts, CannotTell)
    assert facts.cause is Cause.PERMISSION
    assert "needs CREATEDB" in facts.reason


def test_no_place_to_rehearse_is_told(release: Release) -> None:
    """A target that names none leaves the promises open, and says what to write."""
    release.change("target.toml", ('[rehearsal]\nservice = "live"', ""))
    facts = release.rehearse()
    assert isinstance(facts, CannotTell)
    assert "[rehearsal] service" in facts.reason


def test_a_server_that_is_not_there_is_told(release: Release) -> None:
    """Unreachable is no verdict about the migration."""
    release.change("services", ("port=", "port=1"))
    facts = release.rehearse()
    assert isinstance(facts, CannotTell)
    assert facts.cause is Cause.UNREACHABLE


def test_a_folder_without_alembic_is_told(release: Release) -> None:
    """Nothing is migrated where Alembic does not even start."""
    release.change("contract/rehearsal.toml", ('folder = "', 'folder = "/nowhere'))
    facts = release.rehearse()
    assert isinstance(facts, Seen)
    assert isinstance(facts.value.targets_clone, CannotTell)
    assert "/nowhere" in facts.value.targets_clone.reason
    assert facts.value.up == ()
    assert release.clones() == []


def test_a_database_that_goes_in_the_middle_is_told(release: Release) -> None:
    """The clone is lost under the rehearsal's feet: told, and nothing is left."""

    def drop(text: str) -> None:
        if "upgrade" in text:
            with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
                for name in release.clones():
                    admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    facts = release.rehearse(drop)
    assert isinstance(facts, CannotTell), facts
    assert release.clones() == []


def test_a_backup_is_a_source(release: Release) -> None:
    """A pg_dump file serves as well; the live database is not even asked for its rows."""
    file = release.folder / "backup.dump"
    subprocess.run(  # noqa: S603 - of the package
        [release.postgres.binaries / "pg_dump", "-Fc", "-f", file, "-d", release.conninfo],
        check=True,
        capture_output=True,
        timeout=60,
    )
    release.change(
        "target.toml",
        ("[rehearsal]\n", f'[rehearsal]\nkind = "backup"\nbackup = "{file}"\n'),
    )
    facts = release.rehearse()
    assert isinstance(facts, Seen), facts
    assert isinstance(facts.value.clone, Seen)
    assert facts.value.clone.value.source == str(file)
    assert isinstance(facts.value.receipts, Seen)
    assert facts.value.receipts.value[0].clean


def test_a_template_needs_the_database_for_itself(release: Release) -> None:
    """With somebody connected a template cannot be copied: told, not waited for."""
    release.change("target.toml", ("[rehearsal]\n", '[rehearsal]\nkind = "template"\n'))
    with psycopg.connect(release.conninfo, autocommit=True):
        facts = release.rehearse()
    assert isinstance(facts, CannotTell), facts
    assert "being accessed by other users" in facts.reason
    facts = release.rehearse()
    assert isinstance(facts, Seen), facts
    assert not isinstance(facts.value.receipts, Absent)
    assert release.clones() == []


def test_a_witness_that_is_lost_is_told(release: Release) -> None:
    """What it saw until then is no account of the migration."""
    release.change(
        "migrations/versions/r1.py",
        ("def upgrade():\n", 'def upgrade():\n    op.execute("SELECT pg_sleep(1)")\n'),
    )
    ended = threading.Event()

    def end_witness() -> None:
        find = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE '%rehearsal witness'"
        )
        deadline = time.monotonic() + 20
        with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
            while time.monotonic() < deadline:
                if admin.execute(find).fetchall():
                    ended.set()
                    return
                time.sleep(0.01)

    threads = [threading.Thread(target=end_witness)]

    def tell(text: str) -> None:
        if "upgrade" in text and not threads[0].ident:
            threads[0].start()

    facts = release.rehearse(tell)
    threads[0].join()
    assert ended.is_set()
    assert isinstance(facts, CannotTell), facts
    assert "the witness lost the clone" in facts.reason
    assert release.clones() == []
