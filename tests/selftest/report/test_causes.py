"""What did not pass, by cause: two faults are two blocks, whatever each of them takes with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.account.verdict import Line, Outcome, Result
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.judge import _seen
from gate.report.account import Account
from gate.report.causes import _heads, blocks
from gate.sources.fact import Absent, Seen

Told = Callable[..., Account]


def fail(reason: str) -> Result:
    """A broken promise."""
    return Result(outcome=Outcome.FAIL, promised="as written", seen="otherwise", reason=reason)


def unknown(reason: str) -> Result:
    """What could not be told."""
    return Result(outcome=Outcome.INCONCLUSIVE, reason=reason)


def ids(account: Account) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Causes and what follows from them, block by block."""
    return [
        (tuple(one.id for one in block.cause), tuple(one.id for one in block.follows))
        for block in blocks(account)
    ]


def without_api(account: Account) -> Account:
    """The same, of a look that found the API's unit dead and its port closed."""
    assert account.observed is not None
    host = account.observed.host
    assert isinstance(host, Seen)
    unit = host.value.units["atum-desk-api.service"]
    assert isinstance(unit, Seen)
    dead = unit.value.model_copy(update={"active_state": "inactive", "sub_state": "dead"})
    listeners = host.value.listeners
    assert isinstance(listeners, Seen)
    changed = host.value.model_copy(
        update={
            "units": {**host.value.units, "atum-desk-api.service": Seen(dead)},
            "listeners": Seen(tuple(one for one in listeners.value if one.port != 8000)),
        }
    )
    api = account.observed.api
    assert isinstance(api, Seen)
    refused = dict.fromkeys(api.value.answers, Absent("connection refused"))
    answers = api.value.model_copy(update={"answers": refused})
    observed = account.observed.model_copy(update={"host": Seen(changed), "api": Seen(answers)})
    return dataclasses.replace(account, observed=observed)


def test_two_faults_are_two_blocks(told: Told) -> None:
    """A service that stopped, with its port, answers and risk; and an index that is gone."""
    account = told(
        results={
            "service.api": fail("atum-desk-api.service is inactive (dead)"),
            "port.api": fail("nothing listens on port 8000"),
            "endpoint.tickets": fail("connection refused"),
            "budget.tickets": unknown("how long endpoint.tickets takes: connection refused"),
            "index.ix_rag_chunks_hnsw": fail("index ix_rag_chunks_hnsw is not there"),
            "risk.redis": fail("the risk materialised: service.api: it is dead"),
        }
    )
    assert ids(without_api(account)) == [
        (
            ("service.api",),
            ("port.api", "endpoint.tickets", "risk.redis", "budget.tickets"),
        ),
        (("index.ix_rag_chunks_hnsw",), ()),
    ]


def test_what_runs_explains_nothing(told: Told) -> None:
    """A service that runs, and starts at no boot, is not why its port is held by somebody else."""
    account = told(
        results={
            "service.api": fail("does not start at boot"),
            "port.api": fail("held by nginx.service"),
            "endpoint.tickets": fail("status 500"),
        }
    )
    assert [cause for cause, _ in ids(account)] == [
        ("service.api",),
        ("port.api",),
        ("endpoint.tickets",),
    ]


def test_what_cannot_be_told_explains_no_broken_promise(told: Told) -> None:
    """A FAIL whose reason names an item that is merely unknown stands for itself."""
    account = told(
        results={
            "service.api": unknown("permission: no"),
            "risk.redis": fail("the risk materialised: service.api: it is dead"),
        }
    )
    assert [cause for cause, _ in ids(account)] == [("risk.redis",), ("service.api",)]


def test_one_obstacle_is_one_block(told: Told) -> None:
    """Whatever could not be told for one reason; a broken promise comes before it."""
    account = told(
        results={
            "table.users": unknown("cannot tell (timeout): no answer"),
            "table.tickets": unknown("cannot tell (timeout): no answer"),
            "service.api": fail("service.api: it is dead"),
        }
    )
    assert [cause for cause, _ in ids(account)] == [
        ("service.api",),
        ("table.tickets", "table.users"),
    ]
    assert blocks(account)[0].reason == "it is dead"


def test_the_same_words_of_two_things_are_two_causes(told: Told) -> None:
    """What was seen of two services for itself is not one because the sentence is the same."""
    same = fail("it is wrong")
    account = told(results={"service.api": same, "service.sla_worker": same})
    assert len(blocks(account)) == 2


def test_a_name_within_another_is_none(told: Told) -> None:
    """``table.users`` is not told of where a reason says ``table.users_old``, or ``my.table.x``."""
    account = told(
        results={
            "table.users": fail("it is gone"),
            "index.ix_rag_chunks_hnsw": fail("see table.users_old and x.table.users"),
        }
    )
    assert len(blocks(account)) == 2


def test_every_item_is_in_one_block(told: Told) -> None:
    """Of all that did not pass, but for warnings and what was not run."""
    account = told()
    lines = tuple(
        dataclasses.replace(
            line,
            outcome=(Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED)[at % 3],
            reason=f"because of {account.verdict.lines[at * 7 % 11].id}; x",
        )
        for at, line in enumerate(account.verdict.lines)
    )
    account = dataclasses.replace(
        account, verdict=dataclasses.replace(account.verdict, lines=lines)
    )
    found = [line.id for block in blocks(account) for line in block.lines]
    assert sorted(found) == sorted(line.id for line in lines)


@given(st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4)))
def test_every_way_ends_at_a_cause(ways: dict[int, list[int]]) -> None:
    """Circles too: a cause is its own, and everything has one."""
    names = {str(one) for one in (*ways, *(two for many in ways.values() for two in many))}
    line = Line(outcome=Outcome.FAIL, id="", chapter="", title="")
    lines = {one: dataclasses.replace(line, id=one) for one in sorted(names)}
    stands = {one: tuple(map(str, ways.get(int(one), ()))) for one in lines}
    heads = _heads(lines, stands)
    assert heads.keys() == lines.keys()
    for found in heads.values():
        assert found
        assert all(heads[one] == (one,) for one in found)


@pytest.mark.parametrize(
    ("promised", "seen", "told_as"),
    [
        ("active (running)", "active  (running)", "restarted 3 times; not settled"),
        ("active (running)", "inactive (dead)", "inactive (dead)"),
    ],
)
def test_a_broken_promise_is_not_told_as_kept(promised: str, seen: str, told_as: str) -> None:
    """Where what was seen is worded like the promise, what is broken is told instead."""
    broken = ("restarted 3 times", "not settled")
    assert _seen(Finding(promised=promised, seen=seen, broken=broken)) == told_as
    assert _seen(Finding(promised=promised, seen=seen)) == seen


def test_what_came_too_early_is_one_cause(told: Told) -> None:
    """A service that is there although it is promised not to be, and what is promised of it."""
    account = told("predeploy")
    promise = account.contract.promises["service.job_worker"]
    promises = {**account.contract.promises, "service.same": promise_of(promise, "service.same")}
    contract = dataclasses.replace(account.contract, promises=promises)
    found = {one: fail(f"{one} is there") for one in ("service.job_worker", "service.same")}
    account = told("predeploy", found, contract=contract)
    observed = account.observed
    assert observed is not None
    assert isinstance(observed.host, Seen)
    units = observed.host.value.units
    there = {**units, "atum-desk-job-worker.service": units["atum-desk-api.service"]}
    host = observed.host.value.model_copy(update={"units": there})
    account = dataclasses.replace(
        account, observed=observed.model_copy(update={"host": Seen(host)})
    )
    assert ids(account) == [(("service.job_worker",), ("service.same",))]


def promise_of(promise: Promise, id_: str) -> Promise:
    """The same promise under another id."""
    return dataclasses.replace(promise, id=id_)
