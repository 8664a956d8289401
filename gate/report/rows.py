"""One item of one moment as documents tell it: finished cells, its mark, and what was promised."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from gate.account.verdict import Line, Outcome
from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.kinds.kind import Found
from gate.kinds.scene import Scene
from gate.report.account import Account, lines_by_id
from gate.report.facts import cells_of, fact_of
from gate.report.marks import UNKNOWN, mark, marked, unknown, verdict_mark, why
from gate.report.text import cell, markdown, short
from gate.sources.fact import Absent, CannotTell, Seen

WIDEST = 300
"""Characters of a cell."""


class Unknown(Markup):
    """A finished cell that says why something could not be told."""

    __slots__ = ()


class Row:
    """One item at one moment.

    What is `Markup` is finished Markdown. Raw words of the contract are in `item`, `before` and
    `after`, by the names of the model's fields.
    """

    def __init__(self, promise: Promise, moment: Moment, line: Line | None, scene: Scene) -> None:
        """Take an item up; what was seen of it is found when it is asked for.

        Args:
            promise: The item.
            moment: The side of it.
            line: How it ended; ``None`` where it was not accounted for at this moment.
            scene: What was seen.
        """
        self._promise, self._moment = promise, moment
        self._line, self._scene = line, scene
        self._told = False

    @property
    def id(self) -> str:
        """``kind.name``."""
        self._told = True
        return self._promise.id

    @property
    def name(self) -> str:
        """The id without its kind."""
        self._told = True
        return self._promise.name

    @property
    def plain_id(self) -> str:
        """Its id, to find it by."""
        return self._promise.id

    @property
    def plain_name(self) -> str:
        """Its name, to find it by: with that it is not told yet."""
        return self._promise.name

    @property
    def title(self) -> str:
        """The promise as a sentence."""
        self._told = True
        return self._promise.at(self._moment).title

    @property
    def kind(self) -> str:
        """Its kind's name."""
        return self._promise.kind

    @property
    def chapter(self) -> str:
        """Its chapter."""
        return self._promise.chapter

    @functools.cached_property
    def item(self) -> types.SimpleNamespace:
        """What is promised at this moment."""
        return _plain(self._promise.at(self._moment))

    @functools.cached_property
    def before(self) -> types.SimpleNamespace:
        """What is promised before the deployment."""
        return _plain(self._promise.before)

    @functools.cached_property
    def after(self) -> types.SimpleNamespace:
        """What is promised after it."""
        return _plain(self._promise.after)

    @functools.cached_property
    def _fact(self) -> Found:
        return fact_of(self._promise, self._scene)

    @property
    def state(self) -> str:
        """``seen``, ``absent`` or ``cannot tell``; empty where there is no fact of its own."""
        return "" if self._fact is None else self._fact.fact

    @property
    def reason(self) -> Markup:
        """Why it could not be told, or what proves that it is not there."""
        fact = self._fact
        text = fact.reason if isinstance(fact, CannotTell) else ""
        return Markup(markdown(short(fact.proof if isinstance(fact, Absent) else text)))  # noqa: S704 - escaped

    @property
    def listed(self) -> bool:
        """Whether it is promised to be there, or is there all the same."""
        return not self._promise.at(self._moment).absent or isinstance(self._fact, Seen)

    @property
    def outcome(self) -> str:
        """``PASS``, ``FAIL``, ...; empty where it was not accounted for."""
        return self._line.outcome.value if self._line else ""

    @property
    def held(self) -> bool:
        """Whether it passed, and what was seen of it is there to be told."""
        return self.outcome == Outcome.PASS.value and not isinstance(self._fact, CannotTell)

    @property
    def mark(self) -> str:
        """The mark of its outcome, which is one of success only where it is held."""
        passed = self.outcome == Outcome.PASS.value
        return UNKNOWN if passed and not self.held else mark(self._line)

    @property
    def why(self) -> Markup:
        """Why it did not pass, in a few words."""
        return Markup(why(self._line))  # noqa: S704 - escaped

    @functools.cached_property
    def _columns(self) -> Mapping[str, Markup]:
        found = cells_of(self._promise, self._scene).items()
        return {name: _cell(value) for name, value in found}

    @property
    def cells(self) -> Mapping[str, Markup]:
        """Its columns by heading, as its kind has them; ``-`` where there is nothing to say."""
        self._told = True
        return self._columns

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings of its cells."""
        return tuple(self._columns)

    @property
    def verdict(self) -> Markup:
        """Its mark, and why where it is not held."""
        self._told = True
        return Markup(verdict_mark(self._line, was_seen=isinstance(self._fact, Seen)))  # noqa: S704 - escaped

    def marked(self, text: str) -> Markup:
        """A cell that shows what was seen, with the mark behind it where it did not pass.

        Nothing but that and why it could not be seen, where that is so.
        """
        if isinstance(self._fact, CannotTell):
            return Markup(unknown(self._fact))  # noqa: S704 - escaped
        if isinstance(text, Unknown):
            return text
        return Markup(marked(_finished(text), self._line))  # noqa: S704 - escaped

    def noted(self, text: str) -> Markup:
        """A cell that shows what is promised, with the mark behind it where that is not held."""
        if isinstance(self._fact, CannotTell):
            return Markup(f"{_finished(text)} {unknown(self._fact)}")  # noqa: S704 - escaped
        return self.marked(text)

    @property
    def _untold(self) -> bool:
        return self.listed and not self._told


def rows_of(account: Account, *, every: bool = False) -> list[Row]:
    """The items of an account in the contract's order.

    Args:
        account: Where they are from.
        every: Those too that are not accounted for at this moment.
    """
    contract, moment = account.contract, account.moment
    lines, scene = lines_by_id(account.verdict), account.scene
    found = contract.promises.values() if every else contract.at(moment)
    return [Row(one, moment, lines.get(one.id), scene) for one in found]


def untold(rows: Iterable[Row]) -> list[Row]:
    """Rows of which nothing was told yet, but for what is promised not to be there, and is not."""
    return [one for one in rows if one._untold]  # noqa: SLF001 - templates must not see it


def _plain(item: Item) -> types.SimpleNamespace:
    return types.SimpleNamespace(**vars(item))


def _cell(value: str | CannotTell) -> Markup:
    if isinstance(value, CannotTell):
        return Unknown(unknown(value))
    return Markup(cell(value, WIDEST))  # noqa: S704 - escaped


def _finished(text: str) -> str:
    return text if isinstance(text, Markup) else markdown(text)
