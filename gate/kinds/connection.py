"""As whom the gate came to the database, and what that role might do there."""

from __future__ import annotations

from gate.kinds.finding import Finding
from gate.kinds.host_kind import Differences, judged
from gate.kinds.pasted import psql
from gate.kinds.scene import Scene, unknown
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import CannotTell, Seen


def connection(role: str, facts: DatabaseFacts, scene: Scene, *, only_reads: bool) -> Finding:
    """Compare whom the gate came as, and what that role may do.

    Args:
        role: Who it must be; ``*`` for any that is no superuser.
        facts: What the look answered.
        scene: Where it looked.
        only_reads: Whether the role must hold no right to write.
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
    who = "a role without superuser rights" if role == "*" else role
    only = " that has no right to write" if only_reads else ""
    return Finding(
        promised=f"reachable as {who}{only}, read-only",
        seen=f"{facts.database} as {facts.user}, PostgreSQL {facts.server_version}",
        broken=judged(broken),
        look=psql("\\du", scene),
    )


def _rights(facts: DatabaseFacts) -> Differences:
    """What the role might write."""
    if not isinstance(facts.rights, Seen):
        return [unknown(facts.rights)]
    held = facts.rights.value
    return [f"the role {facts.user} may write: {'; '.join(held)}"] if held else []
