"""What a contract says already of a thing that is recorded: its name, and what no look tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gate.kinds.kind import DISCOVERED, Recorded
from gate.kinds.scene import Scene


def again(
    found: Recorded, scene: Scene, kind: str, subject: Collection[str], kept: Collection[str]
) -> Recorded:
    """The item under the name and title that the contract has for it; as found where it has none.

    Args:
        found: What was found.
        scene: With the contract.
        kind: Its kind.
        subject: The keys that say what it is about, such as ``unit``.
        kept: Keys that stay as the contract has them: a look tells nothing of them.
    """
    for promise in scene.contract.at(scene.moment):
        item = promise.at(scene.moment)
        if promise.kind != kind or item.source == DISCOVERED:
            continue
        said: Mapping[str, Any] = item.model_dump(mode="json", exclude_defaults=True)
        if all(said.get(key) == found.keys.get(key) for key in subject):
            own = {key: said[key] for key in kept if key in said}
            return Recorded(promise.name, {**found.keys, **own, "title": item.title})
    return found
