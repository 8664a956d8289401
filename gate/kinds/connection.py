"""As whom the gate came to the database, and what that role might do there."""

from __future__ import annotations

from gate.kinds.finding import Finding
from gate.kinds.host_kind import Differences, judged
from gate.kinds.pasted import psql
from gate.kinds.scene import Scene, unknown
from gate.sources.database.facts import UNASKED, DatabaseFacts
from gate.sources.fact import CannotTell, Seen

NOTHING = ": nothing can be written to it"


def connection(
    role: str, facts: DatabaseFacts, scene: Scene, *, only_reads: bool, standby: bool
) -> Finding:
    """Compare whom the gate came as, and what that role may do.

    Args:
        role: Who it must be; ``*`` for any that is no superuser.
        facts: What the look answered.
        scene: Where it looked.
        only_reads: Whether the role must hold no right to write.
        standby: Whether the server must be one; else it must take what is written.
    """
    broken: list[str | CannotTell] = []
    if facts.superuser:
        broken.append(f"the gate came as superuser {facts.user}: give it a role that can only read")
    if role not in ("*", facts.user):
        broken.append(f"the gate came as {facts.user}")
    if not facts.read_only:
        broken.append("the session could have written")
    if only_reads:
        broken += _rights(facts)
    broken += _written(facts, standby=standby)
    who = "a role without superuser rights" if role == "*" else role
    only = " that has no right to write" if only_reads else ""
    return Finding(
        promised=f"reachable as {who}{only}, read-only" + (", on a standby" if standby else ""),
        seen=f"{facts.database} as {facts.user}, PostgreSQL {facts.server_version}"
        + (", a standby" if facts.in_recovery else ""),
        broken=judged(broken),
        look=psql("\\du", scene),
    )


def _written(facts: DatabaseFacts, *, standby: bool) -> Differences:
    """Why nobody can write to it, where somebody has to; the other way round on a standby."""
    if standby:
        return [] if facts.in_recovery else ["the server is no standby"]
    if facts.in_recovery:
        return [f"the server is a standby or recovers{NOTHING}"]
    by = facts.read_only_by
    if isinstance(by, Seen) and by.value:
        return [f"default_transaction_read_only is on ({by.value}){NOTHING}"]
    return [by] if isinstance(by, CannotTell) and by != UNASKED else []


def _rights(facts: DatabaseFacts) -> Differences:
    """What the role might write."""
    if not isinstance(facts.rights, Seen):
        return [unknown(facts.rights)]
    held = facts.rights.value
    return [f"the role {facts.user} may write: {'; '.join(held)}"] if held else []
