"""Parametrize the tests over the contract: one run per item and moment, in the story's order."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest
from _pytest.mark.structures import ParameterSet

from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Promise
from gate.plugin.nodes import expected_in, moments_of, parameter
from gate.plugin.options import RUN
from gate.plugin.own_tests import moments_of_test, promise_of

NOTHING = "nothing-promised"
"""The parameter of a test whose kind of item this contract does not promise."""

SHOWN = 3
LEFT_OUT = pytest.StashKey[list[str]]()
"""Tests that an option of pytest deselects, by name."""
COVERED = pytest.StashKey[set[str]]()
"""Kinds that a team's own parametrized tests account for."""


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is covered yet."""
    config.stash[COVERED] = set()
    config.stash[LEFT_OUT] = []


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked ``promises("service")`` once per item of that kind and moment.

    A test that the contract names (``[test.checkout]``) is run once per moment of its item.
    """
    run = metafunc.config.stash.get(RUN, None)
    if run is None:
        return
    moments = moments_of(metafunc.config.option.markexpr)
    marker = metafunc.definition.get_closest_marker("promises")
    if marker is not None:
        metafunc.config.stash[COVERED] |= set(marker.args)
        params = [
            _param(moment, promise.id)
            for moment in moments
            for promise in run.contract.at(moment)
            if promise.kind in marker.args
        ]
        metafunc.parametrize("gate_promise", params or [NOTHING], indirect=True)
        return
    promise = promise_of(metafunc.definition.nodeid, run.contract)
    if promise is not None:
        # The scene, too, though the test may not ask for it: its moment must have been reached.
        metafunc.fixturenames += ["gate_promise", "gate_scene"]
        params = [
            _param(moment, promise.id) for moment in moments_of_test(promise) if moment in moments
        ]
        metafunc.parametrize("gate_promise", params or [NOTHING], indirect=True)


def _param(moment: Moment, id_: str) -> ParameterSet:
    """A parameter under its own name: of a long one pytest makes a number, if it is not told."""
    text = parameter(moment, id_)
    return pytest.param(text, id=text, marks=getattr(pytest.mark, moment))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Order the moments: all of before, then all of after, then all of restored.

    A kind that the contract does not promise at the moments that were asked for leaves no test,
    and is no test that ``-m`` deselects: gone before anybody counts.
    """
    if RUN in config.stash:
        left = [item for item in items if not item.nodeid.endswith(f"[{NOTHING}]")]
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter._numcollected -= len(items) - len(left)  # noqa: SLF001 - it counts them itself
        items[:] = left
    yield
    if RUN not in config.stash:
        return

    def moment(item: pytest.Item) -> int:
        found = expected_in(item.nodeid)
        return next((n for n, one in enumerate(MOMENTS) if found and one == found[0]), -1)

    items.sort(key=moment)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note which tests an option leaves out."""
    if items:
        items[0].config.stash[LEFT_OUT] += [one.nodeid for one in items]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what those are that pytest calls deselected: tests, and no promises."""
    names = [one for one in config.stash[LEFT_OUT] if expected_in(one) is None]
    if not names or config.get_verbosity() < 0:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    one = "a test" if len(names) == 1 else f"{len(names)} tests"
    return [f"gate: {one} left out by -m or -k, of no promise: {', '.join(names[:SHOWN])}{more}"]


@pytest.fixture
def gate_promise(request: pytest.FixtureRequest) -> Promise:
    """The promise that this run of the test accounts for."""
    found = expected_in(request.node.nodeid)
    if found is None:
        raise LookupError("only a test that accounts for a promise has one")
    contract = request.config.stash[RUN].contract
    return contract.promise(found[1])
