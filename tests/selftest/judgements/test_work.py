"""What is said of logs, of queues, of signs of work, and of the restarts that a plan promises."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.log import Log, look_at, trace
from gate.kinds.queue_states import Since, open_questions, seen, wrong
from gate.kinds.registry import kinds
from gate.kinds.restarts import promised_by
from gate.kinds.signs import Sign, mistakes, promised, strongest, untried
from gate.plan.facts import PlanFacts, StepRecord
from gate.sources.database.facts import WorkFacts
from gate.sources.database.proofs import Cycle, Poll
from gate.sources.fact import Absent, Seen
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.probe import AskProbe
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise
from tests.selftest import given
from tests.selftest.given import NOW, ago, finding, host, scene, told, unclear
from tests.selftest.judgements.test_catalogs import database

UNCLEAR = "cannot tell (upstream): nobody tells"


def log(keys: str, found: Any, id_: str = "log.x") -> str:
    """What is said of a log."""
    where = scene({id_: f'unit = "w.service"\n{keys}'}, {id_: found}, host=host(units=UNITS))
    return told(where, id_)


def read(**changes: Any) -> LogFacts:
    """A journal of an hour that says nothing wrong."""
    return LogFacts(**{"place": "j", "since": ago(hours=1), "matches": 0, **changes})


UNITS: dict[str, Any] = {"w.service": Absent("not-found")}
SAYS = 'says = { pattern = "p", within_s = 60 }'
LINE = {"said_line": "a p"}


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ('never = "errors"', read(), ""),
        ('never = "errors"', read(matches=2, last=("a", "b")),
         "2 lines that must not be in j since 2025-12-31 23:00:00 UTC: a | b"),
        ('never = "errors"', read(matches=1, since=None, last=("a",)),
         "1 lines that must not be in j: a"),
        ('never = "errors"', read(matches=1, last=("a",), incomplete="cut"),
         "at least 1 lines that must not be in j since 2025-12-31 23:00:00 UTC: a"),
        ('never = "errors"\nat_most = 2', read(matches=2), ""),
        ('never = "errors"\nat_most = 1', read(matches=2, last=("a",)),
         "2 lines that must not be in j since 2025-12-31 23:00:00 UTC: a"),
        ('never = "errors"', read(incomplete="cut"),
         "cannot tell (upstream): j: cut; in what was read, 0 such lines since "
         "2025-12-31 23:00:00 UTC"),
        ('never = "errors"', Absent("no journal"), "nothing logs: no journal"),
        ('never = "errors"', unclear(), UNCLEAR),
        ('never = "errors"', read(state="failed (x)", running=False),
         "who logs there is failed (x)"),
        ('never = "errors"', read(state="exited", running=False), "who logs there is exited"),
        ('never = "errors"', read(state="dead", running=False), "who logs there is dead"),
        ('never = "errors"', read(state="dead", running=True), ""),
        ('never = "errors"', read(state="up", running=False), ""),
        (SAYS, read(matches=9, said=ago(seconds=60), **LINE), ""),
        (SAYS, read(said=ago(seconds=61), **LINE), "j: last said 'p' 61 s ago, not within 60 s"),
        (SAYS, read(said=ago(seconds=-60), **LINE), ""),
        (SAYS, read(said=ago(seconds=-61), **LINE),
         "cannot tell (upstream): j: last said 'p' at 2026-01-01 00:01:01 UTC, which is yet to "
         "come: it is of another clock or zone"),
        (SAYS, read(**LINE), "cannot tell (upstream): j: the line 'a p' bears no time"),
        (f'never = "errors"\n{SAYS}', read(matches=1, since=None, last=("a",), **LINE),
         "1 lines that must not be in j: a"),
        (SAYS, read(state="failed (x)", running=False, since=ago(seconds=1)),
         "who logs there is failed (x)"),
        (SAYS, read(), "j: nothing like 'p' within 60 s"),
        (SAYS, read(since=ago(seconds=59)), "cannot tell (upstream): j: nothing like 'p' yet, 59 s "
         "after 2025-12-31 23:59:01 UTC, and 60s are promised; look again"),
        (SAYS, read(since=ago(seconds=60)), "j: nothing like 'p' within 60 s"),
        (SAYS, read(since=None), "j: nothing like 'p' within 60 s"),
        (SAYS, read(incomplete="cut"),
         "cannot tell (upstream): j: cut; in what was read, 0 such lines since "
         "2025-12-31 23:00:00 UTC"),
        (SAYS, read(incomplete="cut", newest=NOW), "j: nothing like 'p' within 60 s"),
        ('never = "errors"\nbefore = "absent"', read(), "w.service is there"),
    ],
)  # fmt: skip
def test_a_log(keys: str, found: Any, expected: str) -> None:
    """What must not be said, what must, and who says it."""
    if "absent" in keys:
        UNITS["w.service"] = Seen(given_unit())
    try:
        assert log(keys, found) == expected
    finally:
        UNITS["w.service"] = Absent("not-found")


def given_unit() -> Any:
    """A unit that is there."""
    from tests.selftest.judgements.test_units import unit  # noqa: PLC0415 - both ways otherwise

    return unit()


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        ('unit = "w.service"\nnever = "errors"', {"never": ("errors",)}),
        (f'unit = "w.service"\n{SAYS}', {"says": "p"}),
        ('unit = "w.service"\nnever = ["a", "b"]\nbut = ["c"]\nsince = 60',
         {"never": ("a", "b"), "but": ("c",), "since": "60"}),
        ('file = "/l"\nunit = "w.service"\nnever = "errors"',
         {"kind": "file", "place": "/l", "unit": "w.service", "never": ("errors",)}),
        ('file = "/l"\nsince = "deployment"\nnever = "errors"',
         {"kind": "file", "place": "/l", "since": "deployment", "never": ("errors",)}),
        ('container = "c"\nnever = "errors"',
         {"kind": "container", "place": "c", "never": ("errors",)}),
    ],
)  # fmt: skip
def test_what_is_asked_of_a_log(keys: str, asked: dict[str, Any]) -> None:
    """What is kept, and how it is read."""
    nothing: dict[str, Any] = {"never": (), "but": (), "says": "", "unit": "", "since": "start"}
    where = scene({"log.x": keys})
    promise = where.contract.promise("log.x")
    (one,) = (one for one in kinds()["log"].asks(promise, "predeploy", where.target))
    assert isinstance(one, AskProbe)
    looks = {"c": "docker logs --tail 20 c", "/l": "tail -n 20 /l"}
    look = looks.get(asked.get("place", ""), "journalctl -u w.service -n 20")
    assert look_at(where.item(promise, Log), where.target) == look
    expected = {**nothing, "kind": "journal", "place": "w.service", **asked}
    assert {name: getattr(one.subject, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Absent("no journal"), "nothing logs: no journal"),
        (read(incomplete="cut"), "cannot tell (upstream): j: cut"),
        (read(incomplete="cut", newest=NOW), "cannot tell (upstream): j: cut"),
        (read(incomplete="cut", said=ago(seconds=1), **LINE), ""),
        (read(said=ago(seconds=99), **LINE), "j: last said 'p' 99 s ago, not within 60 s"),
        (read(), "j: nothing like 'p' within 60 s"),
        (read(**LINE), "cannot tell (upstream): j: the line 'a p' bears no time"),
    ],
)
def test_the_trace_of_a_cycle(found: Any, expected: str) -> None:
    """Of the line alone that a log must have; what was not read may have it."""
    keys = f'unit = "w.service"\nnever = "errors"\n{SAYS}'
    where = scene({"log.x": keys}, {"log.x": found})
    promise = where.contract.promise("log.x")
    if expected.startswith("cannot"):
        with pytest.raises(ObservationError, match=re.escape(expected)):
            trace(promise, where)
        return
    judged = trace(promise, where)
    assert "; ".join(judged.broken) == expected
    assert judged.promised == "no line of errors since the start; 'p' within 60 s"
    assert judged.look == "journalctl -u w.service -n 20"
    seen = "no journal" if isinstance(found, Absent) else "0 such lines since 2025-12-31 23:00:00"
    assert judged.seen.startswith(seen)


def test_absent_logs() -> None:
    """A unit's journal stays when the unit is gone; a container's and a file's do not."""
    absent = 'never = "errors"\nbefore = "absent"'
    assert log(absent, read(matches=3)) == ""
    keys = f'container = "c"\n{absent}'
    assert given.said("log", keys, Absent("none")) == ""
    assert given.said("log", keys, read()) == "j is there"
    assert given.said("log", keys, unclear()) == UNCLEAR
    file = f'file = "/l"\nunit = "w.service"\n{absent}'
    assert given.said("log", file, Absent("none")) == ""
    assert given.said("log", file, read()) == "j is there"


def queue(promise: dict[str, Any], since: Since, **facts: Any) -> list[str]:
    """What is wrong with a queue."""
    found = QueueFacts(name="q", **facts)
    return wrong(QueuePromise.model_validate(promise), found, since)


STALLED = "stalled: 3 due in q, the oldest for 61 s, and "
STUCK = "stuck: 1 at work in q, the longest for 601 s, not 600 s"


@pytest.mark.parametrize(
    ("promise", "since", "facts", "expected"),
    [
        ({}, Since(), {}, []),
        ({}, Since(), {"broken": ("no worker",)}, ["no worker"]),
        ({}, Since(), {"unnamed": ("x",)},
         ["q holds rows in the state 'x', which no promised state names"]),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 60.0}, []),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0},
         [f"{STALLED}none was taken that is known of"]),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "taken_s": 61.0},
         [f"{STALLED}none was for 61 s"]),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "taken_s": 60.0}, []),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "tried_s": 60.0}, []),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "tried_s": 61.0},
         [f"{STALLED}none was taken that is known of"]),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "running": (600.0,)}, []),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 61.0, "running": (601.0,)},
         [f"{STALLED}none was taken that is known of", STUCK]),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 120.0, "taken_s": 1.0}, []),
        ({}, Since(), {"waiting": 3, "oldest_due_s": 121.0, "taken_s": 1.0},
         ["backlog: 3 due in q, the oldest for 121 s, not 120 s"]),
        ({}, Since(), {"running": (601.0, 5.0)}, [STUCK]),
        ({}, Since(), {"running": (600.0,), "gone": ("job 1",)}, ["orphaned: job 1"]),
        ({}, Since(worker_s=10), {"running": (11.0,)}, []),
        ({}, Since(worker_s=10), {"running": (12.0, 11.5, 3.0)},
         ["orphaned: 2 in q were taken before the worker was started (12 s ago, and it runs for "
          "10 s)"]),
        ({}, Since(worker_s=10), {"running": (12.0,), "gone": ("job 1",)}, ["orphaned: job 1"]),
        ({}, Since(), {"attempts": 99}, []),
        ({"attempts_at_most": 3}, Since(), {"attempts": 3}, []),
        ({"attempts_at_most": 3}, Since(), {"attempts": 4},
         ["retry storm: a job of q was tried 4 times"]),
        ({"attempts_at_most": 3}, Since(), {"attempts": 4, "error": "e"},
         ["retry storm: a job of q was tried 4 times: e"]),
        ({}, Since(), {"failures": (3600.0,)},
         ["1 failed in q in the last 3600 s, the newest 3600 s ago"]),
        ({}, Since(), {"failures": (3601.0,)}, []),
        ({}, Since(worker_s=4000), {"failures": (3601.0,), "error": "e"},
         ["1 failed in q in the last 4000 s, the newest 3601 s ago: e"]),
        ({}, Since(worker_s=10), {"failures": (3600.0,), "at_least": True},
         ["at least 1 failed in q in the last 3600 s, the newest 3600 s ago"]),
        ({}, Since(worker_s=4000, deployed_s=5), {"failures": (6.0,)}, []),
        ({}, Since(deployed_s=5), {"failures": (5.0, 6.0)},
         ["1 failed in q in the last 5 s, the newest 5 s ago"]),
        ({"failed_at_most": 1}, Since(), {"failures": (5.0,)}, []),
        ({"discarded_at_most": 1}, Since(), {"discarded": 1}, []),
        ({"discarded_at_most": 1}, Since(), {"discarded": 2},
         ["2 were discarded in q, not at most 1"]),
        ({}, Since(), {"discarded": 2}, []),
    ],
)  # fmt: skip
def test_a_queue(
    promise: dict[str, Any], since: Since, facts: dict[str, Any], expected: list[str]
) -> None:
    """Stalled, behind, stuck, orphaned, tried again and again, failed, given up."""
    assert queue(promise, since, **facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"at_least": True},
         ["q holds more than was counted: how old the oldest is cannot be told"]),
        ({"at_least": True, "oldest_due_s": 120.0},
         ["q holds more than was counted: how old the oldest is cannot be told"]),
        ({"at_least": True, "oldest_due_s": 121.0}, []),
        ({"oldest_due_s": 121.0}, []),
    ],
)  # fmt: skip
def test_what_a_queue_leaves_open(facts: dict[str, Any], expected: list[str]) -> None:
    """What was not counted may be older."""
    assert open_questions(QueuePromise(), QueueFacts(name="q", **facts)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "q: nothing due"),
        ({"waiting": 2, "oldest_due_s": 3.0}, "q: 2 due, the oldest for 3 s"),
        ({"waiting": 2, "at_least": True}, "q: at least 2 due"),
        ({"running": (5.0, 1.0)}, "q: nothing due; 2 at work, the longest for 5 s"),
        ({"failed": 1, "at_least": True}, "q: nothing due; at least 1 failed"),
        ({"failed": 1, "discarded": 2}, "q: nothing due; 1 failed; 2 discarded"),
        ({"taken_s": 1.0, "unread": ("x",)},
         "q: nothing due; a job was last taken or finished 1 s ago; x"),
    ],
)  # fmt: skip
def test_a_queue_in_one_line(facts: dict[str, Any], expected: str) -> None:
    """What was seen of it, and what was not."""
    assert seen(QueueFacts(name="q", **facts)) == expected


@dataclasses.dataclass(frozen=True)
class Signs:
    """What a worker promises of signs."""

    canary: str | None = None
    log: str | None = None
    session: str | None = None
    cycle: Cycle | None = None
    poll: Poll | None = None


CYCLE = Cycle(table="t", column="at", within_s=5)
POLL = Poll(application="app", within_s=5)
NOTHING: dict[str, Any] = {}
ITEMS = {
    "service.w": 'unit = "w.service"\nstate = "active (running)"',
    "work.w": 'unit = "w.service"\n[work.w.poll]\napplication = "a"\nwithin_s = 5',
    "log.says": f'unit = "w.service"\n{SAYS}',
    "log.quiet": 'unit = "w.service"\nnever = "errors"',
    "log.later": f'unit = "w.service"\n{SAYS}\nbefore = "absent"',
    "log.both": f'unit = "w.service"\nnever = "errors"\n{SAYS}',
    "log.never": f'unit = "w.service"\n{SAYS}\nbefore = "absent"\nafter = "absent"',
    "session.s": 'unit = "w.service"\nlast_statement_within_s = 5',
    "check.c": 'reads = "it only looks"\nsh = "true"',
    "group.g": 'group = "g"',
}
NO_WORK = WorkFacts()
OLD = read(said=ago(seconds=61), matches=3, **LINE)
FRESH = read(said=ago(seconds=1), matches=3, **LINE)


def sign(signs: Signs, facts: Any = NO_WORK, log_: Any = FRESH, **rest: Any) -> Sign | str | None:
    """What the strongest sign comes to, or why that cannot be told."""
    work = {} if facts is None else {"work.w": facts}
    where = scene(ITEMS, {"log.says": log_}, database=database(work=work), **rest)
    try:
        return strongest(where.contract.promise("work.w"), signs, where)
    except ObservationError as error:
        return str(error)


@pytest.mark.parametrize(
    ("signs", "facts", "expected"),
    [
        (Signs(), WorkFacts(), None),
        (Signs(cycle=CYCLE), WorkFacts(cycle_s=Seen(5.0)),
         Sign("last cycle 5.0 s ago, by t.at", holds=True)),
        (Signs(cycle=CYCLE), WorkFacts(cycle_s=Seen(5.1)),
         Sign("last cycle 5.1 s ago, by t.at", holds=False)),
        (Signs(cycle=CYCLE), WorkFacts(cycle_s=Absent("empty")),
         Sign("no trace of any cycle in t (empty)", holds=False)),
        (Signs(cycle=CYCLE), WorkFacts(cycle_s=unclear()), UNCLEAR),
        (Signs(cycle=CYCLE), WorkFacts(),
         "cannot tell (upstream): this proof was not asked for in this look"),
        (Signs(cycle=CYCLE), None, "cannot tell: work.w was not asked for in this look"),
        (Signs(poll=POLL), WorkFacts(poll_s=Seen(5.0)),
         Sign("last statement of app 5.0 s ago", holds=True)),
        (Signs(poll=POLL), WorkFacts(poll_s=Seen(5.1)),
         Sign("last statement of app 5.1 s ago", holds=False)),
        (Signs(poll=POLL), WorkFacts(poll_s=Absent("none")),
         Sign("app is not connected (none)", holds=False)),
        (Signs(poll=POLL), WorkFacts(),
         "cannot tell (upstream): this proof was not asked for in this look"),
        (Signs(log="log.says"), None,
         Sign("trace of a cycle log.says: 3 such lines since 2025-12-31 23:00:00 UTC; last said at "
              "2025-12-31 23:59:59 UTC: a p", holds=True)),
        (Signs(log="log.quiet", poll=POLL), WorkFacts(poll_s=Seen(1.0)),
         Sign("last statement of app 1.0 s ago", holds=True)),
        (Signs(log="log.none", poll=POLL), WorkFacts(poll_s=Seen(1.0)),
         Sign("last statement of app 1.0 s ago", holds=True)),
        (Signs(log="log.later", poll=POLL), WorkFacts(poll_s=Seen(1.0)),
         Sign("last statement of app 1.0 s ago", holds=True)),
        (Signs(canary="group.g", poll=POLL), WorkFacts(poll_s=Seen(1.0)),
         Sign("last statement of app 1.0 s ago", holds=True)),
        (Signs(session="group.g", poll=POLL), WorkFacts(poll_s=Seen(1.0)),
         Sign("last statement of app 1.0 s ago", holds=True)),
        (Signs(cycle=CYCLE, log="log.says", poll=POLL), WorkFacts(cycle_s=Seen(9.0)),
         Sign("last cycle 9.0 s ago, by t.at", holds=False)),
        (Signs(log="log.says", poll=POLL), WorkFacts(poll_s=Seen(9.0)),
         Sign("trace of a cycle log.says: 3 such lines since 2025-12-31 23:00:00 UTC; last said at "
              "2025-12-31 23:59:59 UTC: a p", holds=True)),
    ],
)  # fmt: skip
def test_the_strongest_sign(signs: Signs, facts: Any, expected: Sign | str | None) -> None:
    """It decides, and the weaker ones are not asked."""
    assert sign(signs, facts) == expected


def test_a_sign_that_is_an_item() -> None:
    """It shows nothing where it is broken, and nobody knows where it cannot be told."""
    by = Signs(log="log.says", poll=POLL)
    told_ = "trace of a cycle log.says: j: last said 'p' 61 s ago, not within 60 s"
    assert sign(by, log_=OLD) == Sign(told_, holds=False)
    assert sign(by, log_=unclear()) == f"trace of a cycle log.says: {UNCLEAR}"
    check = sign(Signs(canary="check.c", poll=POLL))
    assert str(check).startswith("canary check.c: cannot tell")
    told_ = told_.replace(": j: last said 'p' 61 s ago, not within 60 s", "")
    both = sign(Signs(log="log.both"), log_=FRESH)
    assert isinstance(both, str)  # a line that the log must not have takes nothing from its trace
    where = scene(ITEMS, {"log.both": FRESH}, database=database(work={"work.w": NO_WORK}))
    kept = strongest(where.contract.promise("work.w"), Signs(log="log.both"), where)
    assert kept is not None
    assert kept.holds
    assert told(where, "log.both") != ""


def test_a_sign_that_is_a_session() -> None:
    """What is said of it is said as a session's."""
    session = sign(Signs(session="session.s"))
    assert str(session).startswith("session session.s: cannot tell")


def test_signs_in_words() -> None:
    """The strongest first."""
    every = Signs("canary.c", "log.l", "session.s", CYCLE, POLL)
    assert list(promised(every)) == [
        "the canary canary.c arrives", "a cycle within 5 s", "a trace of a cycle: log.l",
        "it polls: session.s", "a statement of app within 5 s",
    ]  # fmt: skip
    assert list(promised(Signs())) == []
    where = scene(ITEMS)
    withheld = {"canary.c": where.contract.promise("check.c")}
    contract = dataclasses.replace(
        where.contract,
        withheld={"canary.c": dataclasses.replace(withheld["canary.c"], id="canary.c")},
    )
    where = dataclasses.replace(where, contract=contract)
    assert list(untried(every, where)) == ["canary canary.c: not tried, it writes"]
    assert list(untried(Signs(canary="canary.d"), where)) == []
    assert list(untried(Signs(), where)) == []


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (Signs(), []),
        (Signs(log="log.says", canary="check.c"), []),
        (Signs(log="log.later"), []),
        (Signs(log="log.x", canary="check.x"),
         ["canary: 'check.x' names no item", "log: 'log.x' names no item"]),
        (Signs(log="log.never"), ["log: 'log.never' shows no work: it must be a log with `says`: "
                                  "one that only keeps quiet is no trace of a cycle"]),
        (Signs(log="log.quiet"), ["log: 'log.quiet' shows no work: it must be a log with `says`: "
                                  "one that only keeps quiet is no trace of a cycle"]),
    ],
)  # fmt: skip
def test_signs_that_show_nothing(signs: Signs, expected: list[str]) -> None:
    """Refused when the contract is read."""
    assert list(mistakes(signs, scene(ITEMS).contract.promises)) == expected


PLAN = {
    "step.other": 'phase = "deploy"\norder = 1\nrun = "systemctl restart web-app app.socket"',
    "step.stop": 'phase = "deploy"\norder = 2\nrun = "systemctl stop app"',
    "step.start": 'phase = "deploy"\norder = 3\nrun = "systemctl restart app"',
    "step.back": 'phase = "rollback"\norder = 1\nrun = "systemctl start app.service"',
}
RECORD = StepRecord(step="x", command="x", started=NOW, seconds=10, exit_status=0, output="")


def after(seconds: float) -> dt.datetime:
    """A time after the step began."""
    return NOW + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("moment", "started", "record", "step"),
    [
        ("postdeploy", NOW, None, "step.start"),
        ("rollback", NOW, None, "step.back"),
        ("predeploy", NOW, None, ""),
        ("postdeploy", after(-5), RECORD, "step.start"),
        ("postdeploy", after(-5.1), RECORD, ""),
        ("postdeploy", after(15), RECORD, "step.start"),
        ("postdeploy", after(15.1), RECORD, ""),
        ("postdeploy", NOW, Absent("left undone"), ""),
        ("postdeploy", NOW, RECORD.model_copy(update={"state": "failed"}), ""),
    ],
)
def test_a_restart_that_a_step_promises(
    moment: Any, started: dt.datetime, record: Any, step: str
) -> None:
    """By what it runs, and by when it ran, where that is known."""
    kept = Seen(record) if isinstance(record, StepRecord) else record
    plan = unclear() if record is None else Seen(PlanFacts(steps={"step.start": kept}))
    where = scene(PLAN, moment=moment, plan=plan)
    assert promised_by("app.service", started, where) == step
    if record is RECORD:
        late = where.observed.model_copy(update={"started": NOW - dt.timedelta(seconds=100)})
        shifted = dataclasses.replace(where, observed=late)
        apart = started + dt.timedelta(seconds=100)
        assert promised_by("app.service", apart, shifted) == step
        slow = where.observed.model_copy(update={"seconds": {"host": 1.0}})
        slower = dataclasses.replace(where, observed=slow)
        assert promised_by("app.service", started, slower) == (step or "step.start")
        lost = where.observed.model_copy(update={"host": unclear()})
        assert (
            promised_by("app.service", started, dataclasses.replace(where, observed=lost)) == step
        )


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ({"git": Seen("/git"), "make": Seen("/make")}, ""),
        ({"git": Absent("no git"), "make": Seen("/make")}, "git is not on the target"),
        ({"git": unclear(), "make": Absent("no make")}, "make is not on the target"),
        ({"git": unclear(), "make": Seen("/make")}, UNCLEAR),
        ({"git": Seen("/git")}, "cannot tell (upstream): make was not asked for in this look"),
    ],
)
def test_the_tools_of_a_step(tools: dict[str, Any], expected: str) -> None:
    """One that is missing is told, though nobody can tell of another."""
    items = {"step.x": 'phase = "deploy"\norder = 1\nrun = "true"\ntools = ["git", "make"]'}
    where = scene(items, host=host(tools=tools))
    try:
        said = "; ".join(finding(where, "step.x").broken)
    except ObservationError as error:
        said = str(error)
    assert said == expected


@pytest.mark.parametrize(
    ("run", "step"),
    [
        ("systemctl reload-or-restart app", "step.x"),
        ("systemctl try-restart app", "step.x"),
        ("systemctl enable --now app.service", "step.x"),
        ("systemctl start app.timer", ""),
        ("systemctl start my-app", ""),
        ("systemctl start app@1", ""),
        ("systemctl status app", ""),
    ],
)
def test_what_starts_a_unit(run: str, step: str) -> None:
    """Its very name, and a word that starts."""
    items = {"step.x": f'phase = "deploy"\norder = 1\nrun = "{run}"'}
    where = scene(items, moment="postdeploy")
    assert promised_by("app.service", NOW, where) == step
