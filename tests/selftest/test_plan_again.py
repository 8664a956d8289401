"""A plan that is carried out again: what is skipped, what is named, what may be lost, who waits."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.errors import GateError
from gate.kinds.load import load_contract
from gate.plan import running as waiting
from gate.plan.facts import PlanFacts
from gate.plan.journal import Past, read_past
from gate.sources.fact import Absent, Seen
from tests.selftest.plans import AFTER, BEFORE, DEPLOY, ROLLBACK, Small, wait_for, words


@pytest.fixture
def small(tmp_path: pathlib.Path) -> Iterator[Small]:
    """The small system as it is before."""
    found = Small(tmp_path)
    yield found
    found.close()


@pytest.fixture
def lossy(
    tmp_path: pathlib.Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Small]:
    """The same beside a real database, where a rollback gives up the rows of `jobs`."""
    settings = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(database).items())
    (tmp_path / "services").write_text(f"[here]\n{settings}", "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("CREATE TABLE jobs (id int)")
        session.execute("CREATE TABLE tickets (id int, score int)")
        session.execute("INSERT INTO jobs SELECT generate_series(1, 7)")
        session.execute("INSERT INTO tickets SELECT n, nullif(n, 1) FROM generate_series(1, 3) n")
    found = Small(tmp_path, service="here")
    found.write(downgrade='may_lose = { jobs = 6, "tickets.score" = 2, "gone.column" = 0 }\n')
    yield found
    found.close()


def reason(facts: PlanFacts, step: str) -> str:
    """Why a step was left undone, or cannot be told, or failed."""
    fact = facts.steps[f"step.{step}"]
    if isinstance(fact, Seen):
        return fact.value.unmet
    return fact.proof if isinstance(fact, Absent) else fact.reason


def test_what_does_not_apply_is_skipped(small: Small) -> None:
    """`only_if` does not hold: told, recorded, and the plan goes on."""
    small.write(start="only_if = '[ -e not-there ]'\n")
    told: list[str] = []
    assert words(small.move("deploy", told=told)) == {
        "migrate": "done",
        "start": "not needed",
        "switch": "done",
    }
    assert "deploy 2: It is carried out: start: not needed" in told


def test_a_step_without_effect_did_not_succeed(small: Small) -> None:
    """Exit status 0, and what shows that it is done does not come to hold."""
    file = small.folder / "contract" / "plan.toml"
    file.write_text(file.read_text("utf-8").replace("ln -sfn after", "true ln -sfn after"), "utf-8")
    facts = small.move("deploy")
    assert words(facts)["switch"] == "failed"
    assert "exit status 0 and is not done" in reason(facts, "switch")


@pytest.mark.parametrize("look", ["no-such-tool", "kill -9 $$"])
def test_a_look_that_fails_begins_nothing(small: Small, look: str) -> None:
    """Whether there is anything to do cannot be told: neither done nor undone, and named."""
    file = small.folder / "contract" / "plan.toml"
    file.write_text(file.read_text("utf-8").replace("test -e unit &&", f"{look} ;"), "utf-8")
    text = file.read_text("utf-8").replace('kill -0 "$(cat pid)"\n', "exit 127\n")
    file.write_text(text, "utf-8")
    facts = small.move("deploy", rollback_on_failure=True)
    assert words(facts)["start"] == "cannot tell"
    assert "was not begun" in reason(facts, "start")
    assert small.state == BEFORE  # and what the first step did was taken back


def test_a_rollback_leaves_out_what_needs_a_failed_step(small: Small) -> None:
    """`needs` keeps a step from being done where it would make things worse."""
    small.move("deploy")
    small.write(revert='needs = ["step.downgrade"]\n')
    small.fault("downgrade", "fail")
    facts = small.move("rollback")
    assert words(facts) == {"downgrade": "failed", "stop": "done", "revert": "absent"}
    assert "step.downgrade, which it needs" in reason(facts, "revert")


def test_needs_must_name_an_earlier_step(small: Small) -> None:
    """A mistake in the contract, told with the known words."""
    small.write(downgrade='needs = ["step.revert"]\n')
    with pytest.raises(GateError, match=r"step.downgrade\]: needs: 'step.revert' is no earlier"):
        load_contract(small.folder / "contract")


def test_nothing_is_taken_back_that_was_there_already(small: Small) -> None:
    """On a system that was deployed well, a failure that moved nothing takes nothing back."""
    small.move("deploy")
    small.done()
    os.kill(small.worker, signal.SIGKILL)
    wait_for(lambda: not small.worker)
    small.fault("start", "fail")
    told: list[str] = []
    facts = small.move("deploy", rollback_on_failure=True, told=told)
    assert words(facts)["start"] == "failed"
    assert "came to its good end in an earlier run" in " ".join(told)
    assert words(facts)["downgrade"] == "absent"
    small.mend()
    assert words(small.move("deploy"))["start"] == "done"
    assert small.state == AFTER


def test_nothing_is_taken_back_where_nothing_was_moved(small: Small) -> None:
    """The first step fails before it does anything: every step of the rollback is done already."""
    file = small.folder / "contract" / "plan.toml"
    file.write_text(file.read_text("utf-8").replace("echo 4 >schema", "exit 9"), "utf-8")
    told: list[str] = []
    facts = small.move("deploy", rollback_on_failure=True, told=told)
    assert "every step of the rollback is done already: nothing was moved" in " ".join(told)
    assert words(facts) == {
        **dict.fromkeys(DEPLOY, "absent"),
        "migrate": "failed",
        **dict.fromkeys(ROLLBACK, "absent"),
    }
    assert (small.state, small.done()) == (BEFORE, [])


@pytest.mark.parametrize("automatic", [False, True])
def test_a_loss_is_counted_and_needs_a_word(lossy: Small, *, automatic: bool) -> None:
    """More rows than the contract allows: nothing is begun, with the numbers."""
    if automatic:
        lossy.fault("switch", "fail")
        facts = lossy.move("deploy", rollback_on_failure=True)
        assert words(facts)["switch"] == "failed"
        lossy.mend()
    else:
        lossy.move("deploy")
        facts = lossy.move("rollback")
    assert {words(facts)[step] for step in ROLLBACK} == {"absent"}
    assert "7 in jobs (the contract allows 6)" in reason(facts, "downgrade")
    assert "score" not in reason(facts, "downgrade")
    assert "--accept-loss" in reason(facts, "downgrade")
    assert "downgrade" not in lossy.done()
    told: list[str] = []
    facts = lossy.move("rollback", accept_loss=True, told=told)
    assert any("7 in jobs, 2 in tickets.score" in one for one in told)
    assert lossy.state == BEFORE


def test_a_loss_that_cannot_be_counted_needs_a_word(lossy: Small) -> None:
    """Where the database does not say, nothing is begun either."""
    lossy.move("deploy")
    (lossy.folder / "services").write_text("[here]\nhost=/nowhere\n", "utf-8")
    facts = lossy.move("rollback")
    assert "what it would lose cannot be told" in reason(facts, "downgrade")
    assert lossy.state == AFTER
    lossy.move("rollback", accept_loss=True)
    assert lossy.state == BEFORE


def test_two_gates_on_one_host(small: Small) -> None:
    """The second one moves nothing, and says who is at it, from where and since when."""
    small.deadline_s = 20.0
    small.write()
    small.fault("migrate", "hold")
    with small.gate("deploy") as first:
        wait_for((small.folder / "host" / "fault" / ".reached").exists)
        with pytest.raises(GateError, match=rf"another gate .*@.* pid {first.pid}, since 20"):
            small.move("rollback")
        small.mend()
        first.join(20)
        assert first.exitcode == 0
    assert (small.state, small.done()) == (AFTER, list(DEPLOY))


def test_a_gate_that_lost_its_lock_moves_nothing_more(small: Small) -> None:
    """What holds the lock on the host is gone: the next step is not begun."""
    small.fault("migrate", "hold")
    with small.gate("deploy") as gate:
        wait_for((small.folder / "host" / "fault" / ".reached").exists)
        lock = small.folder / "host" / "var" / "lib" / "deployment-gate" / "lock"
        for pid in holders(lock):
            os.kill(pid, signal.SIGKILL)
        small.mend()
        gate.join(20)
        assert gate.exitcode == 1
    assert small.done() == ["migrate"]


def holders(lock: pathlib.Path) -> list[int]:
    """The processes that have a file open."""
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == lock:
                found.append(int(link.parts[2]))
    return found


def test_what_outlives_its_gate_and_its_deadline_is_named(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of a step that was killed goes on, detached: nothing is moved beside it."""
    monkeypatch.setattr(waiting, "GRACE_S", 1.0)
    file = small.folder / "contract" / "plan.toml"
    detached = 'echo 4 >schema\nsetsid sh -c "echo \\$\\$ >astray; exec sleep 60" &\n'
    detached += "while [ ! -s astray ]; do sleep 0.02; done"
    file.write_text(file.read_text("utf-8").replace("echo 4 >schema", detached), "utf-8")
    small.killed("deploy", "migrate", with_step=True)
    astray = int((small.srv / "astray").read_text("utf-8"))
    try:
        small.mend()
        facts = small.move("rollback")
        assert set(words(facts).values()) == {"absent"}
        assert f"step.migrate is still running on the host: process {astray}" in reason(
            facts, "downgrade"
        )
        assert small.done() == []
    finally:
        os.kill(astray, signal.SIGKILL)
    wait_for(lambda: not pathlib.Path(f"/proc/{astray}/cwd").exists())
    small.move("rollback")
    assert small.state == BEFORE


def test_a_step_that_loses_its_gate_is_waited_for(small: Small) -> None:
    """It is not raced: the next run begins when it has ended, and finds it done."""
    small.deadline_s = 10.0
    small.write()
    small.killed("deploy", "migrate", with_step=False)
    small.released(0.7)
    began = time.monotonic()
    assert words(small.move("deploy"))["migrate"] == "done already"
    assert time.monotonic() - began > 0.5
    assert small.done() == list(DEPLOY)


def test_a_place_that_is_a_link_is_refused(small: Small) -> None:
    """The folder on the host is never entered through a link."""
    place = small.folder / "host" / "var" / "lib"
    place.mkdir(parents=True)
    (small.folder / "elsewhere").mkdir()
    (place / "deployment-gate").symlink_to(small.folder / "elsewhere")
    with pytest.raises(GateError, match="is no folder of"):
        small.move("deploy")
    assert small.state == BEFORE
    assert not list((small.folder / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("lines", "past"),
    [
        ("", Past()),
        ('{"event": "begun", "phase": "deploy"}\n{"event": "ended", "well": true}', None),
        ('garbage\n[1]\n{"event": 1}\n{"no": "event"}\n\x00{"ev', Past()),
    ],
)
def test_a_journal_that_is_torn_is_read(lines: str, past: Past | None) -> None:
    """What is no event is passed over."""
    assert read_past(lines) == (past or Past(deployed=True, known=True))


def test_a_journal_tells_of_its_own_target_only() -> None:
    """A sandbox that was made anew has no past."""
    line = '{"event": "begun", "phase": "deploy", "instance": "one"}'
    assert read_past(line, "other") == Past()
    assert "(deploy) was cut off" in read_past(line, "one").cut_off


ONE = """
[step.bring]
title = "It is brought"
source = "a self-test"
phase = "deploy"
order = 1
cwd = "/srv"
run = "echo half >half"
{key}

[step.take]
title = "It is taken back"
source = "a self-test"
phase = "rollback"
order = 1
cwd = "/srv"
run = "rm -f half"
"""


@pytest.mark.parametrize(
    ("key", "taken_back"),
    [
        ('done_if = "[ -e whole ]"', True),
        ('expect = "brought"', False),
        ('expect = "brought"\ndone_if = "[ -e whole ]"', False),
        ('expect = "^"\ndone_if = "[ -e whole ]"', True),
    ],
    ids=["without effect", "says something else", "both", "says what it should"],
)
def test_what_ended_well_without_its_effect_is_taken_back(
    small: Small, monkeypatch: pytest.MonkeyPatch, key: str, *, taken_back: bool
) -> None:
    """Exit status 0 alone does not say that nothing was moved, where no step can be asked."""
    monkeypatch.setattr("gate.plan.steps.EFFECT_S", 0.1)
    plan = small.folder / "contract" / "plan.toml"
    plan.write_text(ONE.format(key=key), "utf-8")
    told: list[str] = []
    facts = small.move("deploy", rollback_on_failure=True, told=told)
    assert words(facts)["bring"] == "failed"
    assert words(facts)["take"] == ("done" if taken_back else "absent"), told
    assert (small.srv / "half").exists() is not taken_back


def without_flock(folder: pathlib.Path) -> str:
    """A PATH with every tool but that one."""
    folder.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for tool in pathlib.Path(place).glob("*"):
            if tool.name != "flock" and not (folder / tool.name).is_symlink():
                (folder / tool.name).symlink_to(tool)
    return str(folder)


def test_a_host_without_flock_moves_nothing_where_no_other_lock_is(
    small: Small, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could tell whether another gate is at it."""
    monkeypatch.setenv("PATH", without_flock(tmp_path / "tools"))
    told: list[str] = []
    with pytest.raises(GateError, match=r"no other gate moves .* and the host has no `flock`"):
        small.move("deploy", told=told)
    assert (small.state, small.done()) == (BEFORE, [])


def test_a_host_without_flock_is_locked_by_its_database(
    lossy: Small, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told, and the plan is carried out."""
    monkeypatch.setenv("PATH", without_flock(tmp_path / "tools"))
    told: list[str] = []
    assert set(words(lossy.move("deploy", told=told)).values()) == {"done"}
    assert "no lock on the host, which has no `flock`: only the one in the database" in told
