"""Releases on the new schema: what would break after the deployment is named before it."""

from __future__ import annotations

import pathlib
import sys

import psycopg
import pytest

from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ContractError, ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import scene_of
from gate.sources.observed import Observed
from gate.sources.rehearsal.cause import causes, is_shut_out
from gate.target import load_target
from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.test_clone import Release

PROGRAM = """
import http.server, json, os, sys, traceback
import psycopg

how = sys.argv[1]
if how == "dies":
    raise LookupError("no such setting")
if how == "needs a cache":
    raise ConnectionRefusedError(111, "Connection refused")
live = psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", ""), autocommit=True)

def store(name):
    if how == "old schema":
        live.execute("INSERT INTO item (name, no_such_column) VALUES (%s, 1)", [name])
    live.execute("INSERT INTO item (id, name) SELECT max(id) + 1, %s FROM item", [name])
    if how == "fails after commit":
        raise RuntimeError("the queue is not there")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        leak = [{"note": "internal"}] if how == "leaks" else []
        self.answer(200, [{"ok": True}] + leak if self.path == "/notes" else {"ok": True})

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            store(given["name"])
        except Exception:
            traceback.print_exc()
            return self.answer(500, {"detail": "Internal Server Error"})
        self.answer(201, given)

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    log_message = lambda *_: None

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
ENDPOINTS = """
[endpoint.health]
title = "It lives"
source = "s"
path = "/health"
"""
CANARIES = """
[canary.item]
title = "An item is stored"
source = "s"
writes = true
within_s = 2
find = "SELECT id, name AS mark FROM item WHERE name LIKE {mark}"
request = { method = "POST", path = "/items", status = 201, json = { name = "{mark}" } }
"""
REHEARSAL = """
[rehearsal.it]
title = "It reads and writes on the new schema"
source = "s"
[rehearsal.it.{key}]
folder = "{folder}"
command = "exec {python} release.py '{how}'"
ready = "health"
{more}
"""


class Trial:
    """A release on the clone of a small system, and what the rehearsal says of it."""

    def __init__(self, release: Release) -> None:
        """Lay it out."""
        self.release = release
        (release.folder / "release.py").write_text(PROGRAM, "utf-8")
        (release.folder / "contract" / "endpoints.toml").write_text(ENDPOINTS, "utf-8")
        (release.folder / "contract" / "canaries.toml").write_text(CANARIES, "utf-8")
        self.more = ""
        self.kept = (release.folder / "contract" / "rehearsal.toml").read_text("utf-8")

    def contract(self, how: str, key: str) -> Contract:
        """The contract that starts it."""
        words = {"folder": self.release.folder, "python": sys.executable, "how": how, "key": key}
        words["more"] = self.more
        text = self.kept + REHEARSAL.format(**words)
        (self.release.folder / "contract" / "rehearsal.toml").write_text(text, "utf-8")
        return load_contract(self.release.folder / "contract")

    def judge(self, how: str, key: str = "new_release") -> Finding | str:
        """Rehearse, and judge its item."""
        contract = self.contract(how, key)
        facts = self.release.rehearse()
        target = load_target(str(self.release.folder / "target.toml"), self.release.folder)
        moment: Moment = "predeploy"
        seen = Observed.model_validate(
            {
                "target": target.name,
                "moment": moment,
                "started": "2026-01-01T00:00:00Z",
                "finished": "2026-01-01T00:00:00Z",
                "sources": {"rehearsal": facts},
            }
        )
        scene = scene_of(contract, target, seen)
        try:
            return compare(contract.promises["rehearsal.it"], scene)
        except ObservationError as error:
            return str(error)


@pytest.fixture
def trial(
    tmp_path: pathlib.Path, database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Trial:
    """A healthy migration; the release is the test's."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    return Trial(Release(tmp_path, database, postgres))


@pytest.mark.parametrize("key", ["serves", "new_release"])
def test_a_healthy_release(trial: Trial, key: str) -> None:
    """It answers, writes, and is fenced; nothing of it is in the live database."""
    found = trial.judge("well", key)
    assert isinstance(found, Finding), found
    assert found.holds, found.message
    assert "1 requests and 1 canaries come to what is promised" in found.promised
    assert "2 do; network namespace" in found.seen
    with psycopg.connect(trial.release.conninfo) as live:
        count = "SELECT count(*) FROM item WHERE name LIKE 'gate-canary-%'"
        assert live.execute(count).fetchone() == (0,)


BROKEN = {
    "fails after commit": (
        'canary.item: answered 500 although its row was committed ("Internal Server Error")',
        "release.py line 17 in store: RuntimeError: the queue is not there",
    ),
    "old schema": (
        'canary.item: answered 500 ("Internal Server Error")',
        'UndefinedColumn: column "no_such_column" of relation "item" does not exist',
    ),
    "dies": (
        "does not come up on the clone: it ended with exit status 1",
        "release.py line 7 in <module>: LookupError: no such setting",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_would_break_is_named(trial: Trial, how: str) -> None:
    """With status, body, and the line of its own code that its log names."""
    found = trial.judge(how)
    assert isinstance(found, Finding), found
    text = "\n".join(found.broken)
    for words in BROKEN[how]:
        assert words in text
    assert not found.holds


def test_what_the_fence_shuts_out_is_no_fault(trial: Trial) -> None:
    """A release that needs something from outside cannot be told, and the text says how it can."""
    found = trial.judge("needs a cache")
    assert isinstance(found, str), found
    assert "Connection refused" in found
    assert "named in may_reach" in found


def test_a_leak_of_the_new_release_is_named(trial: Trial) -> None:
    """Access items that the rehearsal names hold there, too."""
    row = (
        '[access.notes]\ntitle = "t"\nsource = "s"\npath = "/notes"\n'
        'hides = [{ at = "/*/note" }]\nroles = { agent = "sees", nobody = "hidden" }\n'
    )
    (trial.release.folder / "contract" / "access.toml").write_text(row, "utf-8")
    trial.more = 'access = ["notes"]'
    found = trial.judge("leaks")
    assert isinstance(found, Finding), found
    assert "access.notes.nobody: nobody is shown at /1/note" in "\n".join(found.broken)


def _written(file: pathlib.Path, text: str) -> Contract:
    file.write_text(text, "utf-8")
    return load_contract(file.parent)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('ready = "health"', 'ready = "healthy"', "there is no item 'endpoint.healthy'"),
        ('ready = "health"', 'ready = "health"\nendpoints = ["x"]', "no item 'endpoint.x'"),
        ('ready = "health"', 'ready = "health"\naccess = ["x"]', "no item 'access.x'"),
        ('ready = "health"', 'ready = "health"\ncanaries = ["x"]', "no item 'canary.x'"),
    ],
)
def test_what_it_is_asked_is_there(trial: Trial, old: str, new: str, words: str) -> None:
    """A name that leads nowhere is a mistake, before anything is started."""
    trial.contract("well", "new_release")
    file = trial.release.folder / "contract" / "rehearsal.toml"
    with pytest.raises(ContractError) as caught:
        _written(file, file.read_text("utf-8").replace(old, new))
    assert words in str(caught.value)


T = "Traceback (most recent call last):\n"
OWN = f"""{T}  File "/a/site-packages/x.py", line 3, in run
    f()
  File "/srv/app/routers/tickets.py", line 62, in create
    g()
  File "/a/site-packages/sa.py", line 9, in execute
    h()
sa.exc.ProgrammingError: no column
"""
TOLD = "routers/tickets.py line 62 in create: sa.exc.ProgrammingError: no column"
CHAIN = f"""{T}  File "/x/a.py", line 1, in f
KeyError: 1

The above exception was the direct cause of the following exception:

{T}  File "/x/b.py", line 2, in g
ValueError: 2
"""
GROUP = f"""  + Exception Group {T}  |   File "/x/a.py", line 1, in f
  | ValueError: 2
"""
LOGS = {
    "own line": (OWN, [TOLD]),
    "chain": (CHAIN, ["x/b.py line 2 in g: ValueError: 2"]),
    "twice": (OWN * 2, [TOLD]),
    "group": (GROUP, ["x/a.py line 1 in f: ValueError: 2"]),
    "levels": ("INFO well\n15:30:00 [ERROR] app: it failed\n", ["15:30:00 [ERROR] app: it failed"]),
    "nothing": ("INFO all is well\n", []),
    "cut": (f'in f\n    x()\nKeyError: 1\n{T}  File "/x', []),
}


@pytest.mark.parametrize("name", LOGS)
def test_the_cause_in_a_log(name: str) -> None:
    """The error with the innermost line of the program's own code."""
    text, wanted = LOGS[name]
    assert causes(text) == wanted


def test_who_is_shut_out_says_so() -> None:
    """In the words of Python, libc and Node."""
    assert is_shut_out("redis.exceptions.ConnectionError: Error 111 Connection refused")
    assert is_shut_out("getaddrinfo ENOTFOUND cache")
    assert not is_shut_out("KeyError: 'a'")


def test_a_run_names_it_before_the_deployment(trial: Trial) -> None:
    """A whole run before the deployment is blocked by that item, with its cause."""
    trial.contract("fails after commit", "new_release")
    folder = trial.release.folder
    (folder / "here.toml").write_text((folder / "target.toml").read_text("utf-8"), "utf-8")
    done = runs.run(runs.command(folder, "predeploy"), PGSERVICEFILE=str(folder / "services"))
    assert done.returncode == 1, done.stdout + done.stderr
    (item,) = [
        one for one in runs.verdict(folder, "predeploy")["items"] if one["id"] == "rehearsal.it"
    ]
    assert item["outcome"] == "FAIL"
    assert "answered 500 although its row was committed" in item["reason"]
