"""What is said of files, of processes, and of what a command prints."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from gate.kinds.check import at
from gate.kinds.kind import Recorded
from gate.kinds.registry import kinds
from gate.sources.fact import Absent, Seen
from gate.sources.host.checks import CheckFacts
from gate.sources.host.contents import FileFacts
from gate.sources.host.programs import PROGRAMS, Program, ProgramFacts
from gate.sources.host.section import Section
from tests.selftest.given import DESK, NOW, ago, host, path, said, scene, unclear
from tests.selftest.judgements.test_tools import answer, short

UNCLEAR = "cannot tell (upstream): nobody tells"
THERE = DESK.model_copy(update={"prefix": "/box", "users": {"web": "www-data"}})
SHA, OTHER = "a" * 64, "b" * 64


def file(**changes: Any) -> FileFacts:
    """A file of 100 bytes that was written a minute ago."""
    facts: dict[str, Any] = {"path": "/box/f", "type": "regular file", "owner": "www-data"}
    facts |= {"group": "adm", "mode": "0640", "size": 100, "changed": ago(minutes=1)}
    return FileFacts(**{**facts, **changes})


def has(how: str, *, yes: bool) -> dict[str, Any]:
    """What was found of what was sought."""
    none: dict[str, dict[str, bool]] = {"line": {}, "text": {}, "pattern": {}, "name": {}}
    return {"found": Seen({**none, how: {"a": yes}})}


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('type = "regular file"\nowner = "web"\ngroup = "adm"\nmode = "0640"', {}, ""),
        ('type = "directory"', {}, "type is regular file"),
        ('link = "a"', {"link": "b"}, "link is b"),
        ('link = "a"', {}, "there is no link"),
        ('owner = "root"', {}, "owner is www-data"),
        ('group = "root"', {}, "group is adm"),
        ('mode = "0600"', {}, "mode is 0640"),
        ("at_least_bytes = 100", {}, ""),
        ("at_least_bytes = 101", {}, "it is only 100 bytes"),
        ("at_most_bytes = 100", {}, ""),
        ("at_most_bytes = 99", {}, "it is 100 bytes"),
        ("younger_than_s = 60", {}, ""),
        ("younger_than_s = 59", {}, "it was written 1m ago"),
        ("younger_than_s = 59", {"changed": NOW + dt.timedelta(minutes=1)}, ""),
        ("younger_than_s = 59", {"changed": NOW + dt.timedelta(minutes=2)},
         "cannot tell (upstream): /box/f is of the future: 2026-01-01 00:02:00+00:00"),
        (f'sha256 = "{SHA}"', {"sha256": Seen(SHA)}, ""),
        (f'sha256 = "{SHA}"', {"sha256": Seen(OTHER)}, f"sha256 is {OTHER}"),
        (f'sha256 = "{SHA}"', {"sha256": unclear()}, UNCLEAR),
        (f'sha256 = "{SHA}"', {}, "cannot tell (upstream): no digest was asked for"),
        ('lines = ["a"]', has("line", yes=True), ""),
        ('lines = ["a"]', has("line", yes=False), "no line 'a'"),
        ('lines_not = ["a"]', has("line", yes=False), ""),
        ('lines_not = ["a"]', has("line", yes=True), "a line 'a'"),
        ('contains = ["a"]', has("text", yes=True), ""),
        ('contains = ["a"]', has("text", yes=False), "'a' is not in it"),
        ('contains_not = ["a"]', has("text", yes=False), ""),
        ('contains_not = ["a"]', has("text", yes=True), "'a' is in it"),
        ('matches = ["a"]', has("pattern", yes=True), ""),
        ('matches = ["a"]', has("pattern", yes=False), "nothing like 'a'"),
        ('matches_not = ["a"]', has("pattern", yes=False), ""),
        ('matches_not = ["a"]', has("pattern", yes=True), "something like 'a'"),
        ('names = ["a"]', has("name", yes=True), ""),
        ('names = ["a"]', has("name", yes=False), "nothing gives a a value"),
        ('names = ["a"]', {"found": unclear()}, UNCLEAR),
        ('names = ["a"]', {}, "cannot tell (upstream): its content was not asked for"),
        ("at_least_bytes = 1", {"found": unclear(), "sha256": unclear()}, ""),
    ],
)  # fmt: skip
def test_a_file(keys: str, changes: dict[str, Any], expected: str) -> None:
    """What it is, how old, how large, and what stands in it."""
    assert said("file", f'path = "/f"\n{keys}', file(**changes), target=THERE) == expected


def program(pid: int = 7, **changes: Any) -> Program:
    """A process that was started five minutes after the host came up (an hour ago)."""
    facts: dict[str, Any] = {"executable": "/opt/app/bin/app", "folder": "/opt/app"}
    return Program(**{"pid": pid, **facts, "command": "app --serve", "started_s": 300.0, **changes})


def running(*programs: Program, **changes: Any) -> ProgramFacts:
    """A unit's processes."""
    facts: dict[str, Any] = {"user": Seen("www-data"), "groups": Seen(("www-data", "ssl"))}
    facts |= {"limits": Seen({"max open files": 1024, "max processes": -1}), "drop_ins": ()}
    facts |= {"variables": Seen(("HOME", "DEBUG")), "zone": Seen("UTC"), "changed": None}
    facts |= {"replaced": Seen(()), "main": 7, "programs": programs or (program(),)}
    return ProgramFacts(**{**facts, **changes})


PATHS = {
    "/srv/now": path("/opt/app"),
    "/srv/bin": path("/opt/app/bin/app"),
    "/srv/old": path("/opt/old"),
    "/srv/link": path("/opt/a-1.2"),
    "/srv/app/now": path("/box/srv/app/all/new"),
    "/srv/top": path("/a-1.2"),
    "/srv/commit": path("/srv/0a1b2c3"),
    "/opt/app": Absent("no"),
    "/dark": unclear(),
}


def process(keys: str, found: ProgramFacts) -> str:
    """What is said of it."""
    keys = f'unit = "app.service"\n{keys}'
    return said("process", keys, found, target=THERE, host=host(paths=PATHS))


PYTHON: dict[str, Any] = {
    "executable": "/usr/bin/python3", "folder": "/opt/a-1.2", "command": "python -m app",
}  # fmt: skip
DELETED = program(8, executable="/opt/app/bin/app (deleted)")
HIDDEN = program(executable="", folder="", command="nginx: master process")
NOT_SHOWN = "cannot tell (permission): /proc/7/exe is not shown to this user"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", running(), ""),
        ("", running(program(), DELETED),
         "process 8 runs /opt/app/bin/app, which was deleted or replaced"),
        ("", running(program(), program(8, state="T")),
         "process 8 is stopped by a signal (state T)"),
        ("", running(program(state="S"), program(8, state="t")), ""),
        ("", running(HIDDEN), NOT_SHOWN),
        ('user = "root"', running(HIDDEN), "user is www-data"),
        ("unseen = true", running(HIDDEN), ""),
        ("unseen = true", running(HIDDEN, DELETED),
         "process 8 runs /opt/app/bin/app, which was deleted or replaced"),
        ("unseen = true\ndrop_ins = []", running(HIDDEN, drop_ins=("/etc/x.conf",)),
         "/etc/x.conf changes its unit file"),
        *((f'unseen = true\n{one} = "/srv/now"', running(HIDDEN), NOT_SHOWN)
          for one in ("executable", "working_folder", "release")),
        ('executable = "/srv/bin"', running(), ""),
        ('executable = "/srv/old"', running(), "executable is /opt/app/bin/app"),
        ('executable = "/srv/bin"', running(DELETED),
         "process 8 runs /opt/app/bin/app, which was deleted or replaced"),
        ('executable = "/dark"', running(), UNCLEAR),
        ('executable = "/opt/app"', running(program(executable="/box/opt/app")), ""),
        ('working_folder = "/srv/now"', running(), ""),
        ('working_folder = "/srv/old"', running(), "working folder is /opt/app"),
        ('release = "/srv/now"', running(), ""),
        ('release = "/srv/now"', running(program(executable="/usr/bin/python3")), ""),
        ('release = "/srv/now"', running(program(folder="/")), ""),
        ('release = "/srv/now"', running(program(), program(8, executable="/x", folder="/y")),
         "process 8 runs /x in /y, not /opt/app"),
        ('release = "/srv/now"', running(program(executable="/opt/app2", folder="")),
         "process 7 runs /opt/app2 in , not /opt/app"),
        *(('release = "/srv/link"', running(program(**{**PYTHON, **one})), expected)
          for one, expected in (
              ({}, ""),
              ({"executable": "/opt/a-1.3/bin/app"}, "process 7 runs /opt/a-1.3/bin/app, which is of "
               "another release than /opt/a-1.2"),
              ({"executable": "/opt/a-1.2/bin/app", "folder": "/opt/a-1.10"},
               "process 7 runs /opt/a-1.10, which is of another release than /opt/a-1.2"),
              ({"command": "/opt/a-1.1/venv/bin/python -m app"},
               "process 7 runs /opt/a-1.1/venv/bin/python, which is of another release than "
               "/opt/a-1.2"),
              ({"command": "python /opt/a-1.1/app.py"}, "process 7 runs /opt/a-1.1/app.py, which is "
               "of another release than /opt/a-1.2"),
              ({"command": "python -m app /opt/a-1.1/data"}, ""),
              ({"executable": "/opt/b-1.3/bin/app"}, ""),
              ({"executable": "/opt/a/bin/app"}, ""),
          )),
        *(('release = "/srv/app/now"', running(program(folder="/box/srv/app/all/new", executable=one, command="app")), expected)
          for one, expected in (
              ("/box/srv/app/all/old/app", "process 7 runs /box/srv/app/all/old/app, which is of another "
               "release than /box/srv/app/all/new"),
              ("/box/srv/app/shared/app", ""),
              ("/box/srv/app/all/new/app", ""),
          )),
        *(('release = "/srv/commit"', running(program(folder="/srv/0a1b2c3", executable=one, command="app")), expected)
          for one, expected in (
              ("/srv", ""),
              ("/srv/3c2b1a0/app", "process 7 runs /srv/3c2b1a0/app, which is of another release "
               "than /srv/0a1b2c3"),
              ("/srv/shared/app", ""),
          )),
        ('release = "/srv/top"', running(program(executable="/a-1.3/app", folder="/a-1.2")),
         "process 7 runs /a-1.3/app, which is of another release than /a-1.2"),
        ('release = "/opt/app"', running(), "there is no /opt/app"),
        ('release = "/dark"', running(), UNCLEAR),
        ('command = ["--serve"]', running(), ""),
        ('command = ["--serve", "--debug"]', running(), "'--debug' is not in its command"),
        (f'sha256 = "{SHA}"', running(sha256=Seen(SHA)), ""),
        (f'sha256 = "{SHA}"', running(sha256=Seen(OTHER)), f"sha256 is {OTHER}"),
        (f'sha256 = "{SHA}"', running(), "cannot tell (upstream): no digest was asked for"),
        ('user = "web"', running(), ""),
        ('user = "root"', running(), "user is www-data"),
        ('user = "web"', running(user=unclear()), UNCLEAR),
        ('groups = ["ssl"]\ngroups_not = ["sudo"]', running(), ""),
        ('groups = ["adm"]', running(), "it has no group adm"),
        ('groups_not = ["ssl"]', running(), "it has the group ssl"),
        ('groups_not = ["sudo"]', running(groups=unclear()), UNCLEAR),
        ('environment = ["HOME"]\nenvironment_not = ["PROXY"]', running(), ""),
        ('environment = ["PROXY"]', running(), "it has no variable PROXY"),
        ('environment_not = ["DEBUG"]', running(), "it has the variable DEBUG"),
        ('environment_not = ["PROXY"]', running(variables=unclear()), UNCLEAR),
        ('zone = "Etc/UTC"', running(), ""),
        ('zone = "Asia/Kabul"', running(), "time zone is UTC"),
        ('zone = "Etc/UTC"', running(zone=unclear()), UNCLEAR),
        ('limits = { "Max open files" = 1024 }', running(), ""),
        ('limits = { "max open files" = 1025 }', running(), "max open files is 1024"),
        ('limits = { "max open files" = -1 }', running(), "max open files is 1024"),
        ('limits = { "max processes" = -1 }', running(), ""),
        ('limits = { "max processes" = 9999 }', running(), ""),
        ('limits = { "max cats" = 1 }', running(),
         "there is no limit 'max cats': known are max open files, max processes"),
        ('limits = { "max processes" = 1 }', running(limits=unclear()), UNCLEAR),
        ("drop_ins = []", running(), ""),
        ("", running(drop_ins=("/box/d.conf",)), ""),
        ("drop_ins = []", running(drop_ins=("/box/d.conf",)), "/box/d.conf changes its unit file"),
        ('drop_ins = ["/d.conf"]', running(drop_ins=("/box/d.conf",)), ""),
        ('drop_ins = ["/d.conf"]', running(), "no drop-in /box/d.conf"),
        ("", running(replaced=Seen(("/lib/ssl", "/b", "/c", "/d", "/e", "/f"))),
         "WARN it still uses what was replaced: /lib/ssl, /b, /c, /d, /e"),
        ("", running(replaced=unclear()), ""),
        ("drop_ins = []", running(user=unclear(), groups=unclear(), variables=unclear(),
                                  zone=unclear(), limits=unclear()), ""),
        ('before = "absent"', running(replaced=Seen(("/lib/ssl",))),
         "process of app.service is there"),
    ],
)  # fmt: skip
def test_a_process(keys: str, found: ProgramFacts, expected: str) -> None:
    """What it really runs, where, as whom, with what."""
    assert process(keys, found) == expected


def at_s(seconds: float) -> dt.datetime:
    """So many seconds after the host came up."""
    return ago(hours=1) + dt.timedelta(seconds=seconds)


def wrote(seconds: float, *programs: Program, **changes: Any) -> ProgramFacts:
    """Processes whose configuration changed so long after the host came up."""
    return running(*programs, newest=Seen(("/etc/app", at_s(seconds))), **changes)


STALE = "/etc/app changed at 2025-12-31 23:05:01, after it was started or reloaded"
BY_ITSELF = (
    f"cannot tell (upstream): {STALE} by systemd; it may have written that itself (CONFIG REWRITE): "
    "see what it runs with, and restart it where that is something else"
).replace("/etc/app", "/etc/redis/redis.conf")
REDIS = program(executable="/usr/bin/redis-server")
FAILED = STALE.replace(" or reloaded", ", and its last reload failed (exit-code)")
BY_HAND = (
    f"cannot tell (upstream): {STALE} by systemd; its 2 workers are younger than that: after a "
    "reload by hand, or started again for another reason: reload it by systemctl"
)
IN_SQL = (
    f"cannot tell (upstream): {STALE} by systemd; whether it was told otherwise, by a signal or in "
    "SQL, is not known: reload it by systemctl"
)
NGINX = program(command="nginx: master process nginx")
POSTGRES = program(executable="/usr/lib/postgresql/17/bin/postgres")


def workers(main: Program, *started_s: float, **changes: Any) -> tuple[Program, ...]:
    """A main process, and its workers that were started then."""
    ones = [program(8 + n, parent=7, started_s=one, **changes) for n, one in enumerate(started_s)]
    return (main, *ones)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (wrote(299), ""),
        (wrote(300.1), ""),
        (wrote(301), STALE),
        (wrote(301, changed=at_s(302)), ""),
        (wrote(301, changed=at_s(302), changed_s=300.9), ""),
        (wrote(301, changed=at_s(301), changed_s=300.0), STALE),
        (wrote(301, changed=at_s(302), changed_s=300.5), ""),
        (wrote(301, changed=at_s(200), changed_s=200.0), STALE),
        (wrote(301, *workers(NGINX, 302, 302.5)), ""),
        (wrote(301, *workers(NGINX, 302, 303.5)), BY_HAND),
        (wrote(301, *workers(NGINX, 302, 303)), ""),
        (wrote(301, *workers(NGINX, 302, 302.1, 303.5)), BY_HAND.replace("2 w", "3 w")),
        (wrote(301, *workers(NGINX, 300.9, 301.5)), STALE),
        (wrote(301, *workers(NGINX, 300.95, 301.5)), ""),
        (wrote(301, *workers(NGINX, 301.2, 302)), ""),
        (wrote(301, *workers(NGINX, 302)), BY_HAND.replace("2 w", "1 w")),
        (wrote(301, *workers(program(), 302, 302.5)), BY_HAND),
        (wrote(301, *workers(NGINX, 300, 302)), STALE),
        (wrote(301, *workers(POSTGRES, 300, 302)), IN_SQL),
        (wrote(299, *workers(POSTGRES, 300, 302)), ""),
        (wrote(301, *workers(NGINX, 302, 302.5), program(20, parent=7, started_s=100,
               command="nginx: worker process is shutting down")), ""),
        (wrote(301, *workers(NGINX, 302, 302.5), program(20, parent=9, started_s=100)), ""),
        (running(REDIS, newest=Seen(("/etc/redis/redis.conf", at_s(301)))), BY_ITSELF),
        (running(REDIS, newest=Seen(("/etc/redis/redis.conf", at_s(299)))), ""),
        (wrote(301, REDIS), STALE),
        (wrote(301, changed=at_s(302), reload="exit-code"), FAILED),
        (wrote(301, *workers(NGINX, 302, 302.5), changed=at_s(303), reload="exit-code"), FAILED),
        (wrote(300, changed=at_s(302), reload="exit-code"), ""),
        (running(newest=unclear()), UNCLEAR),
        (running(), "cannot tell (upstream): its files were not asked for"),
    ],
)  # fmt: skip
def test_a_configuration(found: ProgramFacts, expected: str) -> None:
    """It was read when the process was started or reloaded, by systemd or by hand."""
    assert process('config = ["/etc/app"]', found) == expected
    assert process("", found) == ""


def check(keys: str, output: str, *, status: int = 0, cut: bool = False) -> str:
    """What is said of a command that printed this."""
    given = f'reads = "it only looks"\nsh = "true"\n{keys}'
    return said("check", given, CheckFacts(status=status, output=output, cut=cut))


CUT = "cannot tell (upstream): it printed more than is kept"


@pytest.mark.parametrize(
    ("keys", "output", "expected"),
    [
        ('matches = ["^b$"]', "a\nb\n", ""),
        ('matches = ["^a b$"]', "a\nb\n", "it printed nothing like '^a b$'"),
        ('matches_not = ["^c"]', "a\nb\n", ""),
        ('matches_not = ["^b$"]', "a\nb\n", "it printed something like '^b$'"),
        ("number = { at_least = 5 }", " 5 \n", ""),
        ("number = { at_least = 5 }", "4.5", "it is only 4.5"),
        ("number = { at_most = 5 }", "-1e3", ""),
        ("number = { at_most = 5 }", "6", "it is 6"),
        ("number = { at_most = 5 }", "infinity\n", "it is inf"),
        ("number = { at_most = 5 }", "max", "it is inf"),
        ("number = { at_least = 5 }", "unlimited", ""),
        ("number = { at_least = 5 }", "inf",
         "cannot tell (upstream): it printed no number: 'inf'"),
        ("number = { at_most = 5 }", "6 cats",
         "cannot tell (upstream): it printed no number: '6 cats'"),
        ("number = { at_most = 5 }", "x" * 99,
         f"cannot tell (upstream): it printed no number: '{'x' * 80}'"),
        ('json = { type = "object" }', "{}", ""),
        ('json = { type = "array" }', "{}", 'body at /: {} is not of type "array"'),
        ('numbers = { "a.0" = { at_least = 2 } }', '{"a": [2]}', ""),
        ('numbers = { "a.0" = { at_least = 2 } }', '{"a": [1]}', "a.0: it is only 1"),
        ('numbers = { "a.0" = { at_most = 2 } }', '{"a": [3.5]}', "a.0: it is 3.5"),
        ('numbers = { "a.1" = { at_least = 2 } }', '{"a": [1]}', "there is no a.1"),
        ('numbers = { "a" = { at_least = 0 } }', '{"a": true}', "a is no number"),
        ('numbers = { "a" = { at_least = 0 } }', '{"a": "1"}', "a is no number"),
    ],
)  # fmt: skip
def test_what_a_command_prints(keys: str, output: str, expected: str) -> None:
    """Patterns line by line, one number, JSON and the numbers in it."""
    assert check(keys, output) == expected


def test_a_command_that_ends_otherwise() -> None:
    """Nothing else is judged; what it said last is told, four lines of it at most."""
    keys = 'status = 3\nmatches = ["x"]\njson = {}'
    assert check('status = 3\nmatches = ["x"]', "x", status=3) == ""
    assert check(keys, "a\n\n b \nc\nd\ne", status=1) == (
        "it ended with exit status 1: b / c / d / e"
    )
    assert check(keys, "a\n\nb", status=1) == "it ended with exit status 1: a / b"
    assert check(keys, "  \n", status=1) == "it ended with exit status 1: without a word"
    long = check(keys, "y" * 300, status=1)
    assert long == f"it ended with exit status 1: {'y' * 200}"


def test_what_was_cut_is_not_judged() -> None:
    """What is missing of it may be what is sought; what was found is there all the same."""
    assert check('matches = ["x"]', "y", cut=True) == CUT
    assert check('matches = ["x"]', "x", cut=True) == ""
    assert check('matches_not = ["x"]', "y", cut=True) == CUT
    assert check('matches_not = ["x"]', "x", cut=True) == "it printed something like 'x'"
    assert check("json = {}", "{", cut=True).startswith(
        "cannot tell (upstream): it printed no JSON"
    )
    never = check('matches = ["(a|a)*c"]', "a" * 40 + "!c")
    assert never.startswith("cannot tell (timeout): cannot tell (timeout): the pattern")
    assert check('numbers = { "a" = { at_least = 0 } }', json.dumps([])) == "there is no a"


@pytest.mark.parametrize(
    ("path", "found"),
    [("a", {"0": 1}), ("a.0", 1), ("b.0", 5), ("b.1", None), ("b.x", None), ("b.0.c", None),
     ("d", None), ("b.-1", None)],
)  # fmt: skip
def test_places_in_a_document(path: str, found: object) -> None:
    """By keys, and by numbers of a list."""
    assert at({"a": {"0": 1}, "b": [5]}, path) == found


UNIT = "Id=a.service\nLoadState=loaded\nActiveState=active\nMainPID=7\nControlGroup=/a\n"
READ = {
    "stats": ("stat", "{} (a) S 1 " + " ".join("0" * 17) + " 900 0\n\0"),
    "commands": ("cmdline", "a\0"),
}


def files(part: str, *pids: int) -> tuple[str, int, str]:
    """A file of each process as `grep -Zz` prints it."""
    name, text = READ[part]
    return ("".join(f"/proc/{pid}/{name}\0{text.format(pid)}" for pid in pids), 0, "")


@pytest.mark.parametrize(
    ("stats", "commands", "expected"),
    [
        ((7, 8), (7, 8), [7, 8]),
        ((7, 8), (7,), [7]),
        ((7,), (7, 8), [7]),
        ((7, 8), (8,), "upstream: a.service: /proc/7: an odd answer: cmdline was not read"),
    ],
)
def test_a_process_that_ends_between_two_readings(
    stats: tuple[int, ...], commands: tuple[int, ...], expected: Any
) -> None:
    """A worker, or a session of a server, comes and goes; without the main one nothing is told."""
    links = "".join(f"/proc/{n}/{one}\0/x\0\n" for n in (7, 8) for one in ("exe", "cwd"))
    status = "/proc/7/status\0Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n\0"
    accounts = "root:x:0:0:\n. passwd 0 0\nroot:x:0:\n. group 0 0\n"
    told = {"units": UNIT, "members": "7 /a\n8 /a\n", "ticks": "100", "links": links}
    told |= {"status": status, "accounts": accounts, "limits": "/proc/7/limits\0x\n\0"}
    parts = {name: (text, 0, "") for name, text in told.items()}
    parts |= {"stats": files("stats", *stats), "commands": files("commands", *commands)}
    subject = ("a.service", 0, ())
    found = PROGRAMS.read(answer(**parts), [subject])[subject]
    pids = [one.pid for one in found.programs] if isinstance(found, ProgramFacts) else short(found)
    assert pids == expected
    if isinstance(found, ProgramFacts):
        assert {one.state for one in found.programs} == {"S"}


def test_a_process_that_was_not_asked_of_in_time() -> None:
    """The whole answer was ended before it: that is no odd answer."""
    links = "".join(f"/proc/7/{one}\0/x\0\n" for one in ("exe", "cwd"))
    told = {"units": UNIT, "members": "7 /a\n", "ticks": "100", "links": links}
    told |= {"status": "/proc/7/status\0Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n\0"}
    parts = {name: (text, 0, "") for name, text in told.items()}
    parts |= {one: files(one, 7) for one in ("stats", "commands")}
    cut = Section(answer(**parts).out.rpartition(b"\nsection-")[0], 124, "")
    found = PROGRAMS.read(cut, [("a.service", 0, ())])["a.service", 0, ()]
    assert short(found) == "timeout: a.service: /proc/7 was not read in time"


def test_a_process_whose_program_is_not_shown_is_recorded_without() -> None:
    """What everybody may see of it is promised: its user, its drop-ins, the age of its files."""
    found = running(HIDDEN, drop_ins=("/etc/x.conf",), variables=unclear(), zone=unclear())
    keys = 'unit = "app.service"\nunseen = true\nconfig = ["/etc/app"]'
    given = scene({"process.x": keys}, {"process.x": found})
    record = kinds()["process"].record
    assert record is not None
    (one,) = record(given)
    assert isinstance(one, Recorded)
    kept = {"user", "drop_ins", "config", "unseen"}
    assert {key for key, value in one.keys.items() if value is not None} >= kept
    assert one.keys.get("executable") is one.keys.get("working_folder") is None
