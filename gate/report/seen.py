"""What a look saw of one item, found in the observed document; still three-valued.

A key that is missing from the document was not asked for: that is "cannot tell", never "absent".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

from gate.contract.database import Migration
from gate.contract.host import Clock, KeyPath, ListeningPort, Runtime, Service
from gate.kinds.runtime import version_in
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.facts import HostFacts, Listener, Path, Unit
from gate.sources.migrations.chain import pending
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.target import Target

T = TypeVar("T")
NOTHING = CannotTell("nothing was looked at", Cause.UPSTREAM)


def host_of(observed: Observed | None) -> Seen[HostFacts] | Absent | CannotTell:
    """The host."""
    return NOTHING if observed is None else observed.host


def database_of(observed: Observed | None) -> Seen[DatabaseFacts] | Absent | CannotTell:
    """The database."""
    return NOTHING if observed is None else observed.database


def api_of(observed: Observed | None) -> Seen[ApiFacts] | Absent | CannotTell:
    """The API."""
    return NOTHING if observed is None else observed.api


def unit_of(observed: Observed | None, item: Service) -> Seen[Unit] | Absent | CannotTell:
    """A systemd unit."""
    host = host_of(observed)
    return _asked(host.value.units, item.unit) if isinstance(host, Seen) else host


def listeners_of(
    observed: Observed | None, item: ListeningPort, target: Target
) -> Seen[tuple[Listener, ...]] | Absent | CannotTell:
    """Who listens on a port; absent where the list of listeners is there and names nobody."""
    host = host_of(observed)
    if not isinstance(host, Seen):
        return host
    listeners = host.value.listeners
    if not isinstance(listeners, Seen):
        return listeners
    port = target.port(item.port)
    found = tuple(one for one in listeners.value if one.port == port)
    return Seen(found) if found else Absent(f"no TCP socket listens on port {port}")


def path_of(observed: Observed | None, item: KeyPath) -> Seen[Path] | Absent | CannotTell:
    """A path of the host; kept under its name in the contract."""
    host = host_of(observed)
    return _asked(host.value.paths, item.path) if isinstance(host, Seen) else host


def version_of(
    observed: Observed | None, id_: str, item: Runtime
) -> Seen[str] | Absent | CannotTell:
    """A version; commands and packages are kept under their item's id."""
    if item.server or item.extension:
        return _database_version(observed, item)
    host = host_of(observed)
    if not isinstance(host, Seen):
        return host
    if item.package:
        return _asked(host.value.packages, id_)
    output = _asked(host.value.outputs, id_)
    if not isinstance(output, Seen):
        return output
    return version_in(output.value, item.pattern)


def clock_of(observed: Observed | None, item: Clock) -> Seen[dt.datetime] | Absent | CannotTell:
    """The time that a clock told when it was asked."""
    if item.of == "database":
        database = database_of(observed)
        return Seen(database.value.clock) if isinstance(database, Seen) else database
    host = host_of(observed)
    return Seen(host.value.identity.clock) if isinstance(host, Seen) else host


def answer_of(observed: Observed | None, id_: str) -> Seen[Answer] | Absent | CannotTell:
    """The answer to an endpoint's request."""
    api = api_of(observed)
    return _asked(api.value.answers, id_) if isinstance(api, Seen) else api


def chain_of(observed: Observed | None, item: Migration) -> Seen[Chain] | Absent | CannotTell:
    """The revision files of a migration item's folder; kept under its name in the contract."""
    if observed is None:
        return NOTHING
    if item.folder is None:
        return CannotTell("the item names no folder of revision files", Cause.UPSTREAM)
    return _asked(observed.chains, item.folder)


def current_of(observed: Observed | None) -> Seen[tuple[str, ...]] | Absent | CannotTell:
    """The revisions that the database is at."""
    database = database_of(observed)
    return database.value.alembic if isinstance(database, Seen) else database


def pending_of(
    observed: Observed | None, item: Migration
) -> Seen[tuple[str, ...]] | Absent | CannotTell:
    """Revisions between the database and the heads of a folder, oldest first."""
    current, chain = current_of(observed), chain_of(observed, item)
    if not isinstance(chain, Seen):
        return chain
    if isinstance(current, CannotTell):
        return current
    at = current.value if isinstance(current, Seen) else ()
    unknown = sorted(set(at) - set(chain.value.revisions))
    if unknown:
        return CannotTell(
            f"the database is at {', '.join(unknown)}, which {chain.value.folder} does not define",
            Cause.UPSTREAM,
        )
    return Seen(pending(chain.value, at))


def _database_version(observed: Observed | None, item: Runtime) -> Seen[str] | Absent | CannotTell:
    database = database_of(observed)
    if not isinstance(database, Seen):
        return database
    if item.server:
        # Debian puts its package's version behind it: "16.11 (Debian 16.11-1.pgdg12+1)".
        return Seen(database.value.server_version.split(" ", 1)[0])
    version = database.value.catalog.extensions.get(item.extension or "")
    return Seen(version) if version else Absent(f"pg_extension has no {item.extension}")


def _asked(
    facts: Mapping[str, Seen[T] | Absent | CannotTell], key: str
) -> Seen[T] | Absent | CannotTell:
    return facts.get(key, CannotTell(f"the look did not ask for {key}", Cause.UPSTREAM))


def body_value(answer: Answer, key: str) -> str | None:
    """A top-level value of a JSON answer, as text."""
    value = answer.body.get(key) if isinstance(answer.body, Mapping) else None
    return str(value) if isinstance(value, (str, int, float)) else None
