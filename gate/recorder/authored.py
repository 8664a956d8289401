"""What a person wrote of an item that is recorded again: no look tells it, none takes it away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gate.contract.item import Item
from gate.contract.model import Contract, Promise
from gate.recorder.drafts import MOMENT

STAYS = ("risk", "note")
"""Said of the thing, whatever it is like."""
AS_LONG = ("title", "source")
"""Said of what it is like: they stay as long as that is so."""
OURS = "recorded from "
"""How the source of an item begins that nobody has written."""


def words_of(contract: Contract, one: Promise) -> dict[str, Any]:
    """What the contract says of an item beside its state; nothing where it has none of this id.

    Args:
        contract: As it was before anything was recorded.
        one: The item as it is recorded now.
    """
    known = contract.promises.get(one.id)
    if known is None or MOMENT not in known.moments:
        return {}
    was, now = known.at(MOMENT), one.at(MOMENT)
    keys = STAYS if was.source.startswith(OURS) or _state(was) != _state(now) else STAYS + AS_LONG
    said = was.model_dump(mode="json", exclude_defaults=True)
    return {key: said[key] for key in keys if key in said}


def risks_of(contract: Contract, items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The contract's own risks that some items name, by their ids, each as it is written there.

    Args:
        contract: With the risks.
        items: What is written, by anything.
    """
    named = {one for item in items for one in item.get("risk", ())}
    found = {}
    for id_, promise in contract.promises.items():
        if id_ in named:
            said = promise.before.model_dump(mode="json", exclude_defaults=True)
            found[id_] = {key: said.pop(key) for key in ("title", "source")} | said
    return found


def _state(item: Item) -> Mapping[str, Any]:
    return item.model_dump(mode="json", exclude=set(item.WORDS))
