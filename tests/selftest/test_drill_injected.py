"""What a fault does to a host: injected, proven, and undone, whatever interrupts it."""

from __future__ import annotations

import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from gate.connection.carrier import open_carrier
from gate.connection.obstacle import CarrierError
from gate.drill import host as host_module
from gate.drill.fault import Fault
from gate.drill.host import Host
from gate.drill.journal import Journal
from gate.drill.load import scripts_of
from gate.sources.fact import Cause
from gate.target import Target
from gate.target_drill import Drill
from tests.selftest.drills import FAULT, local


def done(
    target: Target,
    fault: Fault,
    undoes: bool = True,  # noqa: FBT001, FBT002 - a switch of a test
) -> tuple[str, str, str]:
    """Do a fault and see that it is there, and undo it: what went wrong each time."""
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    try:
        return host.do("one", scripts.do), host.wait("one", scripts.ready, 5.0), ""
    finally:
        if undoes:
            assert host.undo(host.whole_undo("one", scripts.undo)) == ""


def test_a_fault_without_effect_is_found_out(tmp_path: pathlib.Path) -> None:
    """What its effect is not proven of says nothing of the gate."""
    silent = FAULT.model_copy(
        update={"inject": {"shell": {"do": ":", "ready": "false", "undo": ":"}}}
    )
    host, scripts = Host(local(tmp_path), f"t{os.getpid()}"), scripts_of(silent, local(tmp_path))
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert "not done within 0.5 s" in host.wait("one", scripts.ready, 0.5)
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""


ACTS = {
    "remove": {}, "write": {"text": "new\n"}, "append": {"text": "new\n"},
    "edit": {"sed": "s/old/new/"}, "mode": {"mode": "600"}, "link": {"to": "/nowhere"},
    "touch": {},
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_a_file_is_as_it_was(act: str, tmp_path: pathlib.Path) -> None:
    """Content, mode and time, and the folder in which it was kept is gone."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    file = tmp_path / "a file"
    file.write_text("old\n", "utf-8")
    file.chmod(0o640)
    os.utime(file, (1, 1))
    inject = {"file": {"path": "/a file", "act": act, **ACTS[act]}}
    fault = FAULT.model_copy(update={"inject": inject})
    assert done(local(tmp_path), fault) == ("", "", "")
    found = file.stat()
    assert (file.read_text("utf-8"), found.st_mode & 0o777, int(found.st_mtime)) == (
        "old\n",
        0o640,
        1,
    )
    assert list((tmp_path / "var/tmp").iterdir()) == []


CUT = """\
#!/bin/sh
# The true tool, unless it is the last one before the shell is killed: then in half, or whole.
PATH=${PATH#*:}; tool=${0##*/}; there=${0%/bin/*}
echo >>"$there/count"
[ "$(grep -c "" "$there/count")" = "$(cat "$there/last")" ] || exec "$tool" "$@"
case $tool-$(cat "$there/way") in
*-whole) "$tool" "$@" ;;
ln-*|perl-*) ;;
*) for to; do from=$was was=$to; done
   case "$tool $* $from" in
   *--no-copy*|"mv "*gate-drill-*gate-drill-*gate-drill-*) ;;  # a name is changed at once
   rm*) rm -rf "$to/a" ;;
   *) if [ -d "$from" ]; then mkdir -p "$to"; cp -a "$from/a" "$to/"; else : >"$to"; fi ;;
   esac ;;
esac
kill -9 $PPID
"""
"""Stands before PATH as ``cp``, ``mv`` and others."""
CANNOT = '#!/bin/sh\nPATH=${PATH#*:}\n[ "$1" != -s ] || exec ln "$@"\nexit 1\n'
"""Stands before PATH as ``ln`` and ``perl`` where a path cannot be taken but by copying it."""
TAKEN = {
    "remove": {"file": {"path": "/it", "act": "remove"}},
    "link": {"file": {"path": "/it", "act": "link", "to": "/nowhere"}},
    "write": {"file": {"path": "/one", "act": "write", "text": "new"}},
    "tool": {"tool": {"tool": "one", "script": "echo new"}},
    "no tool": {"tool": {"tool": "one"}},
}


@pytest.mark.parametrize("way", ["half", "whole"])
@pytest.mark.parametrize(
    ("name", "copies"),
    [(one, False) for one in TAKEN] + [(one, True) for one in ("remove", "link", "tool")],
)
def test_whoever_is_killed_while_he_keeps_something_loses_nothing(
    name: str,
    copies: bool,  # noqa: FBT001 - a case
    way: str,
    tmp_path: pathlib.Path,
) -> None:
    """At every step of it, in the middle and behind it; also where names cannot be changed."""
    fault = FAULT.model_copy(update={"inject": TAKEN[name]})
    for last in range(1, 30):
        root = tmp_path / str(last)
        for folder in ("it", "bin", "var/tmp"):
            (root / folder).mkdir(parents=True)
        files = [root / one for one in ("it/a", "it/b", "one", "bin/one")]
        for file in files:
            file.write_text(f"old {file.name}", "utf-8")
        (root / "last").write_text(str(last), "utf-8")
        (root / "way").write_text(way, "utf-8")
        for tool in ("ln", "mv", "cp", "rm", "perl"):
            stands = CANNOT if copies and tool in ("ln", "perl") else CUT
            (root / "bin" / tool).write_text(stands, "utf-8")
            (root / "bin" / tool).chmod(0o755)
        target = local(root)
        host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
        assert scripts is not None
        wrong = host.do("one", scripts.do)
        for tool in ("ln", "mv", "cp", "rm", "perl"):
            (root / "bin" / tool).unlink()
        assert host.undo(host.whole_undo("one", scripts.undo)) == ""
        assert [file.read_text("utf-8") for file in files] == [f"old {file.name}" for file in files]
        assert list((root / "var/tmp").iterdir()) == []
        if not wrong:
            return
    pytest.fail("it never came to its end")


def test_what_cannot_be_put_back_is_kept(tmp_path: pathlib.Path) -> None:
    """Though what is run behind it goes well."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/it").write_text("old", "utf-8")
    inject = {"file": {"path": "/etc/it", "act": "remove", "then": ":"}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    (tmp_path / "etc").rename(tmp_path / "away")
    assert host.undo(host.whole_undo("one", scripts.undo)) != ""
    (tmp_path / "away").rename(tmp_path / "etc")
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    assert (tmp_path / "etc/it").read_text("utf-8") == "old"


def test_adding_where_something_is_fails_whatever_comes_behind_it(tmp_path: pathlib.Path) -> None:
    """A reload that goes well is no reason to take what was there for the fault."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    (tmp_path / "it").write_text("mine", "utf-8")
    inject = {"file": {"path": "/it", "act": "add", "text": "x", "then": ":"}}
    wrong, _, _ = done(local(tmp_path), FAULT.model_copy(update={"inject": inject}))
    assert "exit status 1" in wrong
    assert (tmp_path / "it").read_text("utf-8") == "mine"


@pytest.mark.parametrize("stays", [False, True])
def test_units_are_started_again_once_it_is_undone(
    stays: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
) -> None:
    """And not before: what cannot be undone would be logged again."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    target = local(tmp_path)
    tool = f"#!/bin/sh\n[ ! -e {tmp_path}/fault ] && echo $* >>{tmp_path}/said\n"
    (tmp_path / "bin/systemctl").write_text(tool, "utf-8")
    (tmp_path / "bin/systemctl").chmod(0o755)
    undo = "false" if stays else f"rm -f {tmp_path}/fault"
    shell = {"do": f"touch {tmp_path}/fault", "ready": ":", "undo": undo}
    fault = FAULT.model_copy(update={"inject": {"shell": shell}, "restarts": ("a.service", "b c")})
    host, scripts = Host(target, "again"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert bool(host.undo(host.whole_undo("one", scripts.undo))) is stays
    said = tmp_path / "said"
    assert (said.read_text("utf-8") if said.exists() else "") == (
        "" if stays else "restart a.service b c\n"
    )


def test_two_of_one_kind_keep_apart_what_they_replace(tmp_path: pathlib.Path) -> None:
    """Each gets back its own."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name, "utf-8")
    files = {name: {"path": f"/{name}", "act": "write", "text": "new"} for name in ("one", "two")}
    fault = FAULT.model_copy(update={"inject": {"file": files}})
    assert done(local(tmp_path), fault) == ("", "", "")
    assert [(tmp_path / name).read_text("utf-8") for name in files] == ["one", "two"]
    assert list((tmp_path / "var/tmp").iterdir()) == []


def test_a_lock_is_held_until_it_is_undone(
    tmp_path: pathlib.Path, make_database: Callable[[], str]
) -> None:
    """Others wait for it, and no longer than it stands."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    there = make_database()
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute("CREATE TABLE held (id integer)")
        sql = f"{sys.executable} -c {shlex.quote(ASKS)} {shlex.quote(there)}"
        target = local(tmp_path, drill=Drill(place="x", sql=sql))
        statement = "LOCK TABLE held IN ACCESS EXCLUSIVE MODE"
        fault = FAULT.model_copy(update={"inject": {"lock": {"statement": statement}}})
        host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
        assert scripts is not None
        connection.execute("SET lock_timeout = '200ms'")
        try:
            assert host.do("one", scripts.do) == ""
            assert host.wait("one", scripts.ready, 20.0) == ""
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("SELECT * FROM held")
        finally:
            assert host.undo(host.whole_undo("one", scripts.undo)) == ""
        connection.execute("SET lock_timeout = '20s'")
        assert connection.execute("SELECT * FROM held").fetchall() == []


ASKS = """\
import sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as it:
    for one in sys.stdin.read().split(";\\n"):
        said = it.execute(one) if one.strip() else None
        for row in said.fetchall() if said and said.description else ():
            print(*("tf"[not value] if isinstance(value, bool) else value for value in row))
"""
"""Takes SQL on its standard input, and answers as psql -qAt does."""


def test_what_is_added_is_taken_away_and_what_was_there_stays(tmp_path: pathlib.Path) -> None:
    """Adding where something is already is refused, and undoing that removes nothing."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    inject = {"file": {"path": "/new", "act": "add", "text": "x"}}
    fault = FAULT.model_copy(update={"inject": inject})
    assert done(local(tmp_path), fault) == ("", "", "")
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").write_text("mine", "utf-8")
    wrong, _, _ = done(local(tmp_path), fault)
    assert "exit status 1" in wrong
    assert (tmp_path / "new").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("tool", "answers"), [("uname", "not Linux\n"), ("no-such-tool", "not \n")]
)
def test_a_tool_lies_only_where_the_target_looks(
    tool: str, answers: str, tmp_path: pathlib.Path
) -> None:
    """It stands in the target's own folder before PATH, leads to the true one, and goes again."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    inject = {"tool": {"tool": tool, "script": 'echo "not $(${TOOL:-:})"'}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert host.wait("one", scripts.ready, 5.0) == ""
    said = subprocess.run([tmp_path / "bin" / tool], check=True, capture_output=True, text=True)  # noqa: S603
    assert said.stdout == answers
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    assert list((tmp_path / "bin").iterdir()) == []


def test_a_port_is_taken_and_given_back(tmp_path: pathlib.Path) -> None:
    """Whoever connects is told what the fault says."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inject = {"listener": {"port": port, "says": "+PONG\\r\\n"}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    try:
        assert host.do("one", scripts.do) == ""
        assert host.wait("one", scripts.ready, 5.0) == ""
        with socket.create_connection(("127.0.0.1", port), 5) as it:
            assert it.recv(100) == b"+PONG\r\n"
    finally:
        assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_what_stands_open_is_undone_by_whoever_comes_next(tmp_path: pathlib.Path) -> None:
    """From the journal alone: the drill that did it was killed."""
    root, kept = tmp_path / "root", tmp_path / "kept"
    (root / "var/tmp").mkdir(parents=True)
    (root / "file").write_text("old", "utf-8")
    inject = {"file": {"path": "/file", "act": "remove"}}
    target, fault = local(root), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, "killed"), scripts_of(fault, target)
    assert scripts is not None
    Journal(kept).begins("one", host.whole_undo("one", scripts.undo))
    assert host.do("one", scripts.do) == ""
    assert not (root / "file").exists()
    with (kept / "open.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"begins": "tw')  # torn: it was not begun
    (undo,) = Journal(kept).open().values()
    assert Host(target, "another").undo(undo) == ""
    assert (root / "file").read_text("utf-8") == "old"
    assert Host(target, "another").undo(undo) == "", "twice is once"
    Journal(kept).ended("one")
    assert Journal(kept).open() == {}


KILLED = """\
import os, signal, sys, threading, time
from gate.drill.host import Host
from gate.target import Target
host = Host(Target.model_validate_json(sys.argv[1]), "killed")
threading.Thread(target=host.do, args=("one", sys.argv[2]), daemon=True).start()
while not os.path.exists(sys.argv[3]): time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_drill_had_begun_is_waited_for(tmp_path: pathlib.Path) -> None:
    """It goes on on the host, and would be done behind its own undoing."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    target, begun, done = local(tmp_path), tmp_path / "begun", tmp_path / "done"
    undo = Host(target, "killed").whole_undo("one", f"rm {done}")
    script = f"touch {begun}; sleep 1.5; touch {done}"
    words = [sys.executable, "-c", KILLED, target.model_dump_json(exclude_unset=True)]
    ended = subprocess.run([*words, script, str(begun)], check=False, timeout=60)  # noqa: S603
    assert ended.returncode == -signal.SIGKILL
    assert not done.exists()
    assert Host(target, "another").undo(undo) == ""
    assert not done.exists()
    assert list((tmp_path / "var/tmp").iterdir()) == []


def test_a_host_that_lets_nobody_in_is_tried_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault is taken away although the host is too busy for a while; it is not done so."""
    tries: list[str] = []

    def busy(*words: Any) -> Any:
        tries.append("")
        if len(tries) < BUSY:
            raise CarrierError("no answer within 8 s", Cause.TIMEOUT)
        return open_carrier(*words)

    monkeypatch.setattr(host_module, "open_carrier", busy)
    file = tmp_path / "undone"
    host = Host(local(tmp_path), f"t{os.getpid()}")
    assert host.do("one", f": >{shlex.quote(str(file))}") == "no answer within 8 s"
    assert host.undo(f": >{shlex.quote(str(file))}") == ""
    assert (len(tries), file.exists()) == (BUSY, True)

    assert host.undo("exit 3") == "exit status 3"
    tries[:] = []
    monkeypatch.setattr(host_module, "REACH_S", 0.0)
    assert host.undo("exit 3") == "no answer within 8 s"


BUSY = 4
