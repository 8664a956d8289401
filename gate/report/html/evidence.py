"""The fact behind an item, as far as a page has room for it; whole it is in ``observed.json``."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import Any

import pydantic
from pydantic_core import to_json

from gate.contract.model import Promise
from gate.kinds.scene import Scene
from gate.report.facts import fact_of
from gate.report.text import printable
from gate.sources.fact import Absent, CannotTell, Seen

OF_BROKEN, OF_OTHERS = 6000, 1500
"""Characters of evidence of an item that did not pass, and of one that did."""
WHOLE_PAGE = 3_000_000
"""Characters of all evidence on a page; what did not pass is shown beyond that, too."""
TEXT, LISTED, NODES = 1500, 40, 300
"""Characters of a text, members of a list, and members of everything, that are shown."""
CUT = "… (cut here; whole in observed.json)"


FACTS = (Seen, Absent, CannotTell)
PLAIN = frozenset((int, float, bool, type(None), dt.datetime))
"""Types of most values; asking a class of pydantic's what is an instance of it takes longer."""
CAN_BE_EMPTY = frozenset((str, tuple, dict))


@dataclasses.dataclass
class Evidence:
    """What of the evidence was shown already."""

    scene: Scene
    used: int = 0

    def of(self, promise: Promise, *, broken: bool) -> str:
        """The evidence of an item as HTML, folded; empty where it has none of its own."""
        if self.used > WHOLE_PAGE and not broken:
            return ""
        fact = fact_of(promise, self.scene)
        if fact is None:
            return ""
        most = OF_BROKEN if broken else OF_OTHERS
        text = to_json(excerpt(fact), indent=1, fallback=str).decode("utf-8", "replace")
        text = text if len(text) <= most else text[:most] + CUT
        self.used += len(text)
        id_ = escape(f"evidence-{promise.id}")
        return (
            f'<details class="evidence" id="{id_}"><summary>Evidence: what the look found'
            f'</summary><pre tabindex="0">{escape(printable(text))}</pre></details>'
        )


def _is_empty(value: object) -> bool:
    return value is None or (type(value) in CAN_BE_EMPTY and not value)


def excerpt(value: Any) -> Any:
    """A fact as JSON-ready data, long texts and lists cut: whatever its size, this is small."""
    return _excerpt(value, [NODES])


def _excerpt(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if type(value) in PLAIN:
        return value
    if isinstance(value, str):
        text = value if len(value) <= TEXT else value[:TEXT] + CUT
        return text.encode("utf-8", "replace").decode()  # a lone surrogate is no JSON
    if type(value) in FACTS:
        value = vars(value)
    elif isinstance(value, pydantic.BaseModel):
        value = {key: one for key, one in value if not _is_empty(one)}
    if isinstance(value, Mapping):
        return _mapped(value, left)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [*_listed(value, left)]
    return value


def _mapped(value: Mapping[Any, Any], left: list[int]) -> dict[str, Any]:
    found = {}
    for number, (key, one) in enumerate(value.items()):
        if number >= LISTED or left[0] <= 0:
            found["…"] = f"{len(value) - number} more"
            break
        found[str(key)[:TEXT]] = _excerpt(one, left)
    return found


def _listed(value: Collection[Any], left: list[int]) -> Iterator[Any]:
    for number, one in enumerate(value):
        if number >= LISTED or left[0] <= 0:
            yield f"… {len(value) - number} more"
            return
        yield _excerpt(one, left)
