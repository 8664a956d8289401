"""Whole histories, each step's verdict beside what pg_dump says before and after it.

``GATE_HISTORIES`` names a TOML file with a table per history, such as ``histories.toml`` here: keys
of ``[alembic]``; ``live``, SQL that an empty database is begun with; ``before``, the release that
made the database, with the ``packages`` and the ``command`` that makes it as that release does, its
address in DATABASE_URL; ``restores``, where that was, instead of ``base``; ``reaches``, where it
goes, such as one of its branches, where that is not all heads; ``packages`` that are installed; and
``files``, texts by name that are laid into a folder of their own, ``{beside}``, such as an adapter.
Without it the small projects here are taken. Environments are kept for another run in
``GATE_HISTORIES_KEPT``, a folder, where that is given. ``GATE_HISTORIES_SERVER`` is the folder of
a server's programs, such as Debian's, for histories that want one of its extensions.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.connection.carrier import open_carrier
from gate.errors import ContractError
from gate.kinds.load import load_contract
from gate.sources.fact import Absent, Seen
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from gate.toml import parse
from tests.bench.truth import truth
from tests.selftest.conftest import Postgres, cluster
from tests.selftest.diseases import PROJECTS
from tests.selftest.servers import server
from tests.selftest.test_diseases import lay_out

pytest_plugins = ["tests.selftest.conftest"]

REPORT = pathlib.Path(__file__).resolve().parents[2] / "reports" / "bench" / "histories"
THERE = """
[rehearsal.there]
title = "It goes there"
source = "a bench"
reaches = "{0}"
"""
OWN = ("diamond-merge", "three-bases", "one-bad-step-of-three", "leftover-enum")
ITEM = 'title = "{0}"\nsource = "a bench"\n{1}\n'
BACK = "[rehearsal.back]\n" + ITEM.format("There is a way back", 'restores = "{0}"')
PROOF = "[rehearsal.proof]\n" + ITEM.format("It opens the clone", "targets_clone = true")
CONTRACT = PROOF + BACK.format("base")
TARGET = """
title = "A history"
host = "local://"
path = ["{binaries}"]
[api]
base = "http://127.0.0.1:9"
[database]
service = "live"
[rehearsal]
service = "live"
deadline_s = 7200
"""


def _histories() -> dict[str, dict[str, Any]]:
    file = os.environ.get("GATE_HISTORIES")
    if file:
        return parse(pathlib.Path(file), ContractError)
    return {name: {} for name in OWN}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """The package's server, or the one that is named."""
    folder = os.environ.get("GATE_HISTORIES_SERVER")
    if folder is None:
        with cluster() as made:
            yield made
        return
    with server((0, pathlib.Path(folder))) as found:
        yield Postgres(found.host, 5432, found.conninfo, found.binaries)


@pytest.mark.parametrize("name", _histories())
def test_each_step_is_named_truly(
    name: str,
    make_database: Callable[[], str],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The set of steps that the rehearsal names is the set that pg_dump shows, from both ends."""
    live = make_database()
    given = _histories()[name]
    kept = pathlib.Path(os.environ.get("GATE_HISTORIES_KEPT", tmp_path.parent))
    how = dict(given)
    before, address = how.pop("before", None), how.get("url", "")
    how = _installed(how, tmp_path / "beside", kept)
    if before is not None:
        _made(before, live, address, tmp_path / "beside", kept)
    if given:
        with psycopg.connect(live, autocommit=True) as connection:
            connection.execute(how.pop("live", "SELECT 1"))
        (tmp_path / "contract").mkdir()
    else:
        lay_out(tmp_path, PROJECTS[name], live, postgres.binaries)
        (tmp_path / "contract" / "database.toml").unlink()
        (tmp_path / "contract" / "migrations.toml").unlink()
        how = {
            "folder": str(tmp_path), "versions": str(tmp_path / "migrations" / "versions"),
            "command": [sys.executable, "-m", "alembic"],
            "url": "postgresql+psycopg://{user}@/{database}?host={host}&port={port}",
        }  # fmt: skip
    how.setdefault("deadline_s", 120)
    there = THERE.format(how.pop("reaches")) if "reaches" in how else ""
    there += BACK.format(how.pop("restores", "base"))
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in how.items())
    (tmp_path / "contract" / "rehearsal.toml").write_text(f"[alembic]\n{lines}\n{PROOF}{there}")
    (tmp_path / "target.toml").write_text(TARGET.format(binaries=postgres.binaries), "utf-8")
    service = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(live).items())
    (tmp_path / "services").write_text(f"[live]\n{service}", "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    contract = load_contract(tmp_path / "contract")
    target = load_target(str(tmp_path / "target.toml"), tmp_path)
    known = truth(contract, target, postgres.binaries)
    with open_carrier(target) as carrier:
        fact = rehearse(contract, target, carrier, Absent("not read"), lambda _: None)
    assert isinstance(fact, Seen), fact
    facts = fact.value
    assert isinstance(facts.receipts, Seen), (facts.receipts, facts.targets_clone)
    true = {revision for revision, one in known.items() if not one.clean}
    named = {
        one.revision for one in facts.receipts.value if one.diff or one.failed or one.again
    } | {leg.revision for leg in facts.up if leg.exit_status != 0}
    REPORT.mkdir(parents=True, exist_ok=True)
    (REPORT / f"{name}.md").write_text(_told(name, known, facts, true, named), "utf-8")
    assert sorted(named - true) == [], "named, and not so"
    assert sorted(true - named) == [], "so, and not named"


def _installed(
    how: dict[str, Any], beside: pathlib.Path, environments: pathlib.Path
) -> dict[str, Any]:
    """Install the packages of a history, lay out its files, and name where they are.

    Histories of the same packages have an environment in common.
    """
    packages, files = how.pop("packages", ()), how.pop("files", {})
    if not packages:
        return how
    beside.mkdir(exist_ok=True)
    venv = environments / hashlib.sha256("\n".join(packages).encode()).hexdigest()[:12]
    if not (venv / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=300)  # noqa: S603
        install = [venv / "bin" / "pip", "install", "--quiet", "--no-compile", *packages]
        subprocess.run(install, check=True, timeout=900)  # noqa: S603 - of the table
        (venv / "complete").touch()
    site = next((venv / "lib").glob("python*/site-packages"))
    places = {"{venv}": str(venv), "{site}": str(site), "{beside}": str(beside)}
    for name, text in files.items():
        (beside / name).write_text(_placed(text, places), "utf-8")
    return {key: _placed(value, places) for key, value in how.items()}


def _made(
    before: dict[str, Any], live: str, url: str, beside: pathlib.Path, environments: pathlib.Path
) -> None:
    """Have the database made by the release from before, in an environment of its own."""
    command = _installed(dict(before), beside, environments)["command"]
    where = conninfo_to_dict(live)
    place = {"password": "", **where, "database": where["dbname"]}
    subprocess.run(  # noqa: S603 - of the table
        command, cwd=beside, check=True, timeout=300,
        env={**os.environ, "DATABASE_URL": url.format_map(place)},
    )  # fmt: skip


def _placed(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _placed(one, places) for key, one in value.items()}
    if isinstance(value, list):
        return [_placed(one, places) for one in value]
    for name, place in places.items() if isinstance(value, str) else ():
        value = value.replace(name, place)
    return value


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(
    name: str, known: dict[str, Any], facts: RehearsalFacts, true: set[str], named: set[str]
) -> str:
    receipts = facts.receipts.value if isinstance(facts.receipts, Seen) else ()
    by_revision = {one.revision: one for one in receipts}
    lines = [
        f"# {name}: {len(known)} steps, {len(true)} not given back, {len(named)} named",
        f"seconds: {facts.seconds:.0f}",
        f"extra: {sorted(named - true)}; missing: {sorted(true - named)}",
        f"not judged: {facts.unjudged}",
        "",
    ]
    for revision in dict.fromkeys((*known, *by_revision)):
        one, receipt = known.get(revision), by_revision.get(revision)
        lines.append(f"## {revision}")
        if one is not None:
            told = (*one.lines, *one.again) or ("",)
            lines += [f"    truth {one.broken} {line}" for line in told]
        if receipt is not None:
            found = [*receipt.diff, *receipt.rows, receipt.failed, *receipt.again]
            found += [f"with rows: {line}" for line in receipt.with_rows]
            found += [f"newly allowed: {one.what}: {one.how}: {one.came}" for one in receipt.newly]
            found += [f"no witness: {line}" for line in receipt.unwritten]
            lines += [f"    gate {line}" for line in found if line]
    return "\n".join(lines) + "\n"
