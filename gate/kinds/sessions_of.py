"""A unit's database sessions: the host's sockets and the server's own list, put together.

For any kind that wants to know whether a unit is connected: ask ``questions_of(unit)``, and find
them with ``sessions_of(unit, scene)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gate.errors import ObservationError
from gate.kinds.scene import Scene
from gate.sources.database.questions import AskSessions
from gate.sources.database.sessions import SessionFacts, Sessions
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen, known, require
from gate.sources.host.connections import CONNECTIONS, Connection, Connections
from gate.sources.host.facts import Listener
from gate.sources.host.probe import AskProbe

YOUNG_S = 60.0
"""For so long, in seconds, nobody may have asked a server yet for what needs a session."""
NOT_ASKED = CannotTell("who is connected was not asked for in this look", Cause.UPSTREAM)
POOLERS = ("pgbouncer", "pgpool", "odyssey", "pgcat", "haproxy", "pgagroal", "docker-proxy")
POOLED = (6432, 6543, 9999, *range(5432, 5440))
"""Ports that PostgreSQL and what stands in front of it listen on by habit."""


def questions_of(unit: str) -> Iterable[object]:
    """What host and database have to be asked."""
    return [AskProbe(CONNECTIONS, unit), AskSessions()]


def sessions_of(unit: str, scene: Scene) -> tuple[SessionFacts, ...]:
    """The sessions of a unit's own processes, of all of them; none where it has none.

    Raises:
        ObservationError: It cannot be told, such as for a role that may not see sessions, a pooler
            in between, or connections that changed while they were looked at.
    """
    connections = known(scene.probed(CONNECTIONS, unit))
    sessions = require(scene.database.sessions or NOT_ASKED, "sessions")
    if isinstance(connections, Absent) or not connections.pids:
        return ()
    found = tuple(one for one in sessions.found if _is_of(one, connections.found))
    why = obstacle(unit, connections, sessions, scene.database.user) if not found else ""
    if found and connections.hidden:
        why = f"(upstream): {unit}: {connections.hidden}: some of its sessions may be among them"
    if any(one.hidden for one in found):
        why = _no_right(scene.database.user)
    if why:
        raise ObservationError(f"cannot tell {why}")
    return found


def nobody(unit: str, scene: Scene) -> str:
    """What is said of a unit without a session: what else is connected."""
    connections = known(scene.probed(CONNECTIONS, unit))
    if isinstance(connections, Absent):
        return f"no session of {unit}: {connections.proof}"
    sessions = require(scene.database.sessions or NOT_ASKED, "sessions").found
    roles: dict[str, list[SessionFacts]] = {}
    for one in sessions:
        roles.setdefault(one.role or "unknown", []).append(one)
    others = [f"{_number(of)} of role {role} from {_places(of)}" for role, of in roles.items()]
    where = ", ".join(dict.fromkeys(f"{one.peer}:{one.peer_port}" for one in connections.found))
    leads = f"; it is connected to {where[:200]}" if where else "; it is connected to nothing"
    pids = f"{len(connections.pids)} processes, {connections.state}"
    return f"no session of {unit} ({pids}); {'; '.join(others[:5]) or 'nobody is connected'}{leads}"


def young(unit: str, scene: Scene) -> str:
    """Why a unit may open more sessions yet; empty where it should have them.

    A server's pool is filled by the first requests, and some of the gate's own are sent behind the
    look: right after its start nobody can tell what it will do. A worker asks by itself.
    """
    connections, host = known(scene.probed(CONNECTIONS, unit)), scene.host
    fact = host.units.get(unit)
    if isinstance(connections, Absent) or not connections.pids or not isinstance(fact, Seen):
        return ""
    if fact.value.started is None:
        return ""
    age_s = max(0.0, (host.identity.clock - fact.value.started).total_seconds())
    serves = _serves({unit, fact.value.id}, host.listeners, connections.hears)
    if age_s >= YOUNG_S or not serves:
        return ""
    return (
        f"(upstream): {unit} was started {age_s:.0f} s ago, and {serves}: a server may open its "
        f"sessions with the first request that needs one; look again"
    )


def _serves(names: set[str], listeners: Fact[tuple[Listener, ...]], hears: Sequence[str]) -> str:
    """What is known of where a unit listens; empty where it does not."""
    if hears:
        return f"listens on {', '.join(hears)}"
    if not isinstance(listeners, Seen):
        return "whether it listens is not told"
    ports = sorted(
        {
            one.port
            for one in listeners.value
            if isinstance(one.units, Seen) and names.intersection(one.units.value)
        }
    )
    return f"listens on {', '.join(map(str, ports[:3]))}" if ports else ""


def _number(sessions: Sequence[SessionFacts]) -> str:
    names = sorted({one.application for one in sessions if one.application})
    unnamed = sum(not one.application for one in sessions)
    words = [f"{unnamed} unnamed ones"] if unnamed else []
    words += [f"{len(sessions) - unnamed} named {', '.join(names[:3])}"] if names else []
    return " and ".join(words)


def _places(sessions: Sequence[SessionFacts]) -> str:
    places = [
        f"{one.address}:{one.port}" if one.address else "a Unix socket or unknown"
        for one in sessions
    ]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""  # noqa: PLR2004 - in short
    return ", ".join(places[:3]) + more


def _is_of(session: SessionFacts, connections: Iterable[Connection]) -> bool:
    """By address and port; through a Unix socket by the server's process at its other end."""
    return any(
        session.pid in one.peer_pids
        if one.port < 0
        else (session.address, session.port) == (one.address, one.port)
        for one in connections
    )


def obstacle(unit: str, own: Connections, sessions: Sessions, user: str) -> str:
    """Why no session matches although there may be one; empty where there is none."""
    if any(one.hidden for one in sessions.found):
        return _no_right(user)
    if own.hidden:
        return f"(permission): {unit}: {own.hidden}: look as root, or with sudo"
    if own.unseen and any(not one.address for one in sessions.found):
        return (
            f"(permission): {unit}: there are sessions through a Unix socket, and what its "
            f"processes hold open is not shown: look as root, or with sudo"
        )
    found = (_in_between(unit, one, sessions.ports) for one in own.found)
    return next(filter(None, found), "")


def _no_right(user: str) -> str:
    grant = f'GRANT pg_monitor TO "{user}" (or pg_read_all_stats)'
    return f"(permission): the role {user} may not see what sessions of others do: {grant}"


def _in_between(unit: str, one: Connection, ports: Sequence[int]) -> str:
    """What may stand between a unit's connection and the server."""
    where = f"{one.peer}:{one.peer_port}" if one.port >= 0 else one.peer
    is_socket = one.port < 0 and ".s.PGSQL." in one.peer
    if is_socket and not one.peer_pids:
        return f"(permission): {unit}: whose socket {where} is, is not shown without rights"
    if one.peer_name in POOLERS:
        return f"(upstream): {unit} is connected to {one.peer_name} on {where}, a pooler"
    if one.port >= 0 and one.peer_port in ports:
        return (
            f"(upstream): {unit} is connected to {where} from port {one.port}, of which the "
            f"server knows nothing: an address is translated in between, it is another server "
            f"or database, or the connection is one of many short ones; look again"
        )
    if is_socket or one.peer_port in POOLED:
        return f"(upstream): {unit} is connected to {where}: a pooler, another server or database"
    return ""
