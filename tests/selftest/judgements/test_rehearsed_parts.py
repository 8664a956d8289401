"""Parts of a rehearsal where it does not come to what it was for: they say so."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest

from gate.catalog.model import Catalog
from gate.connection.frame import Output
from gate.connection.obstacle import CarrierError
from gate.contract.rehearsal import Alembic
from gate.contract.release import RollBack
from gate.errors import ObservationError
from gate.sources.fact import Cause, Seen
from gate.sources.migrations import promised
from gate.sources.migrations.chain import chain
from gate.sources.rehearsal import fence, race, second, strike
from gate.sources.rehearsal.programs import _packaged
from gate.sources.rehearsal.sample import _copy, _some
from gate.sources.rehearsal.state import setting
from gate.sources.rehearsal.tables import Table
from gate.sources.rehearsal.trace import collect, install
from gate.sources.rehearsal.undo import _there, _unlike
from gate.sources.rehearsal.values import Column, Key, values_of
from gate.sources.rehearsal.warden.outside import Outside, Unfenced
from tests.selftest.given import DESK, unclear

HOW = Alembic(folder="/srv", versions="/srv/versions", command=("alembic",))
FAR = DESK.model_copy(update={"host": "ssh://hera"})


def output(out: bytes = b"", rc: int = 0, err: bytes = b"") -> Output:
    """What a host answers."""
    return Output(rc=rc, stdout=out, stderr=err, privileges="root", no_sudo="")


def leg(status: int | None, said: str = "") -> Any:
    """A way that was gone."""
    return SimpleNamespace(exit_status=status, output=said, revision="a")


COMMANDS = Seen(("CREATE", "ALTER", "DROP"))


def stage(*lines: str, commands: Any = COMMANDS) -> tuple[Any, Any]:
    """A clone, and the way up that was gone first."""
    told: list[str] = []
    connection = SimpleNamespace(execute=lambda text: told.append(text.decode()))
    there = SimpleNamespace(
        connection=connection, told=told, whole=lambda: lines, tell=lambda _: None,
        how=SimpleNamespace(migrators=0), target=DESK, clone=None, carrier=None,
    )  # fmt: skip
    return there, SimpleNamespace(revision="a", commands=commands)


@pytest.mark.parametrize(
    ("legs", "lines", "found", "untried"),
    [
        ([leg(1)], (), (), "the way down failed"),
        ([leg(0), leg(0)], (), (), "stopped nothing"),
        ([leg(0), leg(1), leg(1, "Error: there is t")], (), ("begun again: ",), ""),
        (
            [leg(0), leg(1), leg(0)],
            ("table t is missing",),
            ("begun again: table t is missing",),
            "",
        ),
    ],
)
def test_a_step_that_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
    legs: list[Any],
    lines: tuple[str, ...],
    found: tuple[str, ...],
    untried: str,
) -> None:
    """What could not be tried is told as that; what stops it is always taken away again."""
    there, up = stage()
    ways = iter(legs)
    monkeypatch.setattr(strike, "walk", lambda *_, **__: next(ways))
    monkeypatch.setattr(strike, "diff", lambda *_: SimpleNamespace(lines=lambda: [*lines]))
    nothing: Any = None
    wrong, why = strike.strike(there, up, "base", nothing)
    assert [one in said for one, said in zip(found, wrong, strict=True)] == [True] * len(found)
    assert untried in why
    assert bool(why) is bool(untried)
    begun = sum("CREATE EVENT TRIGGER" in one for one in there.told)
    assert begun == sum("DROP EVENT TRIGGER" in one for one in there.told)


def test_a_step_that_was_not_traced() -> None:
    """Nobody knows how many commands it has."""
    there, up = stage(commands=unclear())
    nothing: Any = None
    found, why = strike.strike(there, up, "base", nothing)
    assert (found, why[:18]) == ((), "it was not traced:")


def test_several_migrators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the step does not go back, or Alembic cannot be begun, that is told."""
    there, up = stage()
    nothing: Any = None
    monkeypatch.setattr(race, "walk", lambda *_, **__: leg(1))
    assert race.race(there, up, "base", nothing) == ("the way down failed",)
    monkeypatch.setattr("gate.sources.rehearsal.alembic.by_name", lambda _: False)
    monkeypatch.setattr(race, "running", lambda *_: _Runs(None))
    ended: list[tuple[int | None, str]] = []
    race._migrate(there, "a", ended)  # noqa: SLF001 - its part
    answer = SimpleNamespace(ask=lambda *_, **__: SimpleNamespace(status=0, said="done"))
    monkeypatch.setattr(race, "running", lambda *_: _Runs(answer))
    race._migrate(there, "a", ended)  # noqa: SLF001 - as above
    assert ended == [(None, "Alembic cannot be begun"), (0, "done")]


class _Runs:
    """A process of Alembic's, or none."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    def __enter__(self) -> Any:
        """It."""
        return self._runner

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


DUMP = f"CREATE TABLE t();\n{second.COMPLETE}\n".encode()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (output(DUMP[:20], 1, b"pg_dump: error: no rights"), "pg_dump: error: no rights"),
        (output(gzip.compress(DUMP[:20])), "CREATE TABLE t();"),
        (output(b""), "pg_dump did not end"),
        (output(gzip.compress(b" " * 2000)), "it is larger than 0 MiB"),
        (CarrierError("the host is gone", Cause.UNREACHABLE), "the host is gone"),
    ],
)
def test_a_second_opinion_that_is_none(
    monkeypatch: pytest.MonkeyPatch, answer: Any, says: str
) -> None:
    """Half a dump is none: what it does not hold may be there."""
    monkeypatch.setattr(second, "LARGEST", 1000)

    def run(*_: object, **__: object) -> Output:
        if isinstance(answer, Exception):
            raise answer
        found: Output = answer
        return found

    carrier: Any = SimpleNamespace(run=run)
    sessions = SimpleNamespace(check=lambda: None)
    clone: Any = SimpleNamespace(
        way=SimpleNamespace(there={"dbname": "x"}, sessions=sessions), major=16
    )
    assert says in str(second.ask(HOW, DESK, carrier, clone))
    quiet = HOW.model_copy(update={"second_opinion": False})
    assert second.ask(quiet, DESK, carrier, clone) == "second_opinion = false"


def test_a_second_opinion() -> None:
    """As gzip packed it, or as it is."""
    for one in (DUMP, gzip.compress(DUMP)):
        assert second._text(one) == DUMP.decode()  # noqa: SLF001 - its part


def test_another_tree() -> None:
    """Its command takes the place of both; and where it ends is compared, too."""
    environment: Any = {}
    there = _there(HOW, RollBack(to="a", folder="/old"), environment)
    assert (there.folder, there.command) == ("/old", ("alembic",))
    own = RollBack(to="a", folder="/old", command=("flask", "db"))
    with_app = HOW.model_copy(update={"application": ("shop", "db")})
    found = _there(with_app, own, environment)
    assert (found.command, found.application) == (("flask", "db"), None)
    catalog = Catalog(tables={}, indexes={}, enums={}, extensions={})
    was: Any = SimpleNamespace(at=("a",), catalog=catalog)
    for at, said in ((("a",), ()), ((), ("it ends at nothing",)), (("b",), ("it ends at b",))):
        now: Any = SimpleNamespace(at=at, catalog=catalog)
        assert _unlike(was, now) == said


def column(base: str, **changes: Any) -> Column:
    """A column of a table."""
    facts: dict[str, Any] = {
        "name": "c", "kind": "b", "type": base, "base": base, "needed": True,
        "has_default": False, "checks": (),
    }  # fmt: skip
    return Column(**{**facts, **changes})


def test_values_of_a_row() -> None:
    """A key to the own table has nobody to lead to yet; a list may be empty."""
    key = Key("t", "t", ("c",), ("id",))
    assert values_of(column("integer"), [key], "t") == ["1"]
    assert values_of(column("integer", needed=False), [key], "t") == ["NULL"]
    other = values_of(column("integer"), [Key("t", "u", ("c",), ("id",))], "t")
    assert 'FROM "public"."u"' in other[0].as_string(None)
    assert values_of(column("text[]"), [], "t") == ["'{}'::text[]"]


def test_a_setting() -> None:
    """Of a database, or of a role in it; a list of names is not quoted once more."""
    of = setting("shop", "search_path=a, b").as_string(None)
    assert of == 'ALTER DATABASE "shop" SET "search_path" = a, b'
    own = setting("shop", "shop.mode=it's", "ann").as_string(None)
    assert own == """ALTER ROLE "ann" IN DATABASE "shop" SET "shop"."mode" = 'it''s'"""


def test_what_needs_more_rights() -> None:
    """Without them nothing is recorded, and that is told."""
    asked: list[object] = []
    connection: Any = SimpleNamespace(execute=asked.append)
    install(connection, superuser=False)
    assert asked == []
    found = collect(connection, 0.0, superuser=False)
    assert "need a superuser" in str(found)
    install(connection, superuser=True)
    assert len(asked) == 1


def table(**changes: Any) -> Table:
    """A table of the live database."""
    facts: dict[str, Any] = {
        "oid": 1, "schema": "public", "name": "t", "rows": 10.0, "pages": 1, "columns": ("a",),
    }  # fmt: skip
    return Table(**{**facts, **changes})


def test_some_rows() -> None:
    """Of a large table a part is read; of one without columns nothing is copied."""
    assert "TABLESAMPLE" not in _some(table(), 100).as_string(None)
    large = _some(table(rows=1e9, pages=10**7), 100).as_string(None)
    assert "TABLESAMPLE SYSTEM" in large
    nobody: Any = None
    _copy(nobody, nobody, table(columns=()), _some(table(), 1))
    assert _packaged(FAR) == []
    assert _packaged(DESK) != []


def test_a_host_that_lends_no_folder() -> None:
    """Then nothing is started."""
    program: Any = SimpleNamespace()
    for answer in (output(b"", 1), output(b"no folder")):
        carrier: Any = SimpleNamespace(run=lambda *_, one=answer, **__: one)
        with (
            pytest.raises(ObservationError, match="lends no folder for temporary files"),
            fence.running(program, DESK, carrier, fenced=True),
        ):
            pass  # pragma: no cover - it is not reached


FOUND = {"outside": {"a listener": False}, "clone": "R", "other": "E"}
NOBODY = "the listeners outside cannot be reached from outside either"


@pytest.mark.parametrize(
    ("changes", "answered", "why"),
    [
        ({"outside": {"a listener": True}}, 0, "a listener was reached"),
        ({}, 1, NOBODY),
        ({"clone": "E"}, 0, "the clone was not reached: E"),
        ({"other": "R"}, 0, "another database of the clone's server was reached"),
        ({"clone": "", "other": ""}, 1,
         f"{NOBODY}; the clone was not reached: ; another database of the clone's server was"),
    ],
)  # fmt: skip
def test_a_fence_that_is_none(changes: dict[str, Any], answered: int, why: str) -> None:
    """What the probe inside found is told; a fence that was not tried in full is none."""
    outside = Outside.__new__(Outside)
    outside.bait, outside.answered, outside.said = [], answered, []  # type: ignore[assignment]
    outside.control = _Told(json.dumps({"found": {**FOUND, **changes}}))  # type: ignore[assignment]
    with pytest.raises(Unfenced, match=why):
        outside.prove()


def test_a_fence_that_holds() -> None:
    """It is told what was tried; and one whose first process ends is none."""
    outside = Outside.__new__(Outside)
    outside.plan = {"bait": {"address": ["10.0.0.1", 1]}}
    outside.bait, outside.answered = [], 0
    outside.control = _Told(json.dumps({"found": FOUND}))  # type: ignore[assignment]
    assert "on 10.0.0.1 and on unix sockets refused" in outside.prove()
    outside.said = [b"no such program"]  # type: ignore[assignment]
    outside.control = _Told("")  # type: ignore[assignment]
    with pytest.raises(Unfenced, match="its first process ended: no such program"):
        outside.message()
    outside.control = _Told('{"error": "no namespace"}')  # type: ignore[assignment]
    with pytest.raises(Unfenced, match="no namespace"):
        outside.message()


class _Told(SimpleNamespace):
    """The line to the inside, which says this."""

    def __init__(self, text: str) -> None:
        super().__init__(text=text)

    def sendall(self, _: bytes) -> None:
        """Ask."""

    def settimeout(self, _: float) -> None:
        """Wait so long."""

    def recvmsg(self, *_: int) -> tuple[bytes, list[Any], int, None]:
        """What it says."""
        return self.text.encode(), [], 0, None


REVISIONS = {
    f"{one}.py": f"revision = {one!r}\ndown_revision = {two!r}\n"
    for one, two in (("aa11", None), ("bb22", "aa11"), ("cc33", "bb22"), ("dd44", "aa11"))
}


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ({"reaches": "heads", "restores": "aa11"}, []),
        ({"reaches": "cc33", "restores": "base"}, []),
        ({"reaches": "cc33", "restores": "cc33@label"}, []),
        ({"reaches": "cc33", "restores": "dd44"}, ["'dd44': it does not lie behind cc33"]),
        ({"reaches": "cc33", "restores": "xx"}, ["'xx': no revision in v is called so"]),
        ({"reaches": "xx"}, ["reaches = 'xx': no revision in v is called so"]),
        ({"rolls_back": "dd44", "reaches": "bb"}, ["rolls_back.to = 'dd44': it does not lie"]),
    ],
)
def test_revisions_that_are_named(
    monkeypatch: pytest.MonkeyPatch, items: dict[str, str], says: list[str]
) -> None:
    """What is certainly wrong is said before anything is cloned; what Alembic alone knows is not."""
    monkeypatch.setattr(promised, "_chain", lambda *_: chain("v", REVISIONS))
    given: dict[str, Any] = {"reaches": None, "restores": None, "rolls_back": None, **items}
    back = given["rolls_back"]
    given["rolls_back"] = SimpleNamespace(to=back) if back else None
    contract: Any = SimpleNamespace(
        alembic=HOW, of=lambda *_: {"rehearsal.x": SimpleNamespace(**given)}
    )
    found = promised.mistakes(contract, DESK)
    assert len(found) == len(says)
    assert all(one in text for one, text in zip(says, found, strict=True))
    assert promised.mistakes(contract, FAR) == []
