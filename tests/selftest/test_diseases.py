"""The rehearsal on small Alembic projects: every disease is found and named, health stays green."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from gate.connection.carrier import open_carrier
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.sources.database.look import look as database_look
from gate.sources.fact import Absent, Seen
from gate.sources.migrations.chain import chain
from gate.sources.migrations.facts import Chains
from gate.sources.migrations.promised import mistakes
from gate.sources.observed import Observed
from gate.sources.rehearsal.mark import PREFIX
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import ENV, LENT, LIVE, PROJECTS, Project, revision

CONTRACT = """
[alembic]
folder = "{folder}"
versions = "{folder}/migrations/versions"
command = ["{python}", "-m", "alembic"]
url = "postgresql+psycopg://{{user}}@/{{database}}?host={{host}}&port={{port}}"
{how}
"""
ITEMS = {
    "targets_clone": "targets_clone = true",
    "upgrade": 'reaches = "{head}"',
    "schema": "schema = true",
    "bystanders": "blocked_at_most_s = 1.0",
    "rewrites": "rewrites = []",
    "downgrade": 'restores = "{restores}"',
    "receipt": "loses = {loses}",
    "search": 'vector = {{ index = "ix_item_v", table = "item", column = "v", operator = "<=>", '
    "limit = 5, probes = 3, recall = 0.5 }}",
}
DATABASE = """
[index.ix_item_v]
title = "The vector index is the promised one"
source = "a self-test"
table = "item"
method = "hnsw"
columns = ["v vector_cosine_ops"]
options = {{ m = "16", ef_construction = "64" }}
"""
MIGRATIONS = """
[migration.head]
title = "One head"
source = "a self-test"
folder = "{folder}/migrations/versions"
head = "{head}"
[migration.current]
title = "The database is where it should be"
source = "a self-test"
current = "r0"
"""
TARGET = """
title = "A project"
host = "local://"
path = ["{binaries}"]
[api]
base = "http://127.0.0.1:9"
[database]
service = "live"
[rehearsal]
service = "live"
[deadlines]
window_s = 0.0
"""


def sqlalchemy_url(conninfo: str) -> str:
    """A database on a unix socket as SQLAlchemy names it."""
    parameters = conninfo_to_dict(conninfo)
    return "postgresql+psycopg://{user}@/{dbname}?host={host}&port={port}".format(**parameters)


def lay_out(folder: pathlib.Path, project: Project, live: str, binaries: pathlib.Path) -> None:
    """Write the release, the contract and the target."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    parameters = conninfo_to_dict(live)
    url = sqlalchemy_url(live)
    expression = project.env.format(live=url) if "{live" in project.env else project.env
    (folder / "migrations" / "env.py").write_text(
        ENV.format(url=expression, versions=project.versions), "utf-8"
    )
    files = {
        "r0.py": revision("r0", None),
        "r1.py": revision("r1", "r0", project.up, project.down),
        **project.files,
    }
    for file, text in files.items():
        if text:
            named = text.replace("@live@", str(parameters["dbname"]))
            (versions / file).write_text(named, "utf-8")
    head = max(one[:2] for one in files if one.startswith("r"))
    words = {"folder": folder, "head": head, "python": sys.executable, "how": project.how}
    if "hot =" not in project.how:
        words["how"] = f'hot = ["item"]\n{project.how}'
    words["restores"] = project.restores
    items = "".join(
        f'[rehearsal.{key}]\ntitle = "It is {key}"\nsource = "a self-test"\n{text}\n'
        for key, text in ITEMS.items()
    )
    contract = folder / "contract"
    contract.mkdir()
    text = CONTRACT + items
    loses = json.dumps(list(project.loses))
    (contract / "rehearsal.toml").write_text(text.format(**words, loses=loses), "utf-8")
    (contract / "database.toml").write_text(DATABASE.format() + project.database, "utf-8")
    (contract / "migrations.toml").write_text(MIGRATIONS.format(**words), "utf-8")
    (folder / "target.toml").write_text(TARGET.format(binaries=binaries), "utf-8")
    service = "".join(f"{key}={value}\n" for key, value in parameters.items())
    (folder / "services").write_text(f"[live]\n{service}", "utf-8")


@pytest.fixture(autouse=True)
def _no_role_stays(postgres: Postgres) -> Iterator[None]:
    yield
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS gate_by_function")


@pytest.mark.parametrize("name", PROJECTS)
def test_a_disease_is_found(
    name: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exactly the items of the disease are named; nothing is left, and live was not touched."""
    project = PROJECTS[name]
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=project.rows))
        if project.live:
            live.execute(project.live)
        lay_out(tmp_path, project, database, postgres.binaries)
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        before = _state(live, project.versions)
        try:
            found, warned = findings(tmp_path)
        finally:
            live.execute("DROP SUBSCRIPTION IF EXISTS taken")
        assert _state(live, project.versions) == before, "the live database was touched"
        left = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        assert live.execute(left, [PREFIX]).fetchall() == []
    for id_, words in project.finds.items():
        assert words in found.get(id_, "holds"), (id_, found)
    for id_, words in project.warns.items():
        assert words in warned.get(id_, "no warning"), (id_, warned)
    assert set(found) == set(project.finds), found
    assert set(warned) - set(project.warns) <= {"rehearsal.search", "rehearsal.bystanders"}, warned


ELSEWHERE = {
    "healthy": ("rehearsal.downgrade", ""),
    "grant-lost": ("rehearsal.downgrade", ("the clone lacks grants of the live database (grant on "
                   "table lent to borrower), and r1 drops table lent")),
    "owner-lost": ("rehearsal.downgrade", ("the clone lacks owners of the live database (table "
                   "lent), and r1 drops table lent")),
    "granting": ("rehearsal.downgrade", ("the clone lacks grants of the live database (grant on "
                 "table lent to borrower), and r1 runs REVOKE")),
    "given-to-a-role": ("rehearsal.upgrade", ("r1: the clone's server has no role lender, which "
                        "the live server has: ")),
    "taken-back-by-a-role": ("rehearsal.downgrade", ("the clone's server has no role lender, which "
                             "the live server has: ")),
}  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_another_server_does_not_know_is_not_concluded(  # noqa: PLR0917 - fixtures
    name: str,
    database: str,
    postgres: Postgres,
    elsewhere: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clone without the grants and owners of live says nothing of them, and green of the rest."""
    project = PROJECTS[name]
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=20))
        live.execute(LENT)
        lay_out(tmp_path, project, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with (tmp_path / "services").open("a", encoding="utf-8") as file:
        file.write(f"\n[other]\nhost={elsewhere.host}\nport=5432\nuser=postgres\ndbname=postgres\n")
    target = (tmp_path / "target.toml").read_text("utf-8")
    other = target.replace('[rehearsal]\nservice = "live"', '[rehearsal]\nservice = "other"')
    assert other != target
    (tmp_path / "target.toml").write_text(other, "utf-8")
    found, _ = findings(tmp_path)
    item, words = ELSEWHERE[name]
    assert words in found.get(item, ""), found
    assert found.get(item, "").startswith("? cannot tell: ") is bool(words), found
    assert all(one.startswith("?") for one in found.values()), found


NAMES = {
    "restores-a-typo": ("rehearsal.downgrade: restores = 'r00': no revision in ", True),
    "reaches-a-typo": ("rehearsal.upgrade: reaches = 'r1': no revision in ", True),
    "declares-a-typo": ("alembic.one_way[0]: revision = 'r01': no revision in ", True),
    "healthy-two-revisions": ("", False),
    "diamond-merge": ("", False),
    "three-bases": ("", False),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_revision_that_no_file_defines_is_a_mistake(name: str, tmp_path: pathlib.Path) -> None:
    """Where the files are at hand nothing is looked at: the contract is wrong, exit status 4."""
    words, wrong = NAMES[name]
    lay_out(tmp_path, PROJECTS[name], "host=/nowhere port=1 user=nobody dbname=none", tmp_path)
    contract = load_contract(tmp_path / "contract")
    target = load_target(str(tmp_path / "target.toml"), tmp_path)
    found = mistakes(contract, target)
    assert bool(found) is wrong, found
    assert words in "".join(found)
    (tmp_path / "alembic.ini").write_text("[alembic]\nversion_locations = more\n", "utf-8")
    assert mistakes(contract, target) == []
    if wrong:
        (tmp_path / "alembic.ini").write_text("[alembic]\n", "utf-8")
        here = tmp_path / "here"
        command = [sys.executable, "-m", "gate", "check", "predeploy", "--target"]
        command += [str(tmp_path / "target.toml"), "--contract", str(tmp_path / "contract")]
        ended = subprocess.run(  # noqa: S603 - the gate itself
            [*command, "--reports", here], cwd=runs.ROOT, env=runs.environ(),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 4, ended.stderr
        assert words in ended.stderr


def _state(live: psycopg.Connection[tuple[object, ...]], versions: str) -> list[tuple[object, ...]]:
    query = (
        "SELECT count(*)::text, md5(string_agg(item::text, '' ORDER BY id)) FROM item UNION ALL "
        "SELECT version_num, '' FROM {} UNION ALL "
        "SELECT relname, '' FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    return live.execute(SQL(query).format(Identifier(versions))).fetchall()


def findings(folder: pathlib.Path) -> tuple[dict[str, str], dict[str, str]]:
    """Look, rehearse and judge; return what is wrong and what is odd, by item."""
    contract = load_contract(folder / "contract")
    target = load_target(str(folder / "target.toml"), folder)
    assert contract.alembic is not None
    versions = contract.alembic.versions
    files = {one.name: one.read_text("utf-8") for one in pathlib.Path(versions).glob("*.py")}
    revisions = Seen(chain(versions, files))
    now = dt.datetime.now(dt.timezone.utc)
    nothing = Absent("not looked at")
    with open_carrier(target) as carrier:
        observed = Observed(
            target=target.name,
            moment="predeploy",
            started=now,
            finished=now,
            sources={
                "host": nothing,
                "database": database_look(target, {}, version_table=contract.version_table),
                "api": nothing,
                "plan": nothing,
                "rehearsal": rehearse(contract, target, carrier, revisions, _silent),
                "migrations": Seen(Chains(folders={versions: revisions})),
            },
        )
    scene = Scene(contract=contract, target=target, moment="predeploy", observed=observed)
    wrong: dict[str, str] = {}
    odd: dict[str, str] = {}
    for promise in contract.at("predeploy"):
        if promise.kind not in ("rehearsal", "migration"):
            continue
        try:
            finding = compare(promise, scene)
        except ObservationError as error:
            wrong[promise.id] = f"? {error}"
            continue
        if not finding.holds:
            wrong[promise.id] = "; ".join(finding.broken)
        elif finding.warnings:
            odd[promise.id] = "; ".join(finding.warnings)
    return wrong, odd


_silent: Callable[[str], None] = lambda _: None  # noqa: E731 - says nothing
