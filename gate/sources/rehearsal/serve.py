"""The release from before, started on the upgraded clone, and asked as ever."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gate.connection.carrier import Carrier
from gate.connection.obstacle import INTERRUPTED
from gate.connection.ssh import Forward
from gate.contract.kinds import Endpoint
from gate.contract.rehearsal import Alembic, Serve
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.api import look as api
from gate.sources.api.facts import ApiFacts
from gate.sources.api.wait import wait_for
from gate.sources.fact import CannotTell, Cause, Fact
from gate.sources.rehearsal.alembic import environment
from gate.sources.rehearsal.clone import Clone
from gate.target import Target

READY_S, SERVE_S, STOP_S = 30.0, 120.0, 15.0
WRITE = "endpoint.write"
"""Under this id the request that writes is answered for."""

FREE_PORT = (
    "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
)


def smoke(
    serve: Serve,
    *,
    how: Alembic,
    target: Target,
    clone: Clone,
    carrier: Carrier,
    endpoints: Mapping[str, Endpoint],
) -> Fact[ApiFacts]:
    """Start a release on the clone, ask it, and stop it.

    Args:
        serve: What to start and what to ask.
        how: The application's environment.
        target: Where.
        clone: The upgraded clone.
        carrier: The way to the host.
        endpoints: Every endpoint of the contract before, by item id.
    """
    chosen = {f"endpoint.{one}" for one in serve.endpoints}
    asked = {
        id_: one
        for id_, one in endpoints.items()
        if not one.slow
        and (not chosen or id_ in {*chosen, f"endpoint.{target.api.login}"} or one.writes)
    }
    if serve.write:
        asked[WRITE] = Endpoint.model_validate(
            {
                "title": "The release from before writes",
                "source": "rehearsal",
                "writes": True,
                **serve.write,
            }
        )
    try:
        with _serving(serve, how, target, clone, carrier) as (here, ended):
            port = here.api.base.rpartition(":")[2]
            way = carrier.forward(f"127.0.0.1:{port}", port) if target.api.forward else None
            _wait(endpoints[f"endpoint.{serve.ready}"], here, way, ended, carrier.interrupted)
            return api.look(
                here, asked, {}, forward=way, interrupted=carrier.interrupted, writes=True
            )
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)


@contextmanager
def _serving(
    serve: Serve, how: Alembic, target: Target, clone: Clone, carrier: Carrier
) -> Iterator[tuple[Target, list[str]]]:
    """Have the release listen on a port of its own; gone at the end.

    Yields:
        The target with the release's base URL, and what it said when it ended by itself.
    """
    port = carrier.run(f"python3 -c {shlex.quote(FREE_PORT)}", deadline_s=10).stdout.decode()
    if not port.strip().isdigit():
        raise ObservationError("no python3 on the host finds a port")
    port = port.strip()
    stop = f"/tmp/{clone.name}.stop"  # noqa: S108 - a name that nobody can guess
    served = [
        *environment(how, target, clone),
        f"PORT={port}; export PORT",
        f"cd {shlex.quote(target.placed(serve.folder))} || exit 125",
        serve.command,
    ]
    script = "\n".join(
        [
            "exec 2>&1",
            "(",
            *served,
            ") & kept=$!",
            f"while kill -0 $kept 2>/dev/null && [ ! -e {stop} ]; do sleep 0.1; done",
            f"pkill -P $kept 2>/dev/null; kill $kept 2>/dev/null; wait $kept; rm -f {stop}",
        ]
    )
    ended: list[str] = []

    def keep() -> None:
        try:
            output = carrier.run(script, deadline_s=SERVE_S, to_its_end=True)
            ended.append(known.tell(output.stdout.decode("utf-8", "replace"))[-500:])
        except ObservationError as error:
            ended.append(str(error))

    thread = threading.Thread(target=keep, name="old release", daemon=True)
    thread.start()
    base = {"base": f"http://127.0.0.1:{port}"}
    try:
        yield target.model_copy(update={"api": target.api.model_copy(update=base)}), ended
    finally:
        if not ended:
            carrier.run(f": > {stop}", deadline_s=10, to_its_end=True)
        thread.join(STOP_S)


def _wait(
    endpoint: Endpoint,
    here: Target,
    way: Forward | None,
    ended: list[str],
    interrupted: threading.Event,
) -> None:
    until, why = time.monotonic() + READY_S, "nothing was asked"
    while time.monotonic() < until and not ended:
        if interrupted.is_set():
            raise ObservationError(INTERRUPTED)
        why = wait_for(here, endpoint, 0.3, way, interrupted)
        if not why:
            return
    raise ObservationError(
        f"the release from before does not come up on the clone: {' '.join(ended) or why}"
    )
