"""What an item was at one look and is at another: one item with ``before`` and ``after``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gate.kinds.kind import Recorded

ABSENT = "absent"


def by_name(found: Iterable[Recorded]) -> dict[str, Recorded]:
    """Items by their names."""
    return {one.name: one for one in found}


def pairs(
    before: Iterable[Recorded], after: Iterable[Recorded]
) -> list[tuple[Recorded | None, Recorded | None]]:
    """What has one name at both looks, in the order of the later one; what is gone at the end."""
    old, new = by_name(before), by_name(after)
    there: list[tuple[Recorded | None, Recorded | None]] = [
        (old.get(name), one) for name, one in new.items()
    ]
    return there + [(one, None) for name, one in old.items() if name not in new]


def both(before: Recorded | None, after: Recorded | None, risk: str = "") -> Recorded:
    """One item of two: what is the same stands on it, what differs on its sides.

    Args:
        before: As it was; ``None`` where it was not there.
        after: As it is; ``None`` where it is gone.
        risk: Id of the risk that what differs guards.
    """
    more = {"risk": risk} if risk else {}
    if before is None or after is None:
        there, side = (after, "before") if before is None else (before, "after")
        if there is None:
            raise ValueError("an item is there at one look at least")
        title = there.keys["title"]
        title = title if side == "before" else f"{title}, until it goes"
        return Recorded(there.name, {"title": title, side: ABSENT, **more, **_keys(there)})
    old, new = _keys(before), _keys(after)
    same = {key: one for key, one in new.items() if key in old and old[key] == one}
    sides = {
        side: {key: one for key, one in keys.items() if key not in same}
        for side, keys in (("before", old), ("after", new))
    }
    differ = {side: keys for side, keys in sides.items() if keys}
    title = after.keys["title"]
    if differ and before.keys["title"] != title:
        title = f"{before.keys['title']}; then: {title}"
    return Recorded(after.name, {"title": title, **(more if differ else {}), **same, **differ})


def differ(one: Recorded) -> bool:
    """Whether an item says something else of the later look."""
    return "before" in one.keys or "after" in one.keys


def _keys(one: Recorded) -> Mapping[str, Any]:
    return {key: value for key, value in one.keys.items() if key != "title"}
