"""Clocks are compared with the gate's own, which was read before them and after them."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable

import pytest

from gate.api import Api
from gate.contract.model import Contract
from gate.errors import ContractError, ObservationError
from gate.kinds.clock import skew
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.postgres import Database
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.facts import HostFacts
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from gate.target import Target
from tests.selftest.hosts import identity

BEFORE = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
UNREACHED = CannotTell("ssh: timed out", Cause.TIMEOUT)
CLOCK = """
[clock.host]
title = "The host's clock is right"
source = "operator"
of = "host"
within_s = 5
"""


def seconds(number: float) -> dt.timedelta:
    """A stretch of time."""
    return dt.timedelta(seconds=number)


def host(clock: dt.datetime) -> HostFacts:
    """A host of which nothing but its clock was asked."""
    return HostFacts(
        identity=identity(clock=clock),
        units={},
        listeners=UNREACHED,
        processes={},
        paths={},
        outputs={},
        packages={},
        tools={},
        files={},
    )


def observed(clock: dt.datetime | None, **parts: float) -> Observed:
    """A look of 60 s; a host without a clock could not be looked at."""
    return Observed(
        target="hera",
        moment="predeploy",
        started=BEFORE,
        finished=BEFORE + seconds(60),
        seconds=parts,
        sources={
            "host": UNREACHED if clock is None else Seen(host(clock)),
            "database": UNREACHED,
            "api": UNREACHED,
            "plan": Absent("no plan"),
            "migrations": Seen(Chains(folders={})),
            "rehearsal": Absent("nothing was rehearsed by this run"),
        },
    )


@pytest.fixture
def contract(tmp_path: pathlib.Path) -> Contract:
    """A contract that promises the host's clock."""
    (tmp_path / "runtimes.toml").write_text(CLOCK)
    return load_contract(tmp_path)


@pytest.fixture
def judge(contract: Contract) -> Callable[[Observed], Finding]:
    """A function that compares a look with that promise."""
    target = Target(
        name="hera",
        title="Hera",
        host="local://",
        api=Api(base="http://127.0.0.1:8000"),
        database=Database(service="hera"),
    )

    def judge(look: Observed) -> Finding:
        scene = Scene(contract=contract, target=target, moment="predeploy", observed=look)
        return compare(contract.promise("clock.host"), scene)

    return judge


@pytest.mark.parametrize(
    ("at_s", "off"),
    [
        pytest.param(0, 0, id="as it was before"),
        pytest.param(5, 0, id="meanwhile"),
        pytest.param(10, 0, id="as it was after"),
        pytest.param(10.25, 0.25, id="ahead"),
        pytest.param(-0.25, -0.25, id="behind"),
        pytest.param(3610, 3600, id="an hour ahead"),
        pytest.param(-3600, -3600, id="an hour behind"),
    ],
)
def test_skew(at_s: float, off: float) -> None:
    """It is the distance from the span in which the clock was read, ahead of it or behind."""
    assert skew(BEFORE + seconds(at_s), BEFORE, BEFORE + seconds(10)) == off


def test_skew_is_the_same_in_every_zone() -> None:
    """A time of another zone is the same time."""
    there = BEFORE.astimezone(dt.timezone(dt.timedelta(hours=-7)))
    assert skew(there, BEFORE, BEFORE) == 0


@pytest.mark.parametrize("at_s", [-5, 0, 60, 65])
def test_within(judge: Callable[[Observed], Finding], at_s: float) -> None:
    """A clock may be off by what is promised, exactly."""
    assert judge(observed(BEFORE + seconds(at_s))).holds


@pytest.mark.parametrize(
    ("at_s", "words"),
    [
        (-5.1, "at least 5.1 s behind the gate's"),
        (65.1, "at least 5.1 s ahead of the gate's"),
        (3660, "at least 3,600.0 s ahead of the gate's"),
    ],
)
def test_off(judge: Callable[[Observed], Finding], at_s: float, words: str) -> None:
    """Direction and amount are told, both times, who says so, and how to look."""
    finding = judge(observed(BEFORE + seconds(at_s)))
    assert finding.broken == (f"the host's clock is {words}",)
    for part in (
        "clock.host: the host's clock is",
        "promised: within 5 s of the gate's clock",
        "from 2026-02-13 15:30:00.000 UTC to 2026-02-13 15:31:00.000 UTC",
        "promised by: operator",
        "look at: date -u; date -u; timedatectl",
    ):
        assert part in finding.message


def test_a_slow_api_does_not_blur_it(judge: Callable[[Observed], Finding]) -> None:
    """A host that answered after 2 s was not asked a minute later, however long the API took."""
    look = observed(BEFORE + seconds(30), host=2, database=1, api=60)
    assert look.under_way("host") == (BEFORE, BEFORE + seconds(2))
    assert judge(look).broken == ("the host's clock is at least 28.0 s ahead of the gate's",)


def test_a_rehearsal_is_no_part_of_the_look() -> None:
    """It comes after the look: its duration tells nothing of when the host was asked."""
    look = observed(BEFORE, host=2, api=60, rehearsal=300)
    assert look.under_way("host") == (BEFORE, BEFORE + seconds(2))


def test_a_host_out_of_reach_has_no_clock(judge: Callable[[Observed], Finding]) -> None:
    """What could not be looked at is neither right nor wrong."""
    with pytest.raises(ObservationError, match=r"cannot tell \(timeout\): ssh: timed out"):
        judge(observed(None))


def test_a_clock_is_never_promised_to_be_absent(tmp_path: pathlib.Path) -> None:
    """Nobody can promise that there is no time."""
    (tmp_path / "runtimes.toml").write_text(CLOCK + 'before = "absent"\n')
    with pytest.raises(ContractError, match="cannot be promised to be absent"):
        load_contract(tmp_path)
