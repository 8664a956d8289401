"""Parametrize the tests over the contract: one run per item and moment."""

from __future__ import annotations

import functools

import pytest

from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Promise
from gate.plugin.options import RUN

SEPARATOR = "-"
"""Between moment and item in a test's id: ``predeploy-service.redis``."""

NOTHING = "nothing-promised"
"""The parameter of a test whose kind of item this contract does not promise."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked ``promises("service")`` once per item of that kind and moment.

    The parameter is the string ``moment-id``: it names the test, and Allure's history hangs on it.
    """
    marker = metafunc.definition.get_closest_marker("promises")
    if marker is None:
        return
    contract = metafunc.config.stash[RUN].contract
    params = [
        pytest.param(f"{moment}{SEPARATOR}{promise.id}", marks=mark)
        for moment in moments_of(metafunc.config.option.markexpr)
        for mark in [getattr(pytest.mark, moment)]
        for promise in contract.at(moment)
        if promise.kind in marker.args
    ]
    metafunc.parametrize("gate_promise", params or [NOTHING], indirect=True)


def moments_of(markexpr: str) -> tuple[Moment, ...]:
    """The moments that ``-m`` leaves any test of, as far as that is plain to see."""
    named = tuple(moment for moment in MOMENTS if moment == markexpr.strip())
    return named or MOMENTS


@functools.cache
def expected_in(nodeid: str) -> tuple[Moment, str] | None:
    """Read moment and item id off a node id; ``None`` for a test of something else."""
    _, bracket, param = nodeid.partition("[")
    word, _, id_ = param.removesuffix("]").partition(SEPARATOR)
    if not bracket or "." not in id_:
        return None
    return next(((moment, id_) for moment in MOMENTS if moment == word), None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the story: all of before, then all of after, then all of restored.

    A kind that the contract does not promise leaves no test; the ledger counts promises, not tests.
    """
    items[:] = [item for item in items if not item.nodeid.endswith(f"[{NOTHING}]")]

    def moment(item: pytest.Item) -> int:
        found = expected_in(item.nodeid)
        return next((n for n, one in enumerate(MOMENTS) if found and one == found[0]), -1)

    items.sort(key=moment)


@pytest.fixture
def gate_promise(request: pytest.FixtureRequest) -> Promise:
    """The promise that this run of the test accounts for."""
    contract = request.config.stash[RUN].contract
    return contract.promise(request.param.partition(SEPARATOR)[2])
