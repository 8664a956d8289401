"""``gate record`` itself: where it looks, what it compares, and what it writes."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.commands import record as command
from gate.errors import ContractError, GateError, ObservationError, TargetError
from gate.sources.binding import Binding, Place
from gate.sources.observation_file import write_observed
from tests.selftest.conftest import Postgres
from tests.selftest.databases import SCHEMA
from tests.selftest.given import ago, host, look, path

TARGET = 'title = "This machine"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\n'
PROMISE = """
[path.data]
title = "t"
source = "s"
purpose = "p"
path = "/data"
mode = "0755"
"""


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder with a target, in which the command is run."""
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets/here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract/paths.toml").write_text(PROMISE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recorded(*words: str) -> tuple[int, str]:
    """The exit status, and what was told."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    told: list[str] = []
    status = command.run(parser.parse_args([*words]), told.append)
    return status, "\n".join(map(str, told))


def kept(name: str, *, ago_h: float, host_of: str = "local://", **paths: Any) -> str:
    """A kept look; returns its file."""
    changes = {
        "started": ago(hours=ago_h),
        "bound": Binding(place=Place(name="here", host=host_of), contract="x"),
    }
    seen = look(host=host(paths={f"/{one}": fact for one, fact in paths.items()}))
    write_observed(pathlib.Path(name), seen.model_copy(update=changes))
    return name


@pytest.mark.usefixtures("place")
def test_what_differs_between_two_looks() -> None:
    """Is written as a chapter; nothing is, where nothing does."""
    before = kept("a.json", ago_h=2, data=path("/data"))
    after = kept("b.json", ago_h=1, data=path("/data", mode="0700"))
    looks = ("--target=here", f"--before={before}", f"--after={after}")
    status, told = recorded(*looks, "--only=paths")
    assert status == 0, told
    assert "[path.data" in told
    assert '"0700"' in told
    same = ("--target=here", f"--before={before}", f"--after={before}", "--only=paths")
    assert recorded(*same) == (0, "")
    status, told = recorded(*looks, "--only=services")
    assert (status, "0700" in told) == (0, False)
    # What nobody looked at is no part of what stayed the same.
    status, told = recorded(*looks)
    assert (status, "0700" in told) == (1, True)
    assert "# ports: cannot be compared: " in told


@pytest.mark.usefixtures("place")
def test_looks_that_cannot_be_compared() -> None:
    """Of two places, or the later one first."""
    early, late = kept("a.json", ago_h=2), kept("b.json", ago_h=1)
    other = kept("c.json", ago_h=0, host_of="ssh://hera")
    for before, after, words in (
        (late, early, "--before=b.json is the later look of the two"),
        (early, other, "--before=a.json and --after=c.json: .*ssh://hera"),
    ):
        with pytest.raises(ContractError, match=words):
            recorded("--target=here", f"--before={before}", f"--after={after}")


def test_a_place_has_to_be_said(place: pathlib.Path) -> None:
    """Where neither the command line nor the settings name one, and there is more than one."""
    (place / "targets/there.toml").write_text(TARGET, "utf-8")
    with pytest.raises(TargetError, match="no target is named: say --target"):
        recorded()


def test_a_contract_of_one_s_own(place: pathlib.Path) -> None:
    """A folder that is named has to hold one, unless it is the one that is to be written."""
    (place / "empty").mkdir()
    with pytest.raises(ContractError):
        recorded("--target=here", "--contract=empty", "--only=paths")
    status, told = recorded("--target=here", "--contract=empty", "--write=empty", "--only=mounts")
    assert status in (0, 1), told


@pytest.mark.parametrize(
    ("where", "words"),
    [("plain", "plain: cannot be made: File exists"), ("plain/x", "cannot be made: Not a dir")],
)
def test_what_cannot_be_written(where: str, words: str, tmp_path: pathlib.Path) -> None:
    """Is a mistake with its reason, and no chapter that is there already."""
    (tmp_path / "plain").touch()
    with pytest.raises(ContractError, match=words):
        command._out({"paths": ""}, f"{tmp_path}/{where}", print)  # noqa: SLF001 - of any chapter


def test_a_file_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    """As above, of the file itself: it is a link to nowhere that there is."""
    (tmp_path / "paths.toml").symlink_to(tmp_path / "paths.toml" / "x")
    told: list[object] = []
    assert not command._out({"paths": "", "ports": "x"}, str(tmp_path), told.append)  # noqa: SLF001
    assert "paths.toml: is there already, and stays" in str(told[0])
    assert (tmp_path / "ports.toml").read_text("utf-8") == "x"
    with pytest.raises(ContractError, match="cannot be written: File name too long"):
        command._out({"x" * 300: ""}, str(tmp_path), told.append)  # noqa: SLF001


@pytest.mark.parametrize("stands", [True, False])
def test_a_throw_away_target(
    stands: bool,  # noqa: FBT001 - a case
    place: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is used where it runs; else it is started, and taken down whatever happens."""
    monkeypatch.setenv("GATE_RECORDED", "")
    script = f"echo $1 >>{place}/log"
    there = {"running": True, "prefix": str(place), "env": {"GATE_RECORDED": "here"}}
    gone = {"running": False}
    status = (
        f"[ \"$2\" = default ] && [ {int(stands)} = 0 ] && echo '{json.dumps(gone)}' && exit; "
        f"echo '{json.dumps(there)}'"
    )
    lines = {
        "up": ["sh", "-c", script, "x", "up", "{name}"],
        "down": ["sh", "-c", script, "x", "down", "{name}"],
        "status": ["sh", "-c", status, "x", "status", "{name}"],
    }
    text = 'title = "t"\nhost = "local://"\nembedded = true\n[launcher]\ntitle = "a folder"\n'
    text += "".join(f"{key} = {json.dumps(words)}\n" for key, words in lines.items())
    (place / "targets/thrown.toml").write_text(text, "utf-8")
    monkeypatch.delenv("GATE_INSTANCE", raising=False)

    def goes_wrong(target: Any, *_: object, **__: object) -> tuple[dict[str, str], list[str]]:
        assert (target.prefix, os.environ["GATE_RECORDED"]) == (str(place), "here")
        raise GateError("it cannot be looked at")

    monkeypatch.setattr(command, "record", goes_wrong)
    with pytest.raises(GateError, match="it cannot be looked at"):
        recorded("--target=thrown")
    log = place / "log"
    said = log.read_text("utf-8").split() if log.exists() else []
    assert said == ([] if stands else ["up", "down"])
    assert ("it is running already" in capsys.readouterr().err) is stands


def test_a_database_by_its_service(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is, and where another one is named as it is after; one that is away is told by name."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
    name = conninfo_to_dict(database)["dbname"]
    (tmp_path / "services").write_text(
        f"[own]\nhost={postgres.host}\nport={postgres.port}\ndbname={name}\nuser=postgres\n"
        f"[bare]\nhost={postgres.host}\nport={postgres.port}\ndbname=template1\nuser=postgres\n",
        "utf-8",
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    status, told = recorded("database", "--service=own", "--source=a look")
    assert (status, "[table.users]" in told, "before" in told) == (0, True, False)
    status, told = recorded("database", "--service=own", "--after=bare")
    assert (status, "absent" in told) == (0, True)
    with pytest.raises(ObservationError, match=r"database service 'nosuch': .*nosuch"):
        recorded("database", "--service=nosuch")
