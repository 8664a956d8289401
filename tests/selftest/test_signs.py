"""Signs of work: which item may be one, and what is told where a canary is not tried."""

from __future__ import annotations

import contextlib
import pathlib
import re
from collections.abc import Iterator

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, Result
from gate.errors import ContractError
from gate.kinds.load import load_contract
from gate.target import Target
from tests.selftest.databases import target
from tests.selftest.test_working import SQL, TABLE, WORKER, chapters
from tests.selftest.workers import SYSTEMCTL, UNIT, Place, wait_for

__all__ = ["target"]

HEAD = 'title = "t"\nsource = "s"\n'
WORK = f'[work.w]\n{HEAD}unit = "{UNIT}"\n{{sign}}\n'
SERVICE = f'[service.w]\n{HEAD}unit = "{UNIT}"\nstate = "active (running)"\n'
CANARY = """
[canary.job]
title = "t"
source = "s"
writes = true
find = "SELECT error AS mark FROM jobs WHERE error LIKE {mark}"
request = { method = "POST", path = "/jobs", json = { name = "{mark}" } }
job = { query = "SELECT status FROM jobs WHERE error = {mark}", done = ["done"] }
remove = { run = "true" }
"""
STORED = CANARY.replace("canary.job", "canary.stored").replace("job =", "#")
OTHERS = f"""
[log.quiet]
{HEAD}unit = "{UNIT}"
never = "errors"
[log.cycle]
{HEAD}unit = "{UNIT}"
says = {{ pattern = "cycle", within_s = 60 }}
[session.open]
{HEAD}unit = "{UNIT}"
[session.polls]
{HEAD}unit = "{UNIT}"
before = "absent"
after = {{ last_statement_within_s = 60 }}
[work.other]
{HEAD}unit = "{UNIT}"
poll = {{ application = "a", within_s = 5 }}
"""
CHAPTERS = {
    "work": "work",
    "service": "services",
    "canary": "canaries",
    "log": "logs",
    "session": "sessions",
}


def load(folder: pathlib.Path, sign: str) -> None:
    """Load a worker with a sign, beside all that could be one."""
    text = WORK.format(sign=sign) + SERVICE + CANARY + STORED + OTHERS
    for table in re.findall(r"(?ms)^\[\w+\.\w+\]\n.*?(?=^\[|\Z)", text):
        kind = table[1:].partition(".")[0]
        with (folder / f"{CHAPTERS[kind]}.toml").open("a", encoding="utf-8") as file:
            file.write(table)
    load_contract(folder)


@pytest.mark.parametrize(
    "sign",
    ['canary = "canary.job"', 'log = "log.cycle"', 'session = "session.polls"'],
)
def test_what_shows_work(tmp_path: pathlib.Path, sign: str) -> None:
    """At one moment at least."""
    load(tmp_path, sign)


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ('canary = "canary.none"', "names no item"),
        ('canary = "canary.job.left"', "must be a check, or a canary with `job`"),
        ('canary = "canary.stored"', "one that is only stored is nobody's work"),
        ('canary = "service.w"', "must be a check, or a canary with `job`"),
        ('canary = "work.w"', "must be a check, or a canary with `job`"),
        ('canary = "work.other"', "must be a check, or a canary with `job`"),
        ('log = "log.quiet"', "one that only keeps quiet is no trace of a cycle"),
        ('log = "session.polls"', "must be a log with `says`"),
        ('session = "session.open"', "one that is only open polls nothing"),
        ('session = "service.w"', "must be a session with `last_statement_within_s`"),
    ],
)
def test_what_shows_none(tmp_path: pathlib.Path, sign: str, words: str) -> None:
    """What holds while nobody works is refused as a sign, and so is a worker of itself."""
    with pytest.raises(ContractError, match=words):
        load(tmp_path, sign)


@pytest.fixture
def place(tmp_path: pathlib.Path, database: str, target: Target) -> Iterator[Place]:
    """A worker with an empty queue."""
    tool = tmp_path / "systemctl"
    tool.write_text(SYSTEMCTL.format(folder=tmp_path, unit=UNIT), "utf-8")
    tool.chmod(0o755)
    with contextlib.ExitStack() as stack:
        here = target.model_copy(update={"path": (str(tmp_path),)})
        found = Place(tmp_path, database, here, stack)
        found.sql(TABLE)
        yield found


def told(place: Place, work: str) -> Result:
    """What is told of an idle worker where nothing may be written."""
    place.start(WORKER, place.conninfo, "good")
    wait_for(0.3)
    contract = {**chapters(work), "canaries": CANARY}
    scene = place.scene(contract, writes=False)
    assert [one.id for one in scene.contract.not_tried("predeploy")] == ["canary.job"]
    return judge(scene.contract.promise("work.w"), scene).result


QUEUE = SQL.partition("[work.w.cycle]")[0]


def test_a_canary_that_is_not_tried_shows_nothing(place: Place) -> None:
    """Without another sign an idle worker cannot be told, and the reason names the canary."""
    found = told(place, f'canary = "canary.job"\n{QUEUE}')
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "nothing shows that worker.service works" in found.reason
    assert "canary canary.job: not tried, it writes" in found.reason


def test_it_leaves_it_to_the_next_sign(place: Place) -> None:
    """A weaker sign decides, and what was not tried is told beside it."""
    found = told(place, f'canary = "canary.job"\n{SQL}')
    assert found.outcome is Outcome.PASS
    assert "canary canary.job: not tried, it writes; last cycle 0." in found.seen


def test_it_is_no_excuse(place: Place) -> None:
    """A weaker sign that is broken stays broken."""
    beats = SQL.replace("within_s = 5", "within_s = 0.000001")
    found = told(place, f'canary = "canary.job"\n{beats}')
    assert found.outcome is Outcome.FAIL
    assert found.reason.startswith("last cycle 0.")
