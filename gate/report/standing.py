"""Which item stands on which: what did not pass, because something else did not.

An item stands on another that did not pass either where

- its reason names the other by its id: a risk, a trigger, a budget say what they conclude from;
- one of its keys names the other, by the other's kind (``endpoint = "login"``) or by a key that
  others name it by (``unit = "shop.service"``), and the other, as it was seen, carries nothing,
  or is there although both are promised not to be;
- its kind says so: what the migration was to bring stands on the revision that it leads to;
- it was asked of a listener and got no answer, and that listener's port did not pass.

An item that no look has told anything of stands on nothing that is merely unknown, too, and a
broken promise stands on a broken one alone: what could not be told explains no FAIL.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pydantic

from gate.account.verdict import Line, Outcome
from gate.contract.item import Item
from gate.contract.model import Promise
from gate.kinds.registry import kinds
from gate.report.account import Account
from gate.report.facts import carries, fact_of, stands_on
from gate.report.times import asked_of
from gate.sources.fact import Seen

LONGEST = 20_000
"""Characters of a reason that are read, and of an id in it."""
LONGEST_ID = 260
DEEPEST = 4
"""Tables in tables of an item that are gone through."""
EXPLAINS: dict[Outcome, tuple[Outcome, ...]] = {
    Outcome.FAIL: (Outcome.FAIL, Outcome.WAIVED),
    Outcome.WAIVED: (Outcome.FAIL, Outcome.WAIVED),
    Outcome.INCONCLUSIVE: (Outcome.FAIL, Outcome.WAIVED, Outcome.INCONCLUSIVE),
}
"""By an item's outcome those of the items that it can stand on."""
LISTENED = {"api": "port"}
"""Sources that ask one listener, and the kind that promises it."""
END = re.compile(r"[:;,)\s]|\Z|\.(?=\s|\Z)")


def supports(account: Account, lines: Mapping[str, Line]) -> dict[str, tuple[str, ...]]:
    """What each item stands on, by id, the nearest first; empty where it stands for itself.

    Args:
        account: Where they are from.
        lines: What did not pass, by id.
    """
    promises = account.contract.promises
    named, fallen = _named(account, lines), _fallen(account, lines)
    intruders = _intruders(account, lines)
    found = {}
    for id_, line in lines.items():
        others = _told(line, lines)
        if id_ in promises:
            item = promises[id_].at(account.moment)
            keyed = (named.get(key) for key in _keys(item))
            gone = fallen | (intruders if item.absent else set())
            others += [one for one in keyed if one in gone]
            told = stands_on(promises[id_], account.scene)
            others += [one for one in told if one in lines]
            others += [one for one in _parents(item, named) if one in fallen]
            others += [one for one in _listener(promises[id_], account, named) if one in lines]
        fit = EXPLAINS.get(line.outcome, ())
        found[id_] = tuple(
            one for one in dict.fromkeys(others) if one != id_ and lines[one].outcome in fit
        )
    return found


def _told(line: Line, lines: Mapping[str, Line]) -> list[str]:
    """The ids that a reason names; its own does not count."""
    text, found = line.reason[:LONGEST], []
    for match in _kind_dot().finditer(text):
        start = match.start()
        piece = text[start : start + LONGEST_ID]
        ends = [end.start() for end in END.finditer(piece)]
        name = next((piece[:end] for end in reversed(ends) if piece[:end] in lines), None)
        if name is not None:
            found.append(name)
    return found


@functools.cache
def _kind_dot() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, kinds()))})\.")


def _named(account: Account, lines: Mapping[str, Line]) -> dict[tuple[str, str], str]:
    """What did not pass, by the keys and values that others name it by."""
    found: dict[tuple[str, str], str] = {}
    for id_ in lines:
        promise = account.contract.promises.get(id_)
        if promise is None:
            continue
        item, by = promise.at(account.moment), kinds()[promise.kind].named_by
        found.setdefault((promise.kind, promise.name), id_)
        for key in (promise.kind, *by[:1]):
            own = getattr(item, key, None)
            if isinstance(own, (str, int)) and not isinstance(own, bool):
                for other in (key, *by):
                    found.setdefault((other, str(own)), id_)
    return found


def _fallen(account: Account, lines: Mapping[str, Line]) -> set[str]:
    """What carries nothing any more, as it was seen."""
    promises = account.contract.promises
    return {id_ for id_ in lines if id_ in promises and not carries(promises[id_], account.scene)}


def _intruders(account: Account, lines: Mapping[str, Line]) -> set[str]:
    """What is promised not to be there, and was seen."""
    promises, scene = account.contract.promises, account.scene
    return {
        id_
        for id_ in lines
        if id_ in promises
        and promises[id_].at(account.moment).absent
        and isinstance(fact_of(promises[id_], scene), Seen)
    }


def _keys(item: Item) -> Iterator[tuple[str, str]]:
    """Every key of an item that says a word or a number, at any depth."""
    given = {key: value for key, value in item if key not in item.WORDS}
    yield from _inside(given, DEEPEST)


def _inside(value: Any, deep: int) -> Iterator[tuple[str, str]]:
    pairs: Iterable[tuple[Any, Any]]
    if isinstance(value, pydantic.BaseModel):
        pairs = value
    elif isinstance(value, Mapping):
        pairs = value.items()
    else:
        return
    for key, one in pairs:
        for each in one if isinstance(one, (tuple, list)) else (one,):
            if isinstance(each, (str, int)) and not isinstance(each, bool):
                yield str(key), str(each)
            elif deep and each is not None:
                yield from _inside(each, deep - 1)


def _parents(item: Item, named: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """What is promised of the folders that a path is in, the nearest first."""
    path = getattr(item, "path", None)
    while isinstance(path, str) and "/" in path[1:]:
        path = path.rpartition("/")[0]
        if ("path", path) in named:
            yield named["path", path]


def _listener(
    promise: Promise, account: Account, named: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    """The port where a source was asked that did not answer."""
    if isinstance(fact_of(promise, account.scene), Seen):
        return
    for source, kind in LISTENED.items():
        if source in asked_of(promise, account):
            number = port_of(account)
            own = number - account.target.port_offset if number else None
            if (kind, str(own)) in named:
                yield named[kind, str(own)]


def port_of(account: Account) -> int | None:
    """The port that the API is asked at; ``None`` where there is none."""
    api = account.scene.observed.api
    try:
        parts = urlsplit(api.value.base if isinstance(api, Seen) else account.target.api.base)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
