"""A target's own words back in those of a contract: the other way round than `Target` does it."""

from __future__ import annotations

from gate.target import Target


def path_of(target: Target, path: str) -> str | None:
    """A path of the host as a contract says it; ``None`` where it lies outside of the target."""
    if not target.prefix:
        return path
    below = path.removeprefix(target.prefix)
    return below if below != path and below.startswith("/") else None


def user_of(target: Target, name: str) -> str | None:
    """A user of the host as a contract calls him; ``None`` where it has no word for him."""
    called = next((one for one, is_ in target.users.items() if is_ == name), name)
    return called if target.user(called) == name else None


def is_whole(target: Target) -> bool:
    """Whether the target is the whole host, and not a folder of it beside others."""
    return not target.prefix and not target.port_offset
