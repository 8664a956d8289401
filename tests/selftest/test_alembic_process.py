"""The line to Alembic's process and its end: whatever a shell says, whoever has its number."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory

from gate.connection.obstacle import CarrierError
from gate.sources.rehearsal import line
from gate.sources.rehearsal.environment import VOICE, capped
from gate.sources.rehearsal.inside.steps import _meant
from gate.sources.rehearsal.line import Line
from gate.sources.rehearsal.runner import END
from tests.selftest.diseases import revision

SLEEP = "import time; time.sleep(60)"
LEAVES = """
import os
import subprocess
import tempfile
import time
from gate.sources.rehearsal.inside.apart import apart

before = subprocess.Popen(["sleep", "60"])
with tempfile.TemporaryDirectory() as folder:
    asked, answer = apart({{"folder": folder, "deadline_s": {deadline}}}, lambda: {{"do": "up"}})
    if asked is not None:
        subprocess.run({started!r} + ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"])
        time.sleep({takes})
        os._exit(3)
    left = int(answer["said"])
    print(answer["status"], os.path.exists("/proc/%d" % left), before.poll())
before.kill()
"""
"""A step that starts something that it does not wait for, beside what was begun before it."""

GONE_BEFORE = """
import os
import signal
import tempfile
from gate.sources.rehearsal.inside import apart as module

heard = []

def hear():
    waiting = module._children()
    for one in waiting:
        os.kill(one, signal.SIGKILL)
        os.waitid(os.P_PID, one, os.WEXITED | os.WNOWAIT)
    heard.append(len(waiting))
    return {"do": "up", "long": "x" * 100000}

with tempfile.TemporaryDirectory() as folder:
    asked, answer = module.apart({"folder": folder, "deadline_s": 20}, hear)
    if asked is not None:
        print(asked["do"], len(asked["long"]), flush=True)
        os._exit(0)
    print(answer["status"], answer["said"].split(), heard, module._children())
"""
"""Who waits for what is asked is killed meanwhile, by somebody else."""
WAITS = """
import os
import signal
import tempfile
from gate.sources.rehearsal.inside import apart as module

def hear():
    print(*module._children(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

with tempfile.TemporaryDirectory(dir={folder!r}) as folder:
    module.apart({{"folder": folder, "deadline_s": 20}}, hear)
"""
PAGES = """
import mmap
import os
import resource
from gate.sources.rehearsal.inside import pages

MANY = 2000
memory = mmap.mmap(-1, 2 * MANY * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

def write(count):
    for page in range(count):
        memory[page * mmap.PAGESIZE] = 1

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

write(2 * MANY)
told, tell = os.pipe()
child = os.fork()
if child == 0:
    write(MANY)
    with open(tell, "w") as file:
        file.write(repr(pages.written()))
    os._exit(0)
os.close(tell)
with open(told) as file:
    pages.KNOWN[:] = eval(file.read())
os.waitpid(child, 0)
child = os.fork()
if child == 0:
    pages.have()
    before = faults()
    write(MANY)
    between = faults()
    write(2 * MANY)
    print(between - before < MANY / 4, faults() - between > MANY / 2, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
"""A fork that writes to half of what it shares, and the next one."""


class Way:
    """Leads to a shell that says something first."""

    def __init__(self, first: str) -> None:
        """Know what it does before it is a shell."""
        self.interrupted = threading.Event()
        self._first = first

    def start(self) -> subprocess.Popen[bytes]:
        """Start it."""
        self.process = subprocess.Popen(  # noqa: S603 - a shell of this test
            ["/bin/sh", "-c", f"{self._first}\nexec sh"], start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if self._first == "exit":
            self.process.wait(10)
        return self.process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody who does something else."""
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as process:  # noqa: S603
        yield process
        process.kill()


HINDRANCES = (
    ("pass", ""),
    ("file = open('/etc/hosts')", "the file /etc/hosts"),
    ("file = open('/dev/null')", ""),
    ("import socket; one, two = socket.socketpair()", "a connection"),
    ("import os; os.pipe()", "a pipe"),
    ("import mmap; memory = mmap.mmap(-1, 4096)", "memory in common (/dev/zero (deleted))"),
    (("import os, socket; a = socket.socketpair(), os.pipe(), open('/etc/hosts'), "
      "open('/etc/passwd')"), "a connection, a pipe, the file /etc/hosts, 1 more"),
    (("import threading; bell = threading.Event(); "
      "threading.Thread(target=bell.wait, name='bell', daemon=True).start()"), "the thread bell"),
)  # fmt: skip


@pytest.mark.parametrize(("has", "words"), HINDRANCES)
def test_what_is_in_the_way_of_a_fork_is_named(has: str, words: str) -> None:
    """What a fork would not have, or would have in common with all others."""
    lines = (
        "from gate.sources.rehearsal.inside.kept import held, hindrance",
        "before = held()",
        has,
        "print(hindrance(before), end='')",
    )
    done = subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == words


@pytest.mark.parametrize("banner", ["echo The system is ready", "printf ready", "exec sh -v 2>&1"])
def test_what_a_shell_says_first_is_no_answer(banner: str, tmp_path: pathlib.Path) -> None:
    """A banner may end in any word, and in the middle of a line."""
    for name in ("ask", "answer"):
        os.mkfifo(tmp_path / name)
    where = shlex.quote(str(tmp_path))
    peer = ["/bin/sh", "-c", f"cat {where}/ask; printf there >{where}/answer"]
    with subprocess.Popen(peer, stdout=subprocess.PIPE) as other:  # noqa: S603
        try:
            with Line(str(tmp_path), Way(banner), sudo=False) as opened:  # type: ignore[arg-type]
                assert opened.ask("hello", 10) == "there"
        finally:
            other.kill()


def test_a_shell_that_speaks_on_is_not_heard_for_ever(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that it says has one time."""
    monkeypatch.setattr(line, "START_S", 0.6)
    way = Way("n=0; while [ $n -lt 100 ]; do echo hello; sleep 0.1; n=$((n + 1)); done")
    with pytest.raises(CarrierError, match="no answer within its time"):
        Line(str(tmp_path), way, sudo=False)  # type: ignore[arg-type]
    assert way.process.poll() is not None


def test_a_shell_that_is_gone_leaves_nothing(tmp_path: pathlib.Path) -> None:
    """Where it reads nothing its pipes are closed, too."""
    way = Way("exit")
    with pytest.raises(CarrierError, match="broke off"):
        Line(str(tmp_path), way, sudo=False)  # type: ignore[arg-type]
    assert way.process.stdout is not None
    assert way.process.stdout.closed


@pytest.mark.parametrize("whose", ["its", "another's"])
def test_the_end_is_for_the_process_alone(
    whose: str, sleeper: subprocess.Popen[bytes], tmp_path: pathlib.Path
) -> None:
    """Whoever has got its number meanwhile goes on."""
    folder = tmp_path / "gate-folder"
    folder.mkdir()
    own = [sys.executable, "-c", f"{SLEEP}\n# {folder}"]
    with subprocess.Popen(own) as process:  # noqa: S603
        try:
            (folder / "pid").write_text(
                str(process.pid if whose == "its" else sleeper.pid), "ascii"
            )
            end = END.format(shlex.quote(str(folder)))
            subprocess.run(["/bin/sh", "-c", end], check=True, timeout=20)  # noqa: S603
            if whose == "its":
                assert process.wait(10) == -15
            assert sleeper.poll() is None
            assert not folder.exists()
        finally:
            process.kill()


def test_the_end_of_none_is_none(tmp_path: pathlib.Path) -> None:
    """A process that never told its number has none to be ended by."""
    folder = tmp_path / "gate-folder"
    folder.mkdir()
    end = END.format(shlex.quote(str(folder)))
    subprocess.run(["/bin/sh", "-c", end], check=True, timeout=20)  # noqa: S603
    assert not folder.exists()


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("script", "said", "status"),
    [
        ("echo out; echo err >&2; exit 3", "out\nerr\n", 3),
        ("yes | head -c 200000; echo end", ("y\n" * VOICE + "end\n")[-VOICE:], 0),
        ("sleep 60 & echo $!; exit 4", None, 4),
        ("setsid sleep 60 & echo $!; exit 4", None, 4),
        ("kill -9 $$", "", 137),
    ],
)  # fmt: skip
def test_a_command_is_over_when_it_is(
    shell: str, script: str, said: str | None, status: int
) -> None:
    """With the last of what it says, and without whoever it leaves behind with its voice."""
    inner = f"sh -c {shlex.quote(script)}"
    done = subprocess.run(  # noqa: S603 - of this file
        [shell, "-c", capped(inner)], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == status, done.stderr
    if said is None:
        assert not pathlib.Path(f"/proc/{int(done.stdout)}/fd/1").exists()
    else:
        assert done.stdout == said


@pytest.mark.parametrize("started", [[], ["setsid"]], ids=["as it is", "in its own session"])
@pytest.mark.parametrize(("deadline", "takes", "status"), [(20, 0, "3"), (0.7, 60, "None")])
def test_what_a_step_starts_and_leaves_is_ended(
    started: list[str], deadline: float, takes: float, status: str
) -> None:
    """With the step, in time or not; what was there before it stays."""
    text = LEAVES.format(started=started, deadline=deadline, takes=takes)
    done = _ran(text)
    assert done.stdout.split() == [status, "False", "None"], (done.stdout, done.stderr)


def _ran(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60
    )


def test_who_is_gone_before_it_is_asked_has_another_in_its_place() -> None:
    """Nothing was done by then: what is asked is heard once, and done by the other one."""
    done = _ran(GONE_BEFORE)
    assert done.stdout.split("\n")[0] == "0 ['up', '100000'] [1] set()", (done.stdout, done.stderr)


def test_who_waits_ends_with_who_would_ask_it(tmp_path: pathlib.Path) -> None:
    """A process that stays may be killed at any moment, and nobody is left to wait for it."""
    waiting = int(_ran(WAITS.format(folder=str(tmp_path))).stdout)
    until = time.monotonic() + 20
    while _lives(waiting) and time.monotonic() < until:
        time.sleep(0.01)
    assert not _lives(waiting)


def _lives(process: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def test_a_fork_has_the_pages_that_the_last_one_wrote_to() -> None:
    """Those alone: to write there interrupts it no more, to write elsewhere does."""
    done = _ran(PAGES)
    assert done.stdout.split() == ["True", "True"], (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("heads", "do", "asked", "done"),
    [
        ("", "up", "a", "a"),
        ("a", "up", "b", "b"),
        ("b", "up", "b", ""),
        ("c", "up", "b", ""),
        ("", "up", "b", "a b"),
        ("a", "up", "b c", "b c"),
        ("b", "up", "b c", "c"),
        ("b", "up", "x", "x"),
        ("b", "up", "x d", "x d"),
        ("", "up", "a b x d", "a b x d"),
        ("x", "up", "a", "a"),
        ("b", "down", "b", "b"),
        ("c", "down", "c b", "c b"),
        ("b", "down", "c b", "b"),
        ("a", "down", "b", ""),
        ("", "down", "b", ""),
    ],
)
def test_a_schema_that_is_elsewhere_gets_what_it_lacks(
    heads: str, do: str, asked: str, done: str, tmp_path: pathlib.Path
) -> None:
    """Up with what lies behind, down without what is not there; another base is another matter."""
    for name, parent in {"a": None, "b": "a", "c": "b", "x": None, "d": "a"}.items():
        needs = "depends_on = 'x'" if name == "d" else ""
        (tmp_path / f"{name}.py").write_text(f"{revision(name, parent)}\n{needs}\n")
    script = ScriptDirectory(str(tmp_path), version_locations=[str(tmp_path)])
    found = _meant(script, tuple(heads.split()), {"do": do, "revisions": asked.split()})
    assert [one.revision for one in found] == done.split()
