"""What is said of a worker: whether its queues and its signs show that it works."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gate.kinds.registry import kinds
from gate.sources.database.facts import WorkFacts
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.section import Section
from gate.sources.queues.facts import QueueFacts, Queues
from gate.sources.queues.timer import PROBE
from tests.selftest.given import NOW, ago, finding, host, look, scene, told, unclear
from tests.selftest.hosts import identity
from tests.selftest.judgements.test_catalogs import database
from tests.selftest.judgements.test_units import unit

UNCLEAR = "cannot tell (upstream): nobody tells"
QUEUE = """unit = "w.service"
[work.x.queue]
table = "jobs"
pending = ["new"]
done = ["ok"]
"""
RQ = 'unit = "w.service"\n[work.x.rq]\nname = "q"\n'
POLL = '[work.x.poll]\napplication = "w"\nwithin_s = 5\n'
CYCLE = '[work.x.cycle]\ntable = "t"\nwithin_s = 5\n'
TIMER = 'unit = "w.service"\n[work.x.timer]\nunit = "w.timer"\nran_within_s = 90000\n'
SERVICE = {
    "service.w": 'unit = "w.service"\nstate = "active (running)"',
    "check.c": 'reads = "it only looks"\nsh = "true"',
}
FRESH = QueueFacts(name="jobs", taken_s=60.0)
IDLE = QueueFacts(name="jobs", taken_s=60.1)
NOTHING = (
    "cannot tell: nothing shows that w.service works: there was nothing to do, and nothing to do "
    "is no proof (jobs: nothing due; a job was last taken or finished 60 s ago)"
)
DOWN = unit(active_state="inactive", sub_state="dead")
BACKLOG = "backlog: 1 due in jobs, the oldest for 121 s, not 120 s"


def worker(keys: str, queue: Any = FRESH, of: Any = None, **rest: Any) -> Any:
    """The scene of a worker."""
    facts = WorkFacts(
        queue=Seen(queue) if isinstance(queue, QueueFacts) else queue,
        cycle_s=rest.pop("cycle", None),
        poll_s=rest.pop("poll", None),
    )
    found = of or unit()
    units = {"w.service": Seen(found) if not isinstance(found, (Absent, CannotTell)) else found}
    given: dict[str, Any] = {"database": database(work={"work.x": facts}), **rest}
    return scene({"work.x": keys, **SERVICE}, host=host(units=units), **given)


def said(keys: str, queue: Any = FRESH, of: Any = None, **rest: Any) -> str:
    """What is said of it."""
    return told(worker(keys, queue, of, **rest), "work.x")


@pytest.mark.parametrize(
    ("keys", "queue", "rest", "expected"),
    [
        (QUEUE, FRESH, {}, ""),
        (QUEUE, IDLE, {}, NOTHING),
        (f"{QUEUE}proves_for_s = 61", IDLE, {}, ""),
        (QUEUE, QueueFacts(name="jobs"), {},
         "cannot tell: nothing shows that w.service works: there was nothing to do, and nothing to "
         "do is no proof (jobs: nothing due)"),
        (f'idle = "warn"\n{QUEUE}', IDLE, {},
         "WARN nothing shows that w.service works: there was nothing to do, and nothing to do is "
         "no proof"),
        (f'idle = "warn"\n{QUEUE}', FRESH, {}, ""),
        (QUEUE + POLL, IDLE, {"poll": Seen(5.0)}, ""),
        (QUEUE + POLL, IDLE, {"poll": Seen(6.0)}, "last statement of w 6.0 s ago"),
        (QUEUE + POLL, IDLE, {"poll": unclear()}, UNCLEAR),
        (QUEUE + POLL, FRESH, {"poll": Seen(6.0)}, ""),
        (QUEUE, FRESH.model_copy(update={"waiting": 1, "oldest_due_s": 121.0}), {}, BACKLOG),
        (QUEUE + POLL, IDLE.model_copy(update={"waiting": 1, "oldest_due_s": 61.0}),
         {"poll": Seen(1.0)},
         "stalled: 1 due in jobs, the oldest for 61 s, and none was for 60 s"),
        (QUEUE, FRESH.model_copy(update={"at_least": True}), {},
         "cannot tell: jobs holds more than was counted: how old the oldest is cannot be told "
         "(jobs: nothing due; a job was last taken or finished 60 s ago)"),
        (f'idle = "warn"\n{QUEUE}', FRESH.model_copy(update={"at_least": True}), {},
         "cannot tell: jobs holds more than was counted: how old the oldest is cannot be told "
         "(jobs: nothing due; a job was last taken or finished 60 s ago)"),
        (QUEUE, FRESH.model_copy(update={"at_least": True, "broken": ("no",)}), {}, "no"),
        (QUEUE, IDLE.model_copy(update={"broken": ("no",)}), {}, "no"),
        (QUEUE, Absent("there is no table jobs"), {},
         "its queue is not there: there is no table jobs"),
        (QUEUE + POLL, Absent("there is no table jobs"), {"poll": Seen(6.0)},
         "its queue is not there: there is no table jobs; last statement of w 6.0 s ago"),
        (QUEUE, unclear(), {}, UNCLEAR),
        (QUEUE, None, {}, "cannot tell (upstream): this queue was not asked for in this look"),
        (QUEUE, FRESH, {"of": DOWN}, "nobody works: w.service is inactive (dead)"),
        (QUEUE, FRESH, {"of": Absent("not-found")}, "nobody works: w.service is absent"),
        (QUEUE, FRESH, {"of": unclear()}, UNCLEAR),
        (QUEUE, FRESH, {"of": unit(active_state="activating")}, ""),
        (QUEUE, FRESH, {"of": unit(process_state=Seen("T (stopped)"))},
         "frozen: the process of w.service is in the state T (stopped)"),
        (QUEUE, FRESH, {"of": unit(process_state=Seen("t (tracing stop)"))},
         "frozen: the process of w.service is in the state t (tracing stop)"),
        (QUEUE, FRESH, {"of": unit(process_state=unclear())}, ""),
        (f'unit = "w.service"\n{POLL}', None, {"poll": Seen(1.0)}, ""),
        (f'unit = "w.service"\n{POLL}', None, {"poll": Seen(6.0)}, "last statement of w 6.0 s ago"),
    ],
)  # fmt: skip
def test_a_worker(keys: str, queue: Any, rest: dict[str, Any], expected: str) -> None:
    """What is wrong with a queue is told whatever else holds; then the strongest sign decides."""
    assert said(keys, queue, **rest) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (unit(), "w.service is at work"),
        (unit(active_state="activating"), "w.service is at work"),
        (DOWN, ""),
        (Absent("not-found"), ""),
        (unclear(), UNCLEAR),
    ],
)
def test_a_worker_that_is_gone(of: Any, expected: str) -> None:
    """Its unit does not run; its queue does not matter."""
    keys = f'before = "absent"\n{QUEUE}'
    assert said(keys, unclear(), of) == expected
    if not isinstance(of, CannotTell):
        found = finding(worker(keys, unclear(), of), "work.x")
        assert found.seen == ("running" if expected else "none")


def failing(age_s: float, **changes: Any) -> QueueFacts:
    """A queue in which a job failed so long ago."""
    return QueueFacts(name="jobs", taken_s=1.0, failed=1, failures=(age_s,), **changes)


@pytest.mark.parametrize(
    ("age_s", "started", "expected"),
    [
        (3600.0, 10, "1 failed in jobs in the last 3600 s, the newest 3600 s ago"),
        (3601.0, 10, ""),
        (7200.0, 7200, "1 failed in jobs in the last 7200 s, the newest 7200 s ago"),
        (7201.0, 7200, ""),
    ],
)
def test_failures_since_the_start(age_s: float, started: float, expected: str) -> None:
    """Of the worker by the host's clock, and of no less than an hour."""
    up = unit(started=ago(seconds=started))
    assert said(QUEUE, failing(age_s), up) == expected
    assert said(QUEUE, failing(3601.0), unit(started=None)) == ""
    old = QueueFacts(name="jobs", taken_s=1.0, running=(12.0,))
    orphaned = "orphaned: 1 in jobs were taken before the worker was started"
    assert said(QUEUE, old, unit(started=ago(seconds=10))).startswith(orphaned)
    assert said(QUEUE, old, unit(started=ago(seconds=11))) == ""
    assert said(QUEUE, old, unit(started=None)) == ""
    late = unit(started=NOW + dt.timedelta(seconds=9))
    assert said(QUEUE, QueueFacts(name="jobs", taken_s=1.0, running=(1.0,)), late) == ""
    young = said(QUEUE, QueueFacts(name="jobs", taken_s=1.0, running=(1.5,)), late)
    assert young.startswith(orphaned)
    slow = identity().model_copy(update={"clock": ago(seconds=1000)})
    units = {"w.service": Seen(unit(started=ago(seconds=1010)))}
    where = worker(QUEUE, old)
    other = look(host=host(units=units, identity=slow), database=where.observed.database)
    assert told(dataclasses.replace(where, observed=other), "work.x").startswith(orphaned)


def test_failures_since_the_deployment() -> None:
    """After it, older ones are others'; before it and after a rollback, they count."""
    before = look(host=host()).model_copy(update={"finished": ago(seconds=100)})
    up = unit(started=ago(seconds=7200))
    for age_s, moment, expected in (
        (100.0, "postdeploy", "1 failed in jobs in the last 100 s, the newest 100 s ago"),
        (101.0, "postdeploy", ""),
        (101.0, "rollback", "1 failed in jobs in the last 7200 s, the newest 101 s ago"),
    ):
        rest: dict[str, Any] = {"moment": moment, "baseline": before}
        assert said(QUEUE, failing(age_s), up, **rest) == expected
    assert said(QUEUE, failing(101.0), up, moment="postdeploy") != ""


RUN = "Id=w.timer\nLoadState=loaded\nActiveState=active\nSubState=waiting\nTriggers=w.service\n"
RUN += "LastTriggerUSecMonotonic=1h\nNextElapseUSecMonotonic=1d 1h\n\n"
JOB = "Id=w.service\nLoadState=loaded\nActiveState=inactive\nResult=exit-code\nExecMainStatus=3\n"
LAST = "w.service ended with Result=exit-code, status 3"


def read(text: str, up: int = 10800) -> Any:
    """What is told of a timer that last ran at one hour of the host's time."""
    subject = ("w.timer", 90000.0)
    section = Section(f"now=1000000 up={up}.00\n\n{text}".encode(), 0, "")
    return PROBE.read(section, [subject])[subject]


def timed(text: str, own: str = TIMER, of: Any = None, **rest: Any) -> str:
    """What is said of the worker that a timer starts."""
    keys = {"work.x": own, "timer.w": 'timer = "w.timer"', **SERVICE}
    units = {"w.service": of or Seen(DOWN)}
    there = scene(keys, {"work.x": read(text)}, host=host(units=units), **rest)
    return told(there, "work.x")


def test_how_a_timers_last_run_ended() -> None:
    """It holds until the next run: two hours later it is as broken as at once, and no sign."""
    good = JOB.replace("exit-code", "success").replace("=3", "=0")
    assert timed(RUN + good) == ""
    assert timed(RUN + JOB) == f"1 failed in w.timer, the newest 7200 s ago: {LAST}"
    before = look(host=host()).model_copy(update={"finished": ago(seconds=100)})
    rest: dict[str, Any] = {"moment": "postdeploy", "baseline": before}
    assert timed(RUN + JOB, **rest).startswith("cannot tell: nothing shows that w.service works")
    assert timed(RUN + good, **rest) == ""
    busy = JOB.replace("=inactive", "=activating") + "ExecMainStartTimestampMonotonic=10000000000\n"
    assert timed(RUN + busy) == "stuck: 1 at work in w.timer, the longest for 800 s, not 600 s"
    long = f"{TIMER}running_within_s = 9000"
    hung = busy.replace("=10000000000", "=6000000000")
    assert timed(RUN + hung, long) == ""
    assert timed(RUN + good, of=Absent("not-found")) == ""
    untold = read(RUN)
    assert isinstance(untold, CannotTell)
    assert untold.reason == "systemctl show told nothing of w.service"


def test_a_queue_with_a_look_of_its_own() -> None:
    """Is kept under the item's id and the engine's name."""
    there = {"work.x rq": Seen(FRESH)}
    for queues, expected in (
        (Seen(Queues(found=there)), ""),
        (Seen(Queues(found={})),
         "cannot tell (upstream): this queue was not asked for in this look"),
        (unclear(), UNCLEAR),
    ):  # fmt: skip
        assert said(RQ, None, queues=queues) == expected


def test_two_queues() -> None:
    """Each is told, whatever the other one says."""
    both = QUEUE + '[work.x.rq]\nname = "q"\n'
    broken = FRESH.model_copy(update={"name": "q", "broken": ("no worker",)})
    more = FRESH.model_copy(update={"at_least": True})
    for first, second, words in (
        (broken, Absent("there is no queue"),
         "its queue is not there: there is no queue; no worker"),
        (more, Seen(FRESH), "cannot tell: jobs holds more than was counted"),
        (FRESH, Seen(more.model_copy(update={"name": "q"})),
         "cannot tell: q holds more than was counted"),
    ):  # fmt: skip
        told_ = Seen(Queues(found={"work.x rq": second}))
        assert said(both, first, queues=told_).startswith(words)


def test_a_canary_that_was_not_tried() -> None:
    """Is told beside the sign that decides, and not beside a queue's own job."""
    keys = f'canary = "check.c"\n{QUEUE}{POLL}'
    for queue, there in ((IDLE, True), (FRESH, False)):
        one = worker(keys, queue, poll=Seen(1.0))
        own = one.contract.promises["check.c"]
        contract = dataclasses.replace(
            one.contract,
            promises={id_: each for id_, each in one.contract.promises.items() if id_ != own.id},
            withheld={own.id: own},
        )
        seen = finding(dataclasses.replace(one, contract=contract), "work.x").seen
        assert ("canary check.c: not tried, it writes" in seen) is there


def test_a_worker_in_words() -> None:
    """What is promised of it, what was seen, the row, and the fact."""
    kind = kinds()["work"]
    one = worker(QUEUE + POLL, IDLE, poll=Seen(1.0))
    found = finding(one, "work.x")
    assert found.promised == (
        "queue: nothing due for more than 120 s, at work for at most 600 s, at most 0 failed; a "
        "statement of w within 5 s"
    )
    assert found.seen == (
        "jobs: nothing due; a job was last taken or finished 60 s ago; last statement of w 1.0 s "
        "ago"
    )
    promise = one.contract.promise("work.x")
    assert kind.row(promise, one) == {"Worker": "w.service", "Status": "active (running)"}
    assert kind.find(promise, one) == Seen(IDLE)
    only = f'unit = "w.service"\n{CYCLE}'
    cycle = worker(only, None, cycle=Seen(1.0))
    assert kind.find(cycle.contract.promise("work.x"), cycle) == Seen(WorkFacts(cycle_s=Seen(1.0)))
    lost = worker(only, None, database=unclear())
    assert kind.find(lost.contract.promise("work.x"), lost) == unclear()
    unasked = worker(only, None, database=database(work={}))
    assert isinstance(kind.find(unasked.contract.promise("work.x"), unasked), CannotTell)
    for queue in (FRESH, Absent("gone")):
        nobody = finding(worker(QUEUE, queue, DOWN), "work.x")
        assert (nobody.promised, nobody.seen) == ("at work", "inactive (dead)")
    promises = one.contract.promises
    assert list(kind.references(promise.before, promises)) == []
    assert list(kind.references(promise.before, {})) == [
        "unit: no item of services.toml promises the unit 'w.service'"
    ]
    assert list(kind.references(promises["service.w"].before, {})) == []
