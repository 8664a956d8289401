"""What a rehearsal is given that is no use: named, in time, the clone gone, live untouched."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gate.sources.fact import CannotTell, Fact, Seen
from gate.sources.rehearsal import programs
from gate.sources.rehearsal.facts import RehearsalFacts
from tests.selftest import servers
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import ENV, OBEDIENT
from tests.selftest.test_clone import Release, release
from tests.selftest.test_diseases import sqlalchemy_url

GOOD = ENV.format(url=OBEDIENT, versions="alembic_version")
__all__ = ["release"]

LIVE_STATE = """
    SELECT (SELECT count(*) FROM item), (SELECT version_num FROM alembic_version),
           (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""
WITHIN_S = 60.0
"""How long anything here may take on a busy machine; each has a deadline of its own below that."""


def state(conninfo: str) -> object:
    """What a rehearsal must leave alone."""
    with psycopg.connect(conninfo) as live:
        return live.execute(LIVE_STATE).fetchone()


def told(found: Fact[RehearsalFacts]) -> str:
    """What is said of where it ended."""
    if not isinstance(found, Seen):
        return getattr(found, "reason", "")
    facts = found.value
    parts = [facts.targets_clone, facts.reached, facts.after, facts.receipts]
    said = [getattr(one, "reason", "") or getattr(one, "proof", "") for one in parts]
    said += [leg.output for leg in facts.up]
    return "\n".join(said)


ENVS = {
    "raises": ("raise RuntimeError('no settings here')", "no settings here"),
    "hangs": (
        "import os, time; open('where', 'w').write(os.environ['TMPDIR']); time.sleep(600)",
        "not done within 8 s",
    ),
    "asks": ("input('which database? ')", "EOFError"),
    "asks-a-terminal": ("open('/dev/tty').read()", "/dev/tty"),
    "ends": ("raise SystemExit(0)", "env.py ended its process, with exit status 0"),
    "says-much": ("print('x' * 50_000_000); raise RuntimeError('too much')", "too much"),
    "says-no-text": (
        "import os; os.write(1, bytes(range(256))); raise RuntimeError('odd bytes')", "odd bytes"
    ),
    "has-a-typo": ("def", "SyntaxError"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENVS)
def test_an_env_that_is_no_use(release: Release, name: str) -> None:
    """Whatever it does, it is told by its own words, and nothing was migrated."""
    text, words = ENVS[name]
    (release.folder / "migrations" / "env.py").write_text(f"{text}\n{GOOD}", "utf-8")
    release.change("contract/rehearsal.toml", ("[alembic]\n", "[alembic]\ndeadline_s = 8\n"))
    before, began = state(release.conninfo), time.monotonic()
    found = release.rehearse()
    assert time.monotonic() - began < WITHIN_S
    assert words in told(found)
    assert isinstance(found, Seen)
    assert found.value.up == ()
    assert release.clones() == []
    assert state(release.conninfo) == before
    where = release.folder / "where"
    assert not where.exists() or not pathlib.Path(where.read_text("utf-8")).exists()


def test_what_an_env_leaves_behind_goes_with_it(release: Release) -> None:
    """Its temporary files lie in a folder of the rehearsal's, which is all that it could empty."""
    makes = f"import os, tempfile\nraise RuntimeError(tempfile.mkdtemp(), os.getpid())\n{GOOD}"
    (release.folder / "migrations" / "env.py").write_text(makes, "utf-8")
    said = re.search(r"RuntimeError: \('(.+)', [0-9]+\)", told(release.rehearse()))
    assert said is not None
    made = pathlib.Path(said[1])
    assert made.parent != pathlib.Path("/tmp")  # noqa: S108 - where it would be
    assert not made.parent.exists()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("'-c' in sys.orig_argv", "not by a process that stays"),
        ("sys.argv[-1] != 'current'", "FAILED: env.py opens the database"),
    ],
    ids=["in-the-process-that-stays", "for-steps"],
)
def test_an_env_that_opens_live_where_nobody_looked(
    release: Release, where: str, words: str
) -> None:
    """The command line opens the clone, and what does the steps another database."""
    live = sqlalchemy_url(release.conninfo)
    lost = f"if {where}:\n    os.environ['DATABASE_URL'] = {live!r}\n"
    lost = f"import os, sys\n{lost}"
    (release.folder / "migrations" / "env.py").write_text(lost + GOOD, "utf-8")
    before = state(release.conninfo)
    found = release.rehearse()
    assert words in told(found)
    assert state(release.conninfo) == before
    assert release.clones() == []


def test_a_step_that_speaks_without_end(release: Release) -> None:
    """It is ended at its deadline; what it said is kept to its end, and fills no disk."""
    release.change(
        "migrations/versions/r1.py",
        ("def upgrade():\n", "def upgrade():\n    while True: print('x' * 1000)\n"),
    )
    release.change("contract/rehearsal.toml", ("[alembic]\n", "[alembic]\ndeadline_s = 15\n"))
    found = release.rehearse()
    assert isinstance(found, Seen), found
    assert isinstance(found.value.targets_clone, Seen), found.value.targets_clone
    (leg,) = found.value.up
    assert leg.exit_status is None
    assert 1000 < len(leg.output) <= 4000
    assert release.clones() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("down_revision = 'r0'", "down_revision = 'rO'", "rO"),
        ("def upgrade", "deff upgrade", "SyntaxError"),
        ("import sqlalchemy as sa", "import sqlalchemyy as sa", "No module named 'sqlalchemyy'"),
        ("revision = 'r1'", "revision = 'r0'", "r0"),
    ],
)
def test_a_typo_in_a_revision(release: Release, old: str, new: str, words: str) -> None:
    """Alembic cannot read the history: its own words are told."""
    release.change("migrations/versions/r1.py", (old, new))
    before = state(release.conninfo)
    found = release.rehearse()
    assert words in told(found)
    assert isinstance(found, Seen)
    assert found.value.up == ()
    assert release.clones() == []
    assert state(release.conninfo) == before


def test_a_schema_that_may_not_be_seen(release: Release) -> None:
    """The role of the rehearsal reads no copy of what it may not see: named."""
    with psycopg.connect(release.conninfo, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS narrow")
        admin.execute("CREATE ROLE narrow LOGIN CREATEDB")
        admin.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.secret (id integer)")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO narrow")
        text = make_conninfo(release.conninfo, user="narrow").replace(" ", "\n")
        with (release.folder / "services").open("a") as file:
            file.write("\n[narrow]\n" + text.replace("'", "") + "\n")
        release.change(
            "target.toml", ('[rehearsal]\nservice = "live"', '[rehearsal]\nservice = "narrow"')
        )
        found = release.rehearse()
        admin.execute("DROP OWNED BY narrow; DROP ROLE narrow")
    assert isinstance(found, CannotTell), found
    assert "permission denied for schema hidden" in found.reason
    assert release.clones() == []


@contextlib.contextmanager
def own(place: pathlib.Path | None = None) -> Iterator[servers.Server]:
    """A server of this test, which may be killed or fill up, with an empty database."""
    with servers.server(servers.newest(), place) as found:
        with psycopg.connect(found.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE shop")
        yield found


def laid_out(
    folder: pathlib.Path, server: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """A healthy release whose live database is on a server of its own."""
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
    there = Postgres(server.host, 5432, server.conninfo, server.binaries)
    return Release(folder, make_conninfo(server.conninfo, dbname="shop"), there)


def test_a_pg_dump_that_is_too_old(
    postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is newer than every ``pg_dump`` of the host is named with both versions."""
    monkeypatch.setattr(programs, "PACKAGES", ())  # the server's own would be found beside the gate
    with own() as server:
        release = laid_out(tmp_path, server, monkeypatch)
        older = str(postgres.binaries)
        release.change("target.toml", (str(server.binaries), older))
        before = state(release.conninfo)
        found = release.rehearse()
        assert isinstance(found, CannotTell), found
        assert f"pg_dump is older than the server ({server.major})" in found.reason
        assert f"16 in {older}" in found.reason
        assert release.clones() == []
        assert state(release.conninfo) == before


STAGES = ("cloning", "proving", "rehearsal: upgrade r1", "rehearsal: downgrade r1")


def test_a_server_that_is_gone_at_any_step(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed as each stage begins: told in time; what is left goes with the next rehearsal."""
    with own() as server:
        release = laid_out(tmp_path, server, monkeypatch)
        before = state(release.conninfo)
        for stage in STAGES:
            killed: list[str] = []

            def tell(text: str, stage: str = stage, killed: list[str] = killed) -> None:
                if stage in text and not killed:
                    killed.append(text)
                    server.kill()

            began = time.monotonic()
            found = release.rehearse(tell)
            took = time.monotonic() - began
            server.start()
            assert killed, stage
            assert isinstance(found, CannotTell), (stage, found)
            assert took < WITHIN_S, stage
            assert any(one in found.reason for one in ("connection", "terminat", "server")), found
            assert state(release.conninfo) == before
        found = release.rehearse()
        assert isinstance(found, Seen), found
        assert isinstance(found.value.receipts, Seen)
        assert found.value.receipts.value[0].clean
        assert release.clones() == []


@pytest.fixture
def small() -> Iterator[pathlib.Path]:
    """A file system of 160 MiB, where whoever runs the server may go."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="gate-small-", dir="/tmp"))
    words = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=0777", "tmpfs", str(place)]
    try:
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
        except OSError as error:
            pytest.skip(f"nothing can be mounted here: {error}")
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        place.chmod(0o777)
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True, timeout=20)  # noqa: S603, S607
    finally:
        place.rmdir()


def fill(place: pathlib.Path, leave_mb: int) -> Callable[[], None]:
    """Leave so many MiB free; returns what makes room again."""
    free = os.statvfs(place)
    file = place / "fill"
    with file.open("wb") as out:
        out.truncate(0)
        os.posix_fallocate(out.fileno(), 0, free.f_bavail * free.f_frsize - leave_mb * 2**20)
    return file.unlink


def test_a_disk_that_is_full_at_any_step(
    small: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room to copy, to restore, to migrate, or to keep a state: named, and room is made."""
    with own(small) as server:
        release = laid_out(tmp_path, server, monkeypatch)
        heavy = (
            "CREATE TABLE extra AS SELECT n AS id, repeat(md5(n::text), 60) AS t "
            "FROM generate_series(1, 20000) AS n"
        )
        old = "CREATE TABLE extra (id integer PRIMARY KEY)"
        release.change("migrations/versions/r1.py", (old, heavy))
        with psycopg.connect(release.conninfo, autocommit=True) as live:
            live.execute(
                "CREATE TABLE big AS SELECT n, md5(n::text) || md5((n + 1)::text) AS t "
                "FROM generate_series(1, 60000) AS n; CHECKPOINT"
            )
        before = state(release.conninfo)
        found = beside(release, small, 20, "")
        assert "no room for a clone of shop: " in told(found)
        assert release.clones() == []
        for stage in ("proving", "rehearsal: upgrade r1"):
            found = beside(release, small, 12, stage)
            assert any(one in told(found) for one in FULL), (stage, told(found))
            server.waited()
            assert state(release.conninfo) == before
        found = release.rehearse()
        assert isinstance(found, Seen), found
        assert [leg.exit_status for leg in found.value.up] == [0]
        assert release.clones() == []
        assert state(release.conninfo) == before


FULL = (
    "No space left on device",
    "buffer is pinned in InvalidateBuffer",  # how a server of version 18 ends such a copy
)


def beside(
    release: Release, place: pathlib.Path, leave_mb: int, stage: str
) -> Fact[RehearsalFacts]:
    """Rehearse while a disk fills up as a stage begins; from the start where none is named."""
    room: list[Callable[[], None]] = []

    def tell(text: str) -> None:
        if stage and stage in text and not room:
            os.sync()
            room.append(fill(place, leave_mb))

    if not stage:
        room.append(fill(place, leave_mb))
    began = time.monotonic()
    try:
        found = release.rehearse(tell)
    finally:
        room[0]()
    assert time.monotonic() - began < WITHIN_S
    return found


def test_nobody_is_left(postgres: Postgres) -> None:
    """Servers of these tests are gone with them."""
    del postgres
    assert [one for one in servers.STARTED if _lives(one)] == []


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
