"""What single tools of a host tell, and what they say where they tell nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gate.kinds.recorded_sockets import OPEN
from gate.kinds.socket import KIND as SOCKET
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.accounts import GROUPS, USERS, GroupFacts, UserFacts, called
from gate.sources.host.census import _owners
from gate.sources.host.certificates import _shown
from gate.sources.host.checks import ENDED, STARTED, _ended
from gate.sources.host.configured import _parts_of
from gate.sources.host.contents import _file, _sought, _why_not
from gate.sources.host.crontabs import read as read_crontabs
from gate.sources.host.each import Block
from gate.sources.host.intervals import INTERVALS
from gate.sources.host.journal import _words, journal, read_journal
from gate.sources.host.logs.levels import is_error
from gate.sources.host.look import _output, _package, _version
from gate.sources.host.mount_table import mount_table
from gate.sources.host.newest import newest
from gate.sources.host.paths import _missing
from gate.sources.host.plausible import _numbers, contradicts_itself
from gate.sources.host.processes import LONGEST, groups_of
from gate.sources.host.programs import _replaced, _zone
from gate.sources.host.script import Answers
from gate.sources.host.section import Section
from gate.sources.host.timers import TimerFacts
from gate.sources.host.timers import read as read_timers
from gate.sources.host.writable import _kept_from
from tests.selftest.given import NOW, parted, unclear
from tests.selftest.judgements.test_discoveries import found as discovered
from tests.selftest.judgements.test_discoveries import telling

OK = Section(b"", 0, "")


def why(fact: Any) -> str:
    """Why it cannot be told."""
    assert isinstance(fact, CannotTell), fact
    return f"{fact.cause.value}: {fact.reason}"


ROOT = "root:x:0:0:root:/root:/bin/sh\n"
WEB = "web:x:33:33::/srv:/bin/sh\n"
USER = {
    "users": ROOT + WEB, "groups": "user web\nweb\nadm\n", "group": "web:x:33:\n",
    "locks": "root:*\nweb:!\n",
}  # fmt: skip
NO_SHADOW = "permission: getent shadow: it shows no passwords to this user"


@pytest.mark.parametrize(
    ("changes", "rc", "locked"),
    [
        ({}, {}, "True"),
        ({"locks": "root:*\nweb:$\n"}, {}, "False"),
        ({"locks": "root:*\n"}, {}, "upstream: getent shadow has no web"),
        ({"locks": ""}, {"locks": 2}, NO_SHADOW),
        ({"locks": "\fgetent: odd"}, {"locks": 2}, "permission: getent shadow: getent: odd"),
    ],
)
def test_whether_a_user_is_locked(changes: dict[str, str], rc: dict[str, int], locked: str) -> None:
    """Where root's password is not shown either, nobody's is: it proves nothing."""
    one = USERS.read(parted(rc, **{**USER, **changes}), ["web"])["web"]
    assert isinstance(one, UserFacts)
    assert (one.uid, one.group, one.groups) == (33, "web", Seen(("adm", "web")))
    told = str(one.locked.value) if isinstance(one.locked, Seen) else why(one.locked)
    assert told == locked


@pytest.mark.parametrize(
    ("numbers", "rc", "others"),
    [
        ("root:0\nweb:33\n", {}, ()),
        ("root:0\nz:33\nweb:33\nadm:3\na:33\ntoor:0\n", {}, ("a", "z")),
        ("web:33\neve:33\n", {}, "upstream: getent on users: it said nothing of it"),
        ("", {"numbers": 1}, "upstream: getent on users: exit status 1 without a word"),
    ],
)
def test_who_has_a_users_number(numbers: str, rc: dict[str, int], others: Any) -> None:
    """A list without root is none."""
    one = USERS.read(parted(rc, **{**USER, "numbers": numbers}), ["web"])["web"]
    assert isinstance(one, UserFacts)
    found = one.others.value if isinstance(one.others, Seen) else why(one.others)
    assert found == others


@pytest.mark.parametrize(
    ("users", "rc", "expected"),
    [
        (ROOT, {"users": 2}, Absent("getent on users: there is no web")),
        ("", {"users": 2}, "upstream: getent passwd web: exit status 2 without a word"),
        (ROOT, {"users": 124}, "timeout: getent passwd web: it did not end in time"),
        (
            ROOT + WEB.replace(":33:33:", ":33:x:"),
            {},
            "upstream: getent passwd web: it has no number",
        ),
        (
            ROOT + WEB.replace(":33:33:", "::33:"),
            {},
            "upstream: getent passwd web: it has no number",
        ),
    ],
)
def test_a_user_who_is_not_told(users: str, rc: dict[str, int], expected: Any) -> None:
    """He is absent where the database finds root, and not him."""
    one = USERS.read(parted(rc, **{**USER, "users": users}), ["web"])["web"]
    assert (one if isinstance(expected, Absent) else why(one)) == expected


def test_a_group() -> None:
    """Its members are those of whom it is not the first; one without a number is none."""
    told = parted(groups="root:x:0:\nadm:x:4:web,,a\nodd:x::\n")
    one = GROUPS.read(told, ["adm", "odd"])
    assert one["adm"] == GroupFacts(gid=4, members=("a", "web"))
    assert why(one["odd"]) == "upstream: getent group odd: it has no number"


NAMES = "root:x:0:\nadm:x:4:\n. group 0 0 4\nroot:x:0:\nodd\nweb:x:33:\n. passwd {} 0 33 99\n"


@pytest.mark.parametrize(
    ("text", "ids", "expected"),
    [
        (NAMES.format(2), ("33", "99", "33"), Seen(("web", "99"))),
        (NAMES.format(0), ("4",), "upstream: getent on users: nobody asked for 4"),
        (NAMES.format(124), ("33",), "timeout: getent on users: it did not end in time"),
        (NAMES.format(1), ("33",), "upstream: getent on users: it tells of nobody, not even of root"),
        ("web:x:33:\n. passwd 0 0 33", ("33",),
         "upstream: getent on users: it tells of nobody, not even of root"),
        ("root:x:0:\nweb:x:33:\n", ("33",), "upstream: getent on users: it said nothing of it"),
        ("", ("33",), "upstream: getent on users: it said nothing of it"),
    ],
)  # fmt: skip
def test_names_by_numbers(text: str, ids: tuple[str, ...], expected: Any) -> None:
    """A number stands for itself where it is proven to be nobody's; names are of one database."""
    one = called("passwd", ids, Section(text.encode(), 0, ""))
    assert (one if isinstance(expected, Seen) else why(one)) == expected


@pytest.mark.parametrize(
    ("lines", "group"),
    [
        (["0::/a.service"], "/a.service"),
        (["1:name=systemd:/a.service", "0::/"], "/a.service"),
        (["0::/", "1:name=systemd:/a.service"], "/a.service"),
        (["4:memory:/m", "0::/a.service"], "/a.service"),
        (["9:name=systemd:/", "4:memory:/m", "0::/a.service"], "/a.service"),
        (["0::/a.service", "9:name=systemd:/"], "/a.service"),
        (["9:name=systemd:/b.service", "0::/a.service"], "/b.service"),
        (["0::/a.service", "9:name=systemd:/b.service"], "/b.service"),
        (["9:name=systemd:/", "0::/"], "/"),
        ([f"0::/{'x' * LONGEST}"], None),
    ],
)
def test_the_group_of_a_process(lines: list[str], group: str | None) -> None:
    """Where systemd keeps a hierarchy of its own, that is it, whichever is told first."""
    text = "".join(f"/proc/7/cgroup:{one}\n" for one in lines)
    assert groups_of(text).get(7) == group


FILE = ("file", "/x.pem", "", "", "", "")
SERVED = ("port", "::1", "443", "", "", "")
ODD = "140:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x"


@pytest.mark.parametrize(
    ("subject", "text", "rc", "expected"),
    [
        (FILE, "cat: /x.pem: No such file or directory", 1, Absent("there is no file /x.pem")),
        (FILE, "cat: /x.pem: Permission denied", 1, "permission: /x.pem: Permission denied"),
        (FILE, "hello", 0, "upstream: /x.pem: hello"),
        (SERVED, "sh: openssl: not found", 127,
         "tool-missing: the host has no openssl to ask with"),
        (SERVED, "connect: Connection refused", 1, Absent("::1:443: connection refused")),
        (SERVED, ODD, 1, Absent("::1:443: what answers does not speak TLS")),
        (SERVED, "", 1,
         "upstream: ::1:443: no certificate: openssl s_client exited with 1 and showed none"),
        (SERVED, "", 124, "timeout: ::1:443: no answer within"),
    ],
)  # fmt: skip
def test_no_certificate(subject: Any, text: str, rc: int, expected: Any) -> None:
    """Nobody listens, somebody who speaks no TLS, or nobody could ask: three things."""
    one = _shown(subject, Block(text, rc))
    if isinstance(expected, Absent):
        assert one == expected
    else:
        assert why(one).replace("tool missing", "tool-missing").startswith(expected)


STAT = ["regular file", "root", "root", "644", "5", "1700000000"]


@pytest.mark.parametrize(
    ("changes", "odd"),
    [({}, False), ({4: ""}, True), ({4: "²"}, True), ({5: "-1"}, True), ({3: "rw"}, True),
     ({0: "weird file"}, True)],
)  # fmt: skip
def test_an_odd_answer_of_stat(changes: dict[int, str], *, odd: bool) -> None:
    """It is no file, and not absent either."""
    fields = [changes.get(number, one) for number, one in enumerate(STAT)]
    one = _file("/x", {"/x": fields}, {}, {})
    assert isinstance(one, CannotTell) is odd


@pytest.mark.parametrize(
    ("err", "rc", "expected"),
    [
        ("grep: /x: Permission denied", 2, "permission: /x: grep: /x: Permission denied"),
        ("grep: /x: Input/output error", 2, "upstream: /x: grep: /x: Input/output error"),
        ("", 0, "upstream: /x: it said nothing of it"),
        ("", 124, "timeout: /x: it did not end in time"),
    ],
)
def test_why_a_file_was_not_read(err: str, rc: int, expected: str) -> None:
    """In the tool's words, as far as it has some for this file."""
    assert why(_why_not("/x", Section(b"", rc, err))) == expected


def test_a_file_that_was_read_in_part() -> None:
    """What is not in the part that was read may be in the other."""
    half = _sought("/x", 50, {"/x": [b"abc"]}, "abc", OK)
    assert why(half) == "upstream: /x: it is 50 bytes, of which 4 were read"


def crontabs(spool: str = ".\n", tabs: str = "") -> Any:
    """Crontabs of the system, and of users."""
    whole = "/dev/null\0whole\x000\x00666\x001\n"
    return read_crontabs(parted({"tabs": 0 if tabs else 1}, tabs=tabs, spool=spool, files=whole,
                                daemon="cron"))  # fmt: skip


def test_lines_of_crontabs() -> None:
    """A variable is no line, nor is a comment; a user's own names no user."""
    tabs = "/etc/crontab\0SHELL=/bin/sh\n/etc/crontab\0# no\n/etc/crontab\x000 3 * * * web /b -q\n"
    spool = "/var/spool/cron/crontabs/ann\0MAILTO=ann\n/var/spool/cron/crontabs/ann\0@daily /a\n.\n"
    one = crontabs(spool, tabs)
    assert [tuple(line) for line in one.lines] == [
        ("/etc/crontab", "web", "0 3 * * *", "/b -q"),
        ("/var/spool/cron/crontabs/ann", "ann", "@daily", "/a"),
    ]
    assert one.why is None
    cut = crontabs("/var/spool/cron/crontabs/ann\0@daily /a\n")
    assert why(cut.why) == "upstream: the users' crontabs: it said nothing of it"


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ('{"level": {"name": "ERROR"}}', True),
        ('{"level": {"name": "info"}}', False),
        ('{"level": 50}', True),
        ('{"level": "50"}', True),
        ('{"level": 30}', False),
        (f'{{"level": {10**400}}}', True),
        ('{"level": "²"}', False),
        ('{"level": true}', False),
        ('{"level": null, "levelno": 40}', True),
        ('{"severity": 3, "short_message": "x"}', True),
        ('{"level": ["error"]}', False),
    ],
)
def test_the_level_of_a_line(line: str, *, bad: bool) -> None:
    """By a name or a number; whatever else stands there says nothing."""
    assert is_error(line) is bad


@pytest.mark.parametrize(
    ("rc", "err", "expected"),
    [
        (127, "sh: psql: not found", Absent("psql: sh: psql: not found")),
        (126, "sh: psql: cannot execute", "permission: psql: sh: psql: cannot execute"),
        (1, "sh: psql: Permission denied", "permission: psql: sh: psql: Permission denied"),
        (1, "odd", "upstream: psql -V exited with 1: odd"),
        (124, "", "timeout: psql -V exited with 124: exit status 124 without a word"),
        (0, "psql 17", Seen("psql 17")),
    ],
)
def test_what_a_command_said(rc: int, err: str, expected: Any) -> None:
    """Not there, not to be run, and failed are three things."""
    one = _output(Section(b"", rc, err), ("psql", "-V"))
    assert (why(one) if isinstance(expected, str) else one) == expected


@pytest.mark.parametrize(
    ("out", "rc", "err", "expected"),
    [
        ("", 2, "ls: /v: No such file or directory", Absent("ls: /v: No such file or directory")),
        ("", 2, "ls: /v: Permission denied", "permission: ls: /v: Permission denied"),
        (
            "",
            -1,
            "ls: /v: No such file or directory",
            "upstream: ls: /v: No such file or directory",
        ),
        (".\n", 0, "", Absent("no flask among the packages in /v")),
        ("flask-3.0.dist-info\n", 0, "", Seen("3.0")),
    ],
)
def test_a_package_of_a_folder(out: str, rc: int, err: str, expected: Any) -> None:
    """It is absent where its folder is, or was read and does not hold it."""
    one = _package(Section(out.encode(), rc, err), "/v", "flask")
    assert (why(one) if isinstance(expected, str) else one) == expected


def test_a_version_that_is_none() -> None:
    """It is told, and taken for none."""
    assert _version("/v", "flask", ("3.0",)) == Seen("3.0")
    assert why(_version("/v", "flask", ("<b>",))) == "upstream: /v: no version is like '<b>'"


def told(**sections: Section) -> Answers:
    """Sections by name."""
    return Answers(sections)


BEGIN = b"/proc/7/environ:"


@pytest.mark.parametrize(
    ("variables", "zones", "link", "expected"),
    [
        (b"LANG", b"", b"Europe/Berlin", Seen("Europe/Berlin")),
        (b"TZ", BEGIN + b"TZ=Asia/Tokyo\0", b"UTC", Seen("Asia/Tokyo")),
        (b"TZ", b"", b"UTC", "upstream: /proc/7/environ: it said nothing of it"),
        (b"LANG", b"", b"", "upstream: /etc/localtime: it said nothing of it"),
    ],
)
def test_the_zone_of_a_process(variables: bytes, zones: bytes, link: bytes, expected: Any) -> None:
    """One that is set and was not read is not the host's."""
    answers = told(
        variables=Section(BEGIN + variables + b"\0", 0, ""),
        zones=Section(zones, 0, ""),
        localtime=Section(b"/usr/share/zoneinfo/" + link if link else b"", 0, ""),
    )
    one = _zone(7, answers)
    assert (why(one) if isinstance(expected, str) else one) == expected


def test_files_of_a_process() -> None:
    """Maps that were not read tell of no file that was replaced; of none the newest is asked."""
    assert why(_replaced(7, Section(b"", 2, "denied"))) == "upstream: /proc/7/maps: denied"
    every, own = Section(b"1.5\t/a\t/a\n.\n", 0, ""), Section(b"3.0 /b", 0, "")
    at = dt.datetime.fromtimestamp(1.5, dt.timezone.utc)
    assert newest(["/a"], every, own) == Seen(("/a", at))
    later = dt.datetime.fromtimestamp(3.0, dt.timezone.utc)
    assert newest(["/a", "/b"], every, own) == Seen(("/b", later))


def test_who_owns_programs() -> None:
    """Whichever manager says so; one that says that nobody does names nobody."""
    answers = {
        "dpkg": Section(b"", 127, "not found"),
        "rpm": Section(b"nginx: /usr/sbin/nginx\nfile is not owned\n", 0, ""),
        "apk": Section(b"", 127, "not found"),
    }
    assert _owners(answers) == ({"/usr/sbin/nginx": "rpm nginx"}, "")
    none = dict.fromkeys(answers, Section(b"", 127, "not found"))
    assert _owners(none) == ({}, "no dpkg, rpm or apk tells whose the programs are")
    assert _parts_of("/etc/x\t/etc/x/a\nodd\n/etc/x\t/etc/x/b\n") == {
        "/etc/x": ("/etc/x/a", "/etc/x/b")
    }


def test_sockets_that_are_open() -> None:
    """Ports that the kernel gives away are nobody's, nor are systemd's own sockets."""
    ones = {"udp": (53, 68, 40000), "unix": ("/run/a.sock", "/run/systemd/notify", "/tmp/b")}  # noqa: S108
    given = telling((OPEN, "all", ones))
    assert discovered(SOCKET.discover, given) == ["udp 53", "run-a.sock"]
    assert discovered(SOCKET.discover, telling((OPEN, "all", unclear()))) == ["?nobody tells"]


TIMER = "Id=a.timer\nLoadState={}\nUnit=a.service\n"


@pytest.mark.parametrize(
    ("timer", "rc", "expected"),
    [
        (TIMER.format("not-found"), 0, Absent("a.timer: LoadState=not-found")),
        (TIMER.format("masked"), 0, "upstream: a.timer: LoadState=masked"),
        (TIMER.format("loaded"), 0, "upstream: a.timer: systemctl tells nothing of a.service"),
        ("Id=b.timer\nLoadState=loaded\n", 0,
         "upstream: systemctl show a.timer: it said nothing of it"),
        (TIMER.format("loaded"), 1,
         "upstream: systemctl show a.timer: exit status 1 without a word"),
    ],
)  # fmt: skip
def test_a_timer_that_is_not_told(timer: str, rc: int, expected: Any) -> None:
    """A timer that is masked is there, and starts nothing."""
    one = read_timers(parted({"timers": rc}, timers=timer, started=""), ["a.timer"])["a.timer"]
    assert (why(one) if isinstance(expected, str) else one) == expected


@pytest.mark.parametrize(
    ("timer", "service", "runs"),
    [("waiting", "inactive", False), ("running", "inactive", True), ("waiting", "active", True)],
)
def test_what_a_timer_started(timer: str, service: str, *, runs: bool) -> None:
    """A short run ends between two questions; until then there is no next time."""
    head = "Id=a.timer\nLoadState=loaded\nActiveState=active\nUnit=a.service\nLastTriggerUSec=n/a\n"
    of = (
        f"Id=a.service\nLoadState=loaded\nActiveState={service}\nResult=success\nExecMainStatus=0\n"
    )
    answer = parted({}, timers=f"{head}SubState={timer}\n", started=of)
    one = read_timers(answer, ["a.timer"])["a.timer"]
    assert isinstance(one, TimerFacts)
    assert (one.running, one.next) == (runs, False)


def test_times_of_timers_that_are_not_told() -> None:
    """Then nobody knows how long any of them waits."""
    told_ = parted({"timers": 1}, timers="\fFailed to connect to bus", calendars="")
    one = INTERVALS.read(told_, ["timers"])["timers"]
    assert why(one) == "upstream: systemctl show: Failed to connect to bus"


def test_numbers_that_are_none() -> None:
    """A unit whose counters are words is told by nobody."""
    names = ("NRestarts", "ActiveEnterTimestampMonotonic", "ExecMainStartTimestampMonotonic")
    good = {"Id": "a.timer", "MainPID": "7", **dict.fromkeys(names, "1")}
    assert _numbers(good) == ""
    assert _numbers({**good, "MainPID": "x"}) == "its MainPID is 'x'"
    assert _numbers({**good, "NRestarts": "many"}) == "its NRestarts is 'many'"
    table: Any = None
    odd = {**good, "NRestarts": "many"}
    assert contradicts_itself(good, odd, table) == "its NRestarts is 'many'"
    assert contradicts_itself(good, good, table) == ""


def test_a_journal_that_may_not_be_read() -> None:
    """It tells its reader so; a message may be bytes."""
    log = read_journal(Section(b"", 0, "Hint: You are currently not seeing messages"), OK, OK)
    one = journal(log, ["a.service"], NOW, "navi")
    assert why(one).startswith("permission: navi may not read the journal")
    assert _words([104, 105, 255, "x", 999]) == "hi\\xff"


def test_lines_that_are_no_mounts() -> None:
    """They are passed over; of two at one place the last one counts."""
    line = "22 1 8:1 / /a\\040b rw - {} /dev/sda1 rw"
    text = f"odd\n22 1 - ext4\n{line.format('ext4')}\n{line.format('xfs')}"
    assert {place: one.type for place, one in mount_table(text).items()} == {"/a b": "xfs"}


@pytest.mark.parametrize(
    ("rc", "cause"),
    [(124, Cause.TIMEOUT), (127, Cause.TOOL_MISSING), (1, Cause.UPSTREAM)],
)
def test_a_path_of_which_nothing_was_said(rc: int, cause: Cause) -> None:
    """It is not absent."""
    one = _missing("/x", None, Section(b"", rc, ""), believed=True)
    assert isinstance(one, CannotTell)
    assert one.cause is cause


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (f"hi\n{ENDED}0\n", None),
        ("hi\n", "timeout: x: it did not come to an end"),
        (None, "permission: x: it could not be run as web: su: no"),
    ],
)
def test_a_check_that_was_cut_off(rest: str | None, expected: str | None) -> None:
    """Half an answer of it is none."""
    text = "su: no" if rest is None else f"{STARTED}\n{rest}"
    one = _ended(("x", "web", 5), Block(text, 0))
    assert (None if expected is None else why(one)) == expected


def test_what_may_confine_a_process() -> None:
    """Where that was not read, its user's rights are not all that is needed."""
    assert _kept_from(Section(b"", 0, ""), "7") == {}
    denied = "cat: /proc/7/attr/current: Permission denied"
    assert _kept_from(Section(b"", 1, denied), "7") == {
        "yes": f"whether anything confines its process: {denied}"
    }
    assert "yes" in _kept_from(Section(b"", 124, ""), "7")
    assert _kept_from(Section(b"", 124, ""), "") == {}
