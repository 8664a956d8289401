"""Small parts of the gate, each where it comes to another answer than usual."""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest
from typing_extensions import Self

from gate import launcher
from gate.connection import way
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.contract.rehearsal import Alembic
from gate.contract.schema import schema
from gate.errors import ContractError, GateError, TargetError
from gate.host_spec import _host_and_port
from gate.kinds.endpoint import state_of
from gate.kinds.firewall import _look
from gate.kinds.load import load_contract
from gate.kinds.pasted import on_host, tunnel
from gate.kinds.registry import kinds
from gate.kinds.runtime import Runtime
from gate.kinds.session import Session, _promised
from gate.lint.databases import _wrong
from gate.plan.plan_lock import _holder
from gate.plan.steps import NOT_BEGUN, _failure
from gate.plan.turning_back import _may_have_moved
from gate.run.options import Asked, _target, run_of
from gate.run.settings import find_settings
from gate.sources.database.refusal import cannot_tell
from gate.sources.database.sessions import MOST, read_sessions
from gate.sources.database.work import _poll
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.migrations.chain import chain, pending
from gate.sources.queries.facts import AskRedis
from gate.sources.rehearsal.begin import Begin, begin
from gate.target import load_target
from gate.text import json_text, prose
from tests.selftest.given import DESK, scene, unclear
from tests.selftest.judgements.test_answers import answer
from tests.selftest.test_launcher import TARGET

X = {"port.x": 'port = 1\nservice = "x"'}


@pytest.mark.parametrize(
    ("up", "more", "says"),
    [
        (["false"], "", "Shop does not come up"),
        (["sh", "-c", "echo no room >&2; exit 3"], "", "no room"),
        (["sleep", "60"], "up_within_s = 1", "`sleep 60` did not end within 1 s"),
    ],
)
def test_an_instance_that_does_not_come_up(
    tmp_path: pathlib.Path, up: list[str], more: str, says: str
) -> None:
    """It is taken down again, and what its command said is told."""
    text = TARGET.format(status='["true"]', more=more).replace('up = ["true"]', f"up = {up}")
    (tmp_path / "shop.toml").write_text(text, "utf-8")
    shop = load_target(str(tmp_path / "shop.toml"), tmp_path)
    with pytest.raises(TargetError, match=says):
        launcher.start_named(shop, "x", threading.Event())


def test_a_launcher_that_is_not_needed_any_more(tmp_path: pathlib.Path) -> None:
    """It is interrupted, so that it takes down what it began."""
    up = json.dumps(
        ["sh", "-c", "trap 'kill $!; echo taken down >&2; exit 1' INT; sleep 60 & wait"]
    )
    text = TARGET.format(status='["true"]', more="").replace('up = ["true"]', f"up = {up}")
    (tmp_path / "shop.toml").write_text(text, "utf-8")
    shop = load_target(str(tmp_path / "shop.toml"), tmp_path)
    over = threading.Event()
    threading.Timer(0.5, over.set).start()
    with pytest.raises(TargetError, match="taken down"):
        launcher.start_named(shop, "x", over)


def test_what_a_launcher_may_name() -> None:
    """A base that the target has; and nobody starts a target that names no launcher."""
    found = launcher.Instance(running=True, bases={"front": "http://127.0.0.1:1"})
    with pytest.raises(TargetError, match=r"names the base 'front', .*; known: none"):
        launcher.placed(DESK, found)
    with pytest.raises(TargetError, match=r"needs \[launcher\]"):
        launcher.start_named(DESK, "x", threading.Event())


def test_a_way_that_cannot_be_carried() -> None:
    """By ssh a command of ours leads; by none that is not known anything is run."""
    ssh: Any = SimpleNamespace(get_connection_type=lambda: "ssh")
    assert way.words(ssh, ["ssh", "hera"]) == ["ssh", "hera", way.SHELL]
    odd: Any = SimpleNamespace(get_connection_type=lambda: "telnet")
    with pytest.raises(ValueError, match="telnet is no way that can be carried"):
        way.check(odd)


def test_a_carrier_that_is_cut_off() -> None:
    """What came until then is no answer; only a way by ssh forwards anything."""
    carrier = Carrier(DESK, None, None, threading.Event())
    with pytest.raises(CarrierError, match="only a way by ssh can forward to "):
        carrier.forward("127.0.0.1:5432", "x")
    token = "a" * 16
    begun = f"{token} begin user 7 \nhalf an answer".encode()
    done = subprocess.CompletedProcess([], 255, begun, b"client_loop: Broken pipe")
    with pytest.raises(CarrierError, match="broke off in the middle: client_loop"):
        carrier._unframed(done, token, 5)  # noqa: SLF001 - what it makes of it


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"variable": "URL", "variables": {"URL": "{url}"}}, "variable and url say what it holds"),
        (
            {"application": ["shop", "db"], "command": ["alembic"]},
            "one of them says what is run",
        ),
    ],
)
def test_how_alembic_is_not_run(keys: dict[str, Any], says: str) -> None:
    """Two keys that say the same are a mistake, also where they agree."""
    with pytest.raises(pydantic.ValidationError, match=says):
        Alembic(folder="/srv", versions="/srv/versions", **keys)


def how(*command: str, application: tuple[str, ...] | None = None) -> Begin:
    """How an interpreter is started."""
    given: dict[str, Any] = {"application": application} if application else {"command": command}
    return begin(Alembic(folder="/srv", versions="/srv/versions", **given))


@pytest.mark.parametrize(
    ("found", "python", "words", "application"),
    [
        (how("python3", "-m", "alembic", "-c", "a.ini"), "python3", ("-c", "a.ini"), None),
        (how("uv", "run", "alembic", "-n", "x"), "uv run python", ("-n", "x"), None),
        (how("/srv/bin/alembic", "-c", "a"), '"$python"', ("-c", "a"), None),
        (how("flask", "db"), '"$python"', (), ("flask", "db", "current")),
        (
            how(application=("python3", "-W", "ignore", "-u", "-m", "shop", "db")),
            "python3 -W ignore -u",
            (),
            ("-m", "shop", "db"),
        ),
        (how(application=("python", "migrate.py")), "python", (), ("migrate.py",)),
        (how(application=("uv", "run", "shop", "db")), "uv run python", (), ("shop", "db")),
        (how(application=("poetry", "run", "python3", "-u", "m.py")), "poetry run python3 -u", (),
         ("m.py",)),
    ],
)  # fmt: skip
def test_which_interpreter_is_started(
    found: Begin, python: str, words: tuple[str, ...], application: tuple[str, ...] | None
) -> None:
    """Alembic's own options stay, and the interpreter's stay before what it runs."""
    assert (found.python, found.words, found.application) == (python, words, application)
    assert bool(found.before) is (python == '"$python"')
    assert found.guessed is (application == ("flask", "db", "current"))


def test_revisions_of_other_forms() -> None:
    """A name may have a type; what is no text is none; in a circle none is the first."""
    typed = 'revision: str = "b"\ndown_revision: str | None = "a"\nx.y = 1\n'
    found = chain("v", {"b.py": typed, "a.py": 'revision = "a"\ndown_revision = None\n'})
    assert (found.problems, found.heads) == ((), ("b",))
    odd = chain("v", {"a.py": "revision = 7\ndown_revision = None\n"})
    assert odd.problems == ("a.py: revision is 7",)
    circle = chain("v", {f"{one}.py": f"revision = {one!r}\ndown_revision = {two!r}\n"
                         for one, two in (("a", "b"), ("b", "a"))})  # fmt: skip
    assert "in a circle" in circle.problems[0]
    assert pending(circle, ()) == ("a", "b")


def test_states_and_looks() -> None:
    """In words that are the same as long as it is the same."""
    gone, closed = state_of(Absent("it refused")), state_of(Seen(answer("", status=0)))
    assert not isinstance(gone, CannotTell)
    assert not isinstance(closed, CannotTell)
    assert (gone.text, closed.text) == ("no answer (it refused)", "takes connections")
    nft: Any = SimpleNamespace(tool="nft", table="inet shop", chain="input")
    assert _look(nft, DESK) == "nft list chain inet shop input"
    old: Any = SimpleNamespace(tool="iptables", table="filter", chain="INPUT")
    assert _look(old, DESK) == "iptables -t filter -S INPUT"
    session = Session(title="x", source="x", unit="a.service", absent=True)
    assert _promised(session) == "no session"
    nothing: Any = None
    asked = AskRedis("query.x", nothing, "")
    assert "needs [redis]" in _wrong(asked, DESK)


def test_a_command_that_is_led_to_the_host() -> None:
    """Ansible takes braces for its own words, and what is no way by ssh opens no tunnel."""
    given = scene(X, target=DESK.model_copy(update={"host": "ansible://hera"}))
    assert "{% raw %}" in on_host("docker ps --format '{{.Names}}'", given)
    assert "{% raw %}" not in on_host("docker ps", given)
    assert tunnel("127.0.0.1:5432", given.target) == ""


@pytest.mark.parametrize(
    ("fact", "moved"),
    [
        (Absent("left undone"), False),
        (unclear(f"a {NOT_BEGUN}: no way"), False),
        (unclear("the connection broke off"), True),
    ],
)
def test_whether_a_step_moved_anything(fact: Any, *, moved: bool) -> None:
    """One that was begun may have, whatever became of it."""
    nothing: Any = None
    assert _may_have_moved(nothing, fact, nothing) is moved
    assert (
        fact.proof in _failure(fact) if isinstance(fact, Absent) else fact.reason in _failure(fact)
    )


class Answering(SimpleNamespace):
    """A session with a server: what it answers to everything."""

    def execute(self, *_: object) -> Answering:
        """Ask."""
        return self

    def fetchone(self) -> Any:
        """The first row."""
        return self.row

    def fetchall(self) -> Any:
        """All rows."""
        return self.rows

    def cursor(self, **_: object) -> Answering:
        """Itself."""
        return self

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


NONE = Absent("no session with application_name worker in pg_stat_activity")
HIDDEN = "the role may not see the sessions of worker: grant it pg_monitor"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, NONE),
        ((0, 0, None), NONE),
        ((2, 0, None), unclear(HIDDEN, Cause.PERMISSION)),
        ((2, 1, None), unclear(HIDDEN, Cause.PERMISSION)),
        ((2, 2, 3.5), Seen(3.5)),
        ((2, 2, -0.5), Seen(0.0)),
    ],
)
def test_when_a_worker_polled(row: Any, expected: Any) -> None:
    """Nobody there, and nobody to be seen, are two things."""
    session: Any = Answering(row=row)
    poll: Any = SimpleNamespace(application="worker")
    assert _poll(session, poll) == expected


def test_what_a_server_tells_of_sessions() -> None:
    """Too many are not told in part; a lock's holder may be gone by now."""
    crowd: Any = Answering(row=("a", 1, 5432), rows=[{}] * (MOST + 1))
    assert read_sessions(crowd) == unclear(f"more than {MOST} sessions are open")
    gone: Any = Answering(row=None)
    assert _holder(gone) == "it ended just now; try again"
    said = cannot_tell(ValueError("odd"), "[database]").reason
    assert said == "[database]: the answer is not PostgreSQL's: ValueError: odd"


def test_contracts_and_targets(tmp_path: pathlib.Path) -> None:
    """What is unknown, missing or said twice is named with its place."""
    with pytest.raises(ContractError, match="unknown chapter 'x'; known: "):
        schema(kinds(), "x")
    item = '[rehearsal.x]\ntitle = "x"\nsource = "x"\nclone = true\n'
    (tmp_path / "rehearsal.toml").write_text(item, "utf-8")
    with pytest.raises(ContractError, match=r"it needs \[alembic\]"):
        load_contract(tmp_path)
    with pytest.raises(pydantic.ValidationError, match="pattern needs exactly one group"):
        Runtime(title="x", source="x", label="x", command=("x",), version="1", pattern="(a)(b)")
    (tmp_path / "here.toml").write_text('title = "x"\nhost = "local://"\nfile = "x"\n', "utf-8")
    with pytest.raises(TargetError, match="file: unknown key; known: "):
        load_target("here", tmp_path)
    with pytest.raises(ValueError, match="names the host"):
        _host_and_port("[::1]x")


def test_keys_over_those_of_the_file(tmp_path: pathlib.Path) -> None:
    """Of a table one by one; of anything else whole."""
    text = 'title = "x"\nhost = "local://"\n[api]\nbase = "http://localhost:1"\n'
    (tmp_path / "here.toml").write_text(f'{text}values = {{ a = "1" }}\n', "utf-8")
    found = load_target("here", tmp_path, title="y", api={"base": "http://localhost:2"})
    assert (found.title, found.api.base, found.api.values) == (
        "y",
        "http://localhost:2",
        {"a": "1"},
    )


def test_words_that_cannot_be_shown() -> None:
    """A text of nothing else is a mistake; one beyond 16 bits is written in two units."""
    assert prose("") == ""
    with pytest.raises(ValueError, match="nothing that can be shown"):
        prose("\x00\x01")
    assert json.loads(json_text(json.dumps("\U000e0001", ensure_ascii=False))) == "\U000e0001"
    assert json_text("\U000e0001") == "\\udb40\\udc01"


def test_what_a_run_is_not_asked(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody names a target; and a look that was kept is not applied."""
    monkeypatch.delenv("CI", raising=False)
    settings = find_settings(tmp_path)
    with pytest.raises(GateError, match="no target is named: say --target=NAME-or-PATH"):
        _target(Asked(settings=settings, moments=("predeploy",)), None)
    monkeypatch.setattr("gate.run.options.read_kept", lambda _: (object(), "d"))
    with pytest.raises(GateError, match="touches nothing: leave --apply out"):
        run_of(Asked(settings=settings, moments=(), replay="x", apply=True))


def test_settings_in_a_file_of_their_own(tmp_path: pathlib.Path) -> None:
    """As pytest reads them, where pyproject.toml has none."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ngate_target = hera\n", "utf-8")
    assert find_settings(tmp_path).target == "hera"
