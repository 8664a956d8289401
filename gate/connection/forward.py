"""Reach what listens on the host's loopback only, through the connection to the host."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from gate.connection import libpq
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.connection.ssh import Forward
from gate.sources.fact import CannotTell, Cause
from gate.target import Target


def to_api(target: Target, carrier: Carrier, name: str = "") -> Forward | None:
    """Return the way to a base of the API; ``None`` where the target file asks for no forward.

    Args:
        target: Says whether a forward is wanted.
        carrier: Opens it.
        name: Of the base; the API's own where it is empty.

    Raises:
        CarrierError: There is none to be had.
    """
    base = target.api.at(name)
    if not base.forward:
        return None
    url = urlsplit(base.base)
    port = url.port or (443 if url.scheme == "https" else 80)
    host = url.hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    return carrier.forward(f"{host}:{port}", "api")


def to_bases(
    target: Target, carrier: Carrier, names: Iterable[str]
) -> dict[str, Forward | CannotTell]:
    """The ways to those bases that are to be reached by a forward, or why there is none."""
    found: dict[str, Forward | CannotTell] = {}
    for name in sorted({*names} & {"", *target.api.bases}):
        try:
            way = to_api(target, carrier, name)
        except CarrierError as error:
            found[name] = CannotTell(str(error), error.cause)
            continue
        if way is not None:
            found[name] = way
    return found


def to_database(target: Target, carrier: Carrier, service: str | None = None) -> dict[str, str]:
    """Return the connection parameters that lead to the database, put over the service's.

    Args:
        target: Says whether a forward is wanted.
        carrier: Opens it.
        service: Another service than the database's own, such as the rehearsal's.

    Raises:
        CarrierError: There is no forward to be had, or no such service.
    """
    if not target.database.forward:
        return {}
    try:
        settings = libpq.service(service or target.database.service)
    except LookupError as error:
        raise CarrierError(str(error.args[0]), Cause.UPSTREAM) from error
    name = f"{libpq.SOCKET}{settings['port']}"
    forward = carrier.forward(libpq.leads_to(settings), name)
    password = libpq.password(settings)
    found = {"host": str(forward.socket.parent), "hostaddr": "", "port": settings["port"]}
    return found if password is None else {**found, "password": password}
