"""The fact behind an item, as far as a page has room for it; whole it is in ``observed.json``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
EMPTY: tuple[object, ...] = (None, "", (), {})


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


def excerpt(value: Any) -> Any:
    """A fact as JSON-ready data, long texts and lists cut: whatever its size, this is small."""
    return _excerpt(value, [NODES])


def _excerpt(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if isinstance(value, str):
        text = value if len(value) <= TEXT else value[:TEXT] + CUT
        return text.encode("utf-8", "replace").decode()  # a lone surrogate is no JSON
    if isinstance(value, pydantic.BaseModel):
        value = {key: one for key, one in value if one not in EMPTY}
    elif type(value) in FACTS:
        value = vars(value)
    if isinstance(value, Mapping):
        found = {}
        for number, (key, one) in enumerate(value.items()):
            if number >= LISTED or left[0] <= 0:
                found["…"] = f"{len(value) - number} more"
                break
            found[str(key)[:TEXT]] = _excerpt(one, left)
        return found
    if isinstance(value, (list, tuple, set, frozenset)):
        shown: list[Any] = []
        for number, one in enumerate(value):
            if number >= LISTED or left[0] <= 0:
                shown.append(f"… {len(value) - number} more")
                break
            shown.append(_excerpt(one, left))
        return shown
    return value
