"""What is said of a line of cron, and which program of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from gate.kinds.cron import CRON, CRON_THERE, PROGRAM, CronFacts, _found, read_all
from gate.kinds.registry import kinds
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.crontabs import Crontabs, Line
from gate.sources.host.probe import Probed, key
from gate.sources.host.section import Section
from tests.selftest.given import DESK, host, parted, said, scene, unclear
from tests.selftest.hosts import identity

COMMAND = 'command = "/bin/dump"'
ROOTS = ("root", "/bin/dump")
DAILY, HOURLY = "0 3 * * *", "@hourly"


def line(file: str = "/etc/cron.d/a", **changes: str) -> Line:
    """A line that dumps daily."""
    facts = {"user": "root", "when": DAILY, "command": "/bin/dump -q"}
    return Line(file=file, **{**facts, **changes})


def tabs(*lines: Line, over: Any = None, unknown: Any = (), why: Any = None) -> Crontabs:
    """All that crontabs say."""
    return Crontabs(lines, over or {}, frozenset(unknown), why)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (tabs(line()), {"/etc/cron.d/a": (DAILY,)}),
        (tabs(line(), line(when=HOURLY), line("/b")),
         {"/etc/cron.d/a": (DAILY, HOURLY), "/b": (DAILY,)}),
        (tabs(line(user="web")), "no crontab has a line of root with '/bin/dump'"),
        (tabs(line(command="/bin/dum")), "no crontab has a line of root with '/bin/dump'"),
        (tabs(line(), over={"/etc/cron.d/a": "it is not root's"}),
         "/etc/cron.d/a has one, and cron passes over it: it is not root's"),
        (tabs(line(), line("/b"), over={"/etc/cron.d/a": "x", "/b": "y"}),
         "/etc/cron.d/a has one, and cron passes over it: x; /b has one, and cron passes over it: "
         "y"),
        (tabs(line(), line("/b"), over={"/etc/cron.d/a": "x"}), {"/b": (DAILY,)}),
        (tabs(line(), line("/b"), unknown=["/etc/cron.d/a"]), {"/b": (DAILY,)}),
        (tabs(line(), unknown=["/etc/cron.d/a"]), None),
        (tabs(line(user="web"), unknown=["/etc/cron.d/a"]),
         "no crontab has a line of root with '/bin/dump'"),
        (tabs(line(), line("/b"), over={"/etc/cron.d/a": "x"}, unknown=["/b"]), None),
        (tabs(why=unclear()), None),
        (tabs(line(), why=unclear()), {"/etc/cron.d/a": (DAILY,)}),
        (tabs(line(), over={"/etc/cron.d/a": "x"}, why=unclear()), None),
    ],
)  # fmt: skip
def test_a_line(found: Crontabs, expected: Any) -> None:
    """Where it stands and cron goes by it; what was not read may have it."""
    told = _found(ROOTS, found)
    if expected is None:
        assert isinstance(told, CannotTell)
    else:
        kept = told.proof if isinstance(told, Absent) else told
        assert kept == (CronFacts(schedules=expected) if isinstance(expected, dict) else expected)


FACTS = CronFacts(schedules={"/etc/cron.d/a": (DAILY, HOURLY), "/b": ("1 1 * * *",)})


@pytest.mark.parametrize(
    ("keys", "fact", "expected"),
    [
        ("", FACTS, ""),
        (f'schedule = "{DAILY}"', FACTS, ""),
        (f'schedule = "{HOURLY}"', FACTS, ""),
        ('schedule = "1 1 * * *"', FACTS, ""),
        ('schedule = "2 2 * * *"', FACTS, f"it runs at {DAILY}; {HOURLY}; 1 1 * * *"),
        ("", FACTS.model_copy(update={"program": "there"}), ""),
        ("", FACTS.model_copy(update={"program": "gone"}), "there is no /bin/dump to be started"),
        (
            "",
            FACTS.model_copy(update={"program": "unseen"}),
            "cannot tell (permission): /bin/dump: a folder above it is not shown to this user",
        ),
        ('before = "absent"', Absent("none"), ""),
        ('before = "absent"', unclear(), "cannot tell (upstream): nobody tells"),
    ],
)
def test_a_promised_line(keys: str, fact: Any, expected: str) -> None:
    """That it is there, and when it runs."""
    assert said("cron", f"{COMMAND}\n{keys}", fact) == expected


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        ("/bin/dump", "there\ngone\n", "there"),
        ("/bin/x -a", "there\ngone\n", "gone"),
        ("dump", "there\ngone\n", ""),
        ("/bin/x -a", "there\n", ""),
        ("/bin/x -a", "", ""),
    ],
)
def test_whether_there_is_what_a_line_starts(command: str, words: str, expected: str) -> None:
    """In the order in which they were asked for, each once; of a name alone nothing is."""
    subjects = [("root", one) for one in ("dump", "/bin/dump", "/bin/x -a", "/bin/dump -q")]
    table = "".join(f"/etc/crontab\0* * * * * root {one}\n" for _, one in subjects)
    told = parted(tabs=table, programs=words, spool=".\n", files="", daemon="")
    found = CRON.read(told, subjects)["root", command]
    assert isinstance(found, CronFacts)
    assert found.program == expected


def test_a_line_that_is_not_there() -> None:
    """Why cron passes over it is said; that nothing was found is no more than that."""
    assert said("cron", COMMAND, Absent("no crontab has it")) == (
        "there is no line of root with '/bin/dump'"
    )
    over = "/a has one, and cron passes over it: it is not root's"
    assert over in said("cron", COMMAND, Absent(over))
    assert "no crontab" not in said("cron", COMMAND, Absent("no crontab has it"))


def test_whose_line_it_is() -> None:
    """By the target's name of the user."""
    hera = DESK.model_copy(update={"users": {"web": "www-data"}})
    there = scene({"cron.x": f'{COMMAND}\nuser = "web"'}, {"cron.x": FACTS}, target=hera)
    promise = there.contract.promise("cron.x")
    asked: Any = [*kinds()["cron"].asks(promise, "predeploy", hera)]
    assert [one.subject for one in asked] == [("www-data", "/bin/dump")]
    row = kinds()["cron"].row(promise, there)
    assert row["Schedule"] == f"{DAILY}; {HOURLY}; 1 1 * * *"


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("/usr/bin/dump -q", "/usr/bin/dump"),
        ("cd /srv && /usr/bin/dump", "/srv"),
        ("test -x x;/usr/bin/dump", "/usr/bin/dump"),
        ("sh -c '/usr/bin/dump'", "/usr/bin/dump"),
        ("[ a ] ||/usr/bin/dump", "/usr/bin/dump"),
        ("TOKEN=ab/cd+ef run", ""),
        ("TOKEN=/cdef run", ""),
        ("TOKEN='/cdef' run", ""),
        ("KEY=ab/cd /usr/bin/dump", "/usr/bin/dump"),
        ("curl https://u:p/x@h/y", ""),
        ("bin/dump", ""),
        ("./bin/dump", ""),
        ("a-/b", ""),
        ("dump > /dev/null", ""),
        ("dump 2>/dev/null", ""),
        ("dump", ""),
    ],
)
def test_the_program_of_a_line(command: str, program: str) -> None:
    """By its path where a word begins: a part of anything else may be a secret."""
    found = PROGRAM.search(command)
    assert (found[0] if found else "") == program


def test_every_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose each is; the system's own files, and those that cron passes over, are left out."""
    lines = (
        line("/etc/cron.d/a", user="web", command="/b -p x"), line("/etc/cron.d/a", user="web", command="/b"),
        line("/etc/crontab"), line("/etc/cron.d/e2scrub_all"), line("/over"), line(command="x"),
    )  # fmt: skip
    found = tabs(*lines, over={"/over": "x"})
    monkeypatch.setattr("gate.sources.host.crontabs.read", lambda _: found)
    told: Any = read_all(Section(b"", 0, ""), ["all"])["all"]
    assert told.lines == (("web", "/b"),)
    found = tabs(*lines, over={"/over": "x"}, why=unclear())
    told = read_all(Section(b"", 0, ""), ["all"])["all"]
    assert (told.lines, told.unread) == ((("web", "/b"),), unclear())
    found = tabs(lines[0], unknown=["/etc/cron.d/a"])
    told = read_all(Section(b"", 0, ""), ["all"])["all"]
    assert told.lines == ()
    found = tabs(why=unclear())
    assert read_all(Section(b"", 0, ""), ["all"]) == {"all": unclear()}


UNLESS = "[ -x /b ] && if [ ! -d /run/systemd/system ]; then /b; fi"
CERTBOT = r"test -x /b -a \! -d /run/systemd/system && perl -e 1 && /b -q renew"


@pytest.mark.parametrize(
    ("commands", "idle"),
    [
        ([UNLESS], True),
        ([CERTBOT], True),
        (["/b -q"], False),
        ([UNLESS, "/b -q"], False),
        (["[ -d /run/systemd/system ] && /b"], False),
    ],
)
def test_what_a_timer_does(
    commands: list[str], monkeypatch: pytest.MonkeyPatch, *, idle: bool
) -> None:
    """A line that does nothing where systemd runs starts nothing there."""
    found = tabs(*(line(command=one) for one in commands))
    monkeypatch.setattr("gate.sources.host.crontabs.read", lambda _: found)
    told: Any = read_all(Section(b"", 0, ""), ["all"])["all"]
    assert told.idle == (told.lines if idle else ())
    discover = kinds()["cron"].discover
    assert discover is not None
    program = told.lines[0][1]
    for init, is_left in (("systemd", idle), ("sh", False)):
        probed = Probed(format=CRON_THERE.format, facts={key("all"): Seen(told)})
        whose = identity().model_copy(update={"init": init})
        probes = {CRON_THERE.name: probed}
        given = scene({"cron.x": COMMAND}, host=host(probes=probes, identity=whose))
        (one,) = discover.names(given, "usual")
        text = f"cron root {program}: it does nothing where systemd runs"
        assert getattr(one, "text" if is_left else "name") == (
            text if is_left else f"root {program}"
        )
