"""The release that is started on the clone: it reaches the clone, and nothing else."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from gate.errors import ContractError
from gate.kinds.load import load_contract
from gate.sources.api.facts import ApiFacts
from gate.sources.fact import CannotTell, Fact, Seen, known
from gate.sources.rehearsal import fence
from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.test_clone import Release

HOSTILE = """
import http.server, json, os, pathlib, socket, sys, urllib.parse
import psycopg

reached = []
def knock(name, family, where, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as line:
        line.settimeout(2)
        try:
            line.connect(where)
        except OSError:
            return
        if kind == socket.SOCK_STREAM:
            reached.append(name)
        try:
            line.send(b"EHLO there\\r\\n")
        except OSError:
            pass

for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    name, _, value = line.partition("=")
    host, _, port = value.rpartition(":")
    if name.endswith("_UDP"):
        knock(name, socket.AF_INET, (host, int(port)), socket.SOCK_DGRAM)
    elif name.endswith("_SOCKET"):
        knock(name, socket.AF_UNIX, value.replace("@", "\\0"))
    elif port.isdigit():
        knock(name, socket.AF_INET, (host, int(port)))
url = os.environ["DATABASE_URL"].replace("+psycopg", "")
here = url.split("?")[0].rpartition("/")[2]
try:
    psycopg.connect(url.replace(here, sys.argv[2]), connect_timeout=5).close()
    reached.append("live database")
except psycopg.Error as error:
    print(error)
clone = psycopg.connect(url, autocommit=True, connect_timeout=5)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        clone.execute("UPDATE item SET name = 'old release' WHERE id = 1")
        body = json.dumps({"reached": reached, "names": sorted(os.environ)}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    log_message = lambda *_: None

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
ENDPOINT = """
[endpoint.health]
title = "It lives"
source = "a self-test"
path = "/health"
"""
CONTRACT = """
[rehearsal.old]
title = "The old release works on the new schema"
source = "a self-test"
[rehearsal.old.serves]
folder = "{folder}"
command = "exec {python} release.py {folder}/env {live}"
ready = "health"
environment = {{ file = "{folder}/env", take = ["PASSWORD"], give = {{ MODE = "rehearsal" }} }}
"""


class Bait:
    """Listeners of every sort, which count who comes."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Listen."""
        self.came: list[str] = []
        self.open: list[socket.socket] = []
        self.lines = ["PASSWORD='s e c r e t'", "OTHER=not taken"]
        for name in ("SMTP", "IMAP", "WEBHOOK", "QUEUE"):
            self._listen(name, socket.AF_INET, ("127.0.0.1", 0))
        self._listen("ANYWHERE", socket.AF_INET, ("0.0.0.0", 0))  # noqa: S104 - of a test
        self._listen("CACHE_SOCKET", socket.AF_UNIX, str(folder / "cache"))
        self._listen("HIDDEN_SOCKET", socket.AF_UNIX, f"\0{folder}/hidden")
        self._listen("METRICS_UDP", socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)

    def _listen(
        self, name: str, family: int, where: object, kind: int = socket.SOCK_STREAM
    ) -> None:
        line = socket.socket(family, kind)
        line.bind(where)  # type: ignore[arg-type]
        if kind == socket.SOCK_STREAM:
            line.listen(8)
        self.open.append(line)
        at = line.getsockname()
        text = at if isinstance(at, str) else at.decode() if isinstance(at, bytes) else ""
        self.lines.append(f"{name}={text.replace(chr(0), '@') or f'127.0.0.1:{at[1]}'}")
        threading.Thread(target=self._count, args=(name, line, kind), daemon=True).start()

    def _count(self, name: str, line: socket.socket, kind: int) -> None:
        with suppress(OSError):
            while True:
                if kind == socket.SOCK_STREAM:
                    line.accept()[0].close()
                else:
                    line.recv(10)
                self.came.append(name)

    @property
    def names(self) -> set[str]:
        """Of everything that listens."""
        return {one.partition("=")[0] for one in self.lines[2:]}


@pytest.fixture
def bait(tmp_path: pathlib.Path) -> Iterator[Bait]:
    """Gone with the test."""
    found = Bait(tmp_path)
    (tmp_path / "env").write_text("\n".join(found.lines) + "\n", "utf-8")
    yield found
    for one in found.open:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def release(
    tmp_path: pathlib.Path,
    database: str,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    bait: Bait,
) -> Release:
    """A hostile one: it connects to all that its environment file names."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("GATES_OWN", "not for others")
    found = Release(tmp_path, database, postgres)
    (tmp_path / "release.py").write_text(HOSTILE, "utf-8")
    live = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    words = {"folder": tmp_path, "python": sys.executable, "live": live}
    (tmp_path / "contract" / "endpoints.toml").write_text(ENDPOINT, "utf-8")
    with (tmp_path / "contract" / "rehearsal.toml").open("a") as file:
        file.write(CONTRACT.format(**words))
    assert bait.came == []
    return found


def serves(release: Release) -> tuple[Fact[ApiFacts], str]:
    """Rehearse; the answers of the old release, and what is said of its fence."""
    facts = release.rehearse()
    assert isinstance(facts, Seen), facts
    return facts.value.serves["rehearsal.old"], facts.value.fences["rehearsal.old"]


def answer(facts: Fact[ApiFacts]) -> dict[str, list[str]]:
    """What the release answered."""
    assert isinstance(facts, Seen), facts
    found = known(facts.value.answers["endpoint.health"])
    return dict(found.body)  # type: ignore[union-attr]


def test_the_release_reaches_the_clone_alone(release: Release, bait: Bait) -> None:
    """Not mail, queue, cache and webhook, nor the live database on the same server."""
    facts, said = serves(release)
    body = answer(facts)
    assert body["reached"] == []
    assert bait.came == []
    assert said.startswith("network namespace; tried from inside")
    assert {"PASSWORD", "MODE", "DATABASE_URL", "PORT", "PATH", "HOME"} <= {*body["names"]}
    assert {*body["names"]} <= {
        "PASSWORD", "MODE", "DATABASE_URL", "PORT", "PATH", "HOME", "LANG", "PWD", "LC_CTYPE",
        "SHLVL", "_", "OLDPWD",
    }  # fmt: skip
    left = subprocess.run(  # noqa: S603
        ["pgrep", "-f", f"release.py {release.folder}"],  # noqa: S607
        capture_output=True, check=False, timeout=10,
    )  # fmt: skip
    assert left.stdout == b""


def test_what_it_may_reach_it_reaches(release: Release, bait: Bait) -> None:
    """What the contract lists, and still nothing else."""
    (queue,) = (one.partition("=")[2] for one in bait.lines if one.startswith("QUEUE="))
    release.change(
        "contract/rehearsal.toml",
        ('ready = "health"', f'ready = "health"\nmay_reach = ["{queue}"]'),
    )
    body = answer(serves(release)[0])
    assert body["reached"] == ["QUEUE"]
    assert set(bait.came) == {"QUEUE"}


@pytest.fixture
def no_namespaces(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A python3 that may make no namespaces, as in a container without rights."""
    programs = tmp_path / "programs"
    programs.mkdir()
    python = programs / "python3"
    less = "setpriv --bounding-set=-sys_admin"
    real = f'{shlex.quote(sys.executable)} "$@"'
    if os.getuid() == 0:  # below another root folder nobody gets a user namespace
        root = tmp_path / "root"
        root.mkdir()
        flags, words = "-m", f"mount --rbind / {root} && exec {less} chroot {root} {real}"
    else:
        flags, words = "-Ur", f"echo 0 >/proc/sys/user/max_user_namespaces; exec {less} {real}"
    text = f'#!/bin/sh\nexec unshare {flags} sh -c {shlex.quote(words)} sh "$@"\n'
    python.write_text(text, "utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


@pytest.mark.usefixtures("no_namespaces")
def test_without_a_fence_it_is_not_started(release: Release, bait: Bait) -> None:
    """Nothing is started; the report says why."""
    facts, said = serves(release)
    assert isinstance(facts, CannotTell), facts
    assert "no network namespace can be had" in facts.reason
    assert 'unfenced = "reason"' in facts.reason
    assert said.startswith("not fenced")
    assert bait.came == []


@pytest.mark.usefixtures("no_namespaces")
def test_unfenced_with_a_reason(release: Release, bait: Bait) -> None:
    """It is started, reaches everything, and the report says both."""
    release.change(
        "contract/rehearsal.toml",
        ('ready = "health"', 'ready = "health"\nunfenced = "nothing here can be harmed"'),
    )
    facts, said = serves(release)
    assert {*answer(facts)["reached"]} == {*bait.names, "live database"} - {"METRICS_UDP"}
    assert {*bait.came} == bait.names
    assert "not fenced: no network namespace can be had" in said
    assert "nothing here can be harmed" in said


@pytest.mark.parametrize(
    ("kept", "found"),
    [("NEWNS | NEWIPC | NEWPID", "a listener outside on 127.0.0.1 was reached")],
)
def test_a_fence_that_does_not_hold_is_none(
    release: Release, bait: Bait, monkeypatch: pytest.MonkeyPatch, kept: str, found: str
) -> None:
    """A namespace that was made and shuts nothing is found out by the probe."""
    texts = [
        (name, text.replace("NEWNS | NEWIPC | NEWPID | NEWNET", kept))
        for name, text in fence.sources()
    ]
    assert texts != fence.sources()
    monkeypatch.setattr(fence, "sources", lambda: texts)
    facts, _ = serves(release)
    assert isinstance(facts, CannotTell), facts
    assert found in facts.reason
    assert bait.came == []


def test_a_name_that_the_file_lacks_is_told(release: Release) -> None:
    """Not started with half of what it needs."""
    release.change(
        "contract/rehearsal.toml", ('take = ["PASSWORD"', 'take = ["PASSWORD", "LACKING"')
    )
    facts, _ = serves(release)
    assert isinstance(facts, CannotTell), facts
    assert "the environment file has no LACKING" in facts.reason


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('env_file = "/x"', 'write environment = { file = "...", take = ["NAME", ...] }'),
        ('environment = { file = "/x" }', "go together"),
        ('environment = { take = ["A"] }', "go together"),
        ('environment = { file = "/x", take = ["A", "A"] }', "names A twice"),
        ('environment = { file = "/x", take = ["A B"] }', "take"),
        ('environment = { give = { DATABASE_URL = "x" } }', "leads to the clone"),
    ],
)
def test_an_environment_is_read_strictly(release: Release, line: str, words: str) -> None:
    """The old form says the new one; what means nothing is an error."""
    release.change("contract/rehearsal.toml", ('hot = ["item"]', f'hot = ["item"]\n{line}'))
    with pytest.raises(ContractError) as error:
        load_contract(release.folder / "contract")
    assert words in str(error.value)


def test_a_killed_gate_leaves_nothing(release: Release) -> None:
    """The release ends with the gate that started it; its clone goes with the next run."""
    shutil.copy(release.folder / "target.toml", release.folder / "here.toml")
    command = runs.command(release.folder, "predeploy")
    environment = runs.environ(PGSERVICEFILE=str(release.folder / "services"))
    find = ["pgrep", "-f", f"release.py {release.folder}"]

    def ends(status: int, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            done = subprocess.run(find, capture_output=True, check=False, timeout=10)  # noqa: S603
            if done.returncode == status:
                return True
            time.sleep(0.02)
        return False

    release.change("release.py", ("http.server.HTTPServer(", "import time; time.sleep(60)\n("))
    with subprocess.Popen(  # noqa: S603 - the gate itself
        command, cwd=runs.ROOT, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as gate:  # fmt: skip
        assert ends(0, 40), "the release was not started"
        gate.kill()
    assert ends(1, 10), "the release runs on"
    assert len(release.clones()) == 1
    release.change("release.py", ("time.sleep(60)", "sys.exit(0)"))
    assert isinstance(release.rehearse(), Seen)
    assert release.clones() == []
