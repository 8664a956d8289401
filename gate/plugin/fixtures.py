"""Fixtures for a team's own tests: the target and the ways to it, at the moment of the test.

They are for tests that the contract names (``[test.checkout]``), and for those that are marked
``promises``: such a test is run when its moment was reached, and looks over the connections that
the gate has open anyhow. In a run that is about no deployment they skip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from gate.connection.carrier import Carrier, open_carrier
from gate.connection.forward import to_api, to_database
from gate.contract.item import Moment
from gate.kinds.scene import Scene
from gate.plugin.scheduler import scene_of
from gate.target import Target

if TYPE_CHECKING:  # loaded where a test asks for them: most runs do not
    import httpx
    import psycopg

CARRIERS = pytest.StashKey[dict[str, Carrier]]()


@pytest.fixture
def gate_target(gate_scene: Scene) -> Target:
    """The target, with everything that is known of one that the gate has started."""
    return gate_scene.target


@pytest.fixture
def gate_carrier(request: pytest.FixtureRequest, gate_target: Target) -> Carrier:
    """The way to the target's host: one connection for all tests of this process."""
    config = request.config
    opened = config.stash.setdefault(CARRIERS, {})
    if gate_target.instance not in opened:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        opened[gate_target.instance] = stack.enter_context(open_carrier(gate_target))
    return opened[gate_target.instance]


@pytest.fixture
def gate_host(gate_target: Target, gate_carrier: Carrier) -> Any:
    """Testinfra's ``host``, over the gate's own connection."""
    from gate.connection.testinfra_host import carried  # noqa: PLC0415 - see above

    return carried(gate_carrier, gate_target.host, gate_target.deadlines.host_s)


@pytest.fixture
def gate_database(
    gate_target: Target, gate_carrier: Carrier
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A session with the target's database that can only read, over the gate's own connection."""
    import psycopg  # noqa: PLC0415 - see above

    milliseconds = int(gate_target.deadlines.database_s * 1000)
    with psycopg.connect(
        service=gate_target.database.service,
        application_name="deployment-gate test",
        connect_timeout=max(2, int(gate_target.deadlines.connect_s)),
        options=(
            f"-c default_transaction_read_only=on -c statement_timeout={milliseconds} "
            f"-c lock_timeout=2000"
        ),
        autocommit=True,
        **to_database(gate_target, gate_carrier),  # type: ignore[arg-type]
    ) as session:
        yield session


@pytest.fixture
def gate_api(gate_target: Target, gate_carrier: Carrier) -> Iterator[httpx.Client]:
    """A client of the target's own base, over the gate's own connection; nobody is logged in."""
    import httpx  # noqa: PLC0415 - see above

    from gate.sources.api.trust import context  # noqa: PLC0415

    way = to_api(gate_target, gate_carrier)
    tls = context(gate_target.api, gate_target.file, os.environ) or False
    transport = httpx.HTTPTransport(verify=tls, uds=str(way.socket) if way else None)
    with httpx.Client(
        base_url=gate_target.api.base, timeout=gate_target.deadlines.host_s, transport=transport
    ) as client:
        yield client


@pytest.fixture
def gate_scene_at(request: pytest.FixtureRequest) -> Callable[[Moment], Scene]:
    """A function ``gate_scene_at(moment)``: waits until a moment is reached, and shows it.

    By it a suite names its own fixtures: ``deployed``, ``rolled_back``, ``rehearsed``.
    """
    return lambda moment: scene_of(moment, request.config)
