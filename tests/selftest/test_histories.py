"""Whole histories from an empty database: their shapes, and the ways in which they are run."""

from __future__ import annotations

import pathlib
import secrets
import sys
import tempfile

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.connection.carrier import open_carrier
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, Fact, Seen
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import revision, sql
from tests.selftest.histories import (
    AT,
    BY_NAME,
    ENV,
    HISTORIES,
    LOOKS,
    MAKES,
    TWO,
    History,
    table,
)
from tests.selftest.hosts import NOW
from tests.selftest.test_diseases import TARGET

NOT_READ = Absent("not read")
CONTRACT = """
[alembic]
folder = "{folder}"
versions = "{folder}/migrations/versions"
url = "postgresql+psycopg://{{user}}@/{{database}}?host={{host}}&port={{port}}"
{how}
[rehearsal.proof]
title = "It opens the clone"
source = "a self-test"
targets_clone = true
[rehearsal.there]
title = "It goes there"
source = "a self-test"
reaches = "{reaches}"
[rehearsal.back]
title = "There is a way back"
source = "a self-test"
restores = "{restores}"
"""


def lay_out(folder: pathlib.Path, history: History, live: str, binaries: pathlib.Path) -> None:
    """Write the release, the contract and the target."""
    files = {"migrations/env.py": history.env, "alembic.ini": history.ini, **history.files}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    python = pathlib.Path(sys.executable)
    how = history.how.format(python=python, folder=folder, alembic=python.with_name("alembic"))
    (folder / "contract").mkdir()
    contract = (
        CONTRACT.replace("{{user}}@", "{{user}}:{{password}}@") if history.apart else CONTRACT
    )
    (folder / "contract" / "rehearsal.toml").write_text(
        contract.format(folder=folder, how=how, reaches=history.reaches, restores=history.restores),
        "utf-8",
    )
    place = '[rehearsal]\nservice = "live"\n'
    target = TARGET.replace(place, "[rehearsal]\nembedded = true\n") if history.apart else TARGET
    (folder / "target.toml").write_text(target.format(binaries=binaries), "utf-8")
    service = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(live).items())
    (folder / "services").write_text(f"[live]\n{service}", "utf-8")


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_is_judged_from_nothing(
    name: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every step of it, up to its heads and down to base; live stays empty."""
    history = HISTORIES[name]
    lay_out(tmp_path, history, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    with psycopg.connect(database) as live:
        assert live.execute("SELECT to_regrole('gate_history')").fetchone() == (None,)
    receipts = facts.receipts.value if isinstance(facts.receipts, Seen) else ()
    assert len(receipts) == history.steps, (receipts, found)
    assert facts.unjudged == {} or len(receipts) < 2
    assert history.finds in found["rehearsal.back"], found
    assert history.proof in found["rehearsal.proof"], found
    assert bool(found["rehearsal.back"]) == bool(history.finds), found
    assert bool(found["rehearsal.proof"]) == bool(history.proof), found
    with psycopg.connect(database) as live:
        count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert live.execute(count).fetchone() == (0,)


IN_ONE = {
    "added-and-used": (
        ENV.format(engine=BY_NAME, more="").replace("transaction_per_migration=True", ""),
        ("ALTER TYPE mood ADD VALUE 'bad'", "INSERT INTO m VALUES ('bad')"),
        "it exited with 1 after",
        "unsafe use of new value",
    ),
    "left-behind": (
        ENV.format(engine=BY_NAME, more=", version_table_schema='public'"),
        ("SET search_path = apart", "CREATE TABLE t (id int)"),
        "they lead to another catalog: + ",
        "+ table apart.t: permanent",
    ),
    "nothing": (
        ENV.format(engine=BY_NAME, more="").replace("transaction_per_migration=True", ""),
        ("CREATE TABLE t (id int)", "ALTER TABLE t ADD more int"),
        "",
        "",
    ),
}


@pytest.mark.parametrize("name", IN_ONE)
def test_what_is_otherwise_in_one_command_is_found(
    name: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Steps that are well each by itself share a transaction, or a session, when deployed."""
    env, (first, second), *words = IN_ONE[name]
    made = "CREATE TYPE mood AS ENUM (); CREATE TABLE m (m mood); CREATE SCHEMA apart"
    files = {
        f"{AT}a.py": revision("a", None, sql(made)),
        f"{AT}b.py": revision("b", "a", sql(first)),
        f"{AT}c.py": revision("c", "b", sql(second)),
    }
    lay_out(tmp_path, History(env=env, files=files, reaches="c"), database, postgres.binaries)
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(made)
        live.execute("CREATE TABLE alembic_version AS SELECT 'a' AS version_num")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert [leg.exit_status for leg in facts.up] == [0, 0]
    assert isinstance(facts.together, Seen), facts.together
    assert all(one in found["rehearsal.there"] for one in words), found
    assert bool(found["rehearsal.there"]) == bool(words[0]), found


KILLED = """
import os
import pathlib
import signal
flag = pathlib.Path({flag!r})
if not flag.exists():
    flag.touch()
    os.kill({whom}, signal.SIGKILL)
op.execute("DROP TABLE t_b")
"""


@pytest.mark.parametrize("whom", ["os.getpid()", "os.getppid()"], ids=["leg", "kept"])
def test_what_was_killed_from_outside_is_not_known(
    whom: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed once, and not when it is gone again; the steps behind it are judged as ever."""
    down = KILLED.format(flag=str(tmp_path / "flag"), whom=whom)
    history = History(
        files={
            f"{AT}a.py": table("a", None),
            f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"), down.strip()),
            f"{AT}c.py": table("c", "b"),
        },
        steps=2,
    )
    lay_out(tmp_path, history, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert isinstance(facts.receipts, Seen)
    assert [one.revision for one in facts.receipts.value if one.clean] == ["c", "a"]
    assert list(facts.unjudged) == ["b"]
    assert "downgrade b: its process was ended by signal 9 from outside" in facts.unjudged["b"]
    assert found["rehearsal.back"].startswith("? "), found
    assert "ended by signal 9 from outside" in found["rehearsal.back"]


PASSING = """
import asyncio
import os
import platform
import socket
import threading

async def look_around():
    await asyncio.sleep(0)

platform.uname().processor
platform.architecture()
one = threading.Thread(target=asyncio.run, args=(look_around(),))
one.start()
one.join()
with open({flag!r}, "a") as file:
    print("was here", file=file)
try:
    socket.create_connection(("127.0.0.1", 1))
except ConnectionRefusedError:
    pass
"""


def test_a_thread_that_is_over_is_behind_all_steps_and_a_socket_before_them(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is slow behind it, such as importing an application, is done once for all."""
    flag = tmp_path / "flag"
    history = History(
        files={**TWO, f"{AT}c.py": table("c", "b"), f"{AT}d.py": table("d", "c")},
        env=PASSING.format(flag=str(flag)) + ENV.format(engine=BY_NAME, more=""),
    )  # fmt: skip
    lay_out(tmp_path, history, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert isinstance(facts.receipts, Seen), found
    assert [one.revision for one in facts.receipts.value if one.clean] == ["d", "c", "b", "a"]
    # By the command that proves, by the process's first answer, and by what is kept from there on.
    assert flag.read_text("utf-8").count("was here") <= 4


def test_why_each_step_begins_anew_is_told(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Alembic's process has by its first connection, and no fork would have for its own."""
    read = "file = open('/etc/hosts')\n"
    history = History(files=TWO, env=read + ENV.format(engine=BY_NAME, more=""))
    lay_out(tmp_path, history, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert isinstance(facts.receipts, Seen), found
    assert [one.revision for one in facts.receipts.value if one.clean] == ["b", "a"]
    assert facts.unkept == "the file /etc/hosts"


def test_an_application_that_finds_nothing_to_do_is_no_step_that_fails(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it calls no Alembic at the head, the way down from there is not known; others are."""
    history = History(files={**TWO, "shop.py": LOOKS}, how='application = ["{python}", "shop.py"]')
    lay_out(tmp_path, history, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert isinstance(facts.receipts, Seen)
    assert [one.revision for one in facts.receipts.value if one.clean] == ["a"]
    assert "it looked first whether there is anything to do" in facts.unjudged["b"]
    assert found["rehearsal.back"].startswith("? "), found
    assert not found["rehearsal.there"], found


def test_what_an_application_would_clear_away_does_not_stay(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step ends its process where the application calls Alembic: its folder is cleared here."""
    prefix = f"of-{secrets.token_hex(8)}-"
    files = {**TWO, "shop.py": MAKES.replace("{prefix}", prefix)}
    lay_out(
        tmp_path,
        History(files=files, how='application = ["{python}", "shop.py"]'),
        database,
        postgres.binaries,
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    facts, found = judged(tmp_path)
    assert isinstance(facts.receipts, Seen), found
    assert [one.revision for one in facts.receipts.value if one.clean] == ["b", "a"]
    places = pathlib.Path("/tmp"), pathlib.Path(tempfile.gettempdir())  # noqa: S108 - looked at
    assert [one for place in places for one in place.glob(f"{prefix}*")] == []


def judged(
    folder: pathlib.Path, chain: Fact[Chain] = NOT_READ
) -> tuple[RehearsalFacts, dict[str, str]]:
    """What a rehearsal of a history saw, and what is said of each item."""
    contract = load_contract(folder / "contract")
    target = load_target(str(folder / "target.toml"), folder)
    with open_carrier(target) as carrier:
        fact = rehearse(contract, target, carrier, chain, lambda _: None)
    assert isinstance(fact, Seen), fact
    nothing = Absent("not looked at")
    sources = {**dict.fromkeys(("host", "database", "api", "plan", "migrations"), nothing)}
    observed = Observed(
        target=target.name, moment="predeploy", started=NOW, finished=NOW,
        sources={**sources, "rehearsal": fact},
    )  # fmt: skip
    scene = Scene(contract=contract, target=target, moment="predeploy", observed=observed)
    found: dict[str, str] = {}
    for promise in contract.at("predeploy"):
        found[promise.id] = _said(promise, scene)
    return fact.value, found


def _said(promise: Promise, scene: Scene) -> str:
    try:
        return "; ".join(compare(promise, scene).broken)
    except ObservationError as error:
        return f"? {error}"
