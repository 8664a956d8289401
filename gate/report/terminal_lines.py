"""Lines for a terminal: folded to its width, coloured where it has colours, ASCII but for data."""

from __future__ import annotations

import dataclasses
import shlex
import textwrap
from collections.abc import Iterable, Sequence

from gate.account.verdict import Line, Outcome
from gate.report.account import Account, source_of
from gate.report.places import place_of, told
from gate.report.reasons import compact
from gate.report.text import line as one_line
from gate.report.text import printable

ID_LINES = 3
"""Of a long list of ids, so many lines are shown; the files hold them all."""
LABEL = 9
"""Columns of what stands before a line of an item."""
COLOUR = {
    Outcome.PASS: "32",
    Outcome.WARN: "33",
    Outcome.WAIVED: "36",
    Outcome.FAIL: "31;1",
    Outcome.INCONCLUSIVE: "35;1",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """What a summary is told of, and on what.

    Attributes:
        account: What is told.
        columns: Of the terminal.
        colour: Whether it has colours.
    """

    account: Account
    columns: int
    colour: bool

    def item(self, line: Line, because: str = "") -> list[str]:
        """An item whole: promised, seen, why, of whose making, who says so, and how to look."""
        head = self.painted(line.outcome.value, COLOUR[line.outcome])
        room = self.columns - len(line.outcome.value) - len(line.id) - 3
        lines = [f"{head} {line.id}: {cut(line.title, max(20, room))}"]
        for name in ("promised", "seen", "reason"):
            text = one_line(getattr(line, name))
            if text and not (name == "reason" and text == one_line(line.seen)):
                lines += self.labelled(name, text)
        lines += self.labelled("because", because)
        return [*lines, *self.labelled("source", self._source(line)), *self.look([line])]

    def look(self, lines: Sequence[Line]) -> list[str]:
        """The first command to look oneself, in one piece: it is there to be copied."""
        looks = [one.look for one in lines if one.look]
        broken = (one for one in lines if one.outcome is Outcome.FAIL)
        looks += [look_at_promise(one, self.account) for one in broken]
        first, *rest = printable(looks[0] if looks else "").strip().splitlines() or [""]
        return [f"  {'look':<{LABEL}} {first}", *rest] if first else []

    def labelled(self, label: str, text: str) -> list[str]:
        """A text behind its label; nothing where there is none."""
        return self.folded(f"  {label:<{LABEL}} ", text) if text else []

    def ids(self, ids: Iterable[str], head: str = "  ") -> list[str]:
        """Ids with their kinds said once; of many only the first."""
        names = list(ids)
        lines = self.folded(head, compact(names)) if names else []
        if len(lines) <= ID_LINES:
            return lines
        return [*lines[:ID_LINES], f"  ... {len(names)} in all; report.html names each of them"]

    def by_outcome(self, label: str, lines: Sequence[Line]) -> list[str]:
        """Ids behind a label, those that ended alike together."""
        found: list[str] = []
        for outcome in dict.fromkeys(one.outcome for one in lines):
            head = f"  {label:<{LABEL}} {outcome.value} "
            found += self.ids([one.id for one in lines if one.outcome is outcome], head)
        return found

    def folded(self, head: str, text: str, indent: int | None = None) -> list[str]:
        """Fold a text behind a head; what has no blank to fold at is left whole, to be copied."""
        return textwrap.wrap(
            text,
            self.columns,
            initial_indent=head,
            subsequent_indent=" " * (len(head) if indent is None else indent),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def headed(self, outcome: Outcome, text: str) -> list[str]:
        """A text behind an outcome."""
        head = outcome.value
        first, *rest = self.folded(f"{head} ", text, indent=2)
        return [self.painted(head, COLOUR[outcome]) + first[len(head) :], *rest]

    def painted(self, text: str, code: str) -> str:
        """The text in a colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def _source(self, line: Line) -> str:
        account = self.account
        promise = account.contract.promises.get(line.id)
        place = told(place_of(promise, account.contract)) if promise else ""
        source = one_line(source_of(account.contract, line.id, account.moment))
        return f"{source} ({place})" if source and place else source or place


def look_at_promise(line: Line, account: Account) -> str:
    """A command that prints an item's table of the contract; empty where it is not found."""
    promise = account.contract.promises.get(line.id)
    file, number = place_of(promise, account.contract) if promise else ("", 0)
    return f"sed -n '{number},/^$/p' {shlex.quote(file)}" if file else ""


def cut(text: str, limit: int) -> str:
    """The text as one line of at most so many characters, a cut marked by three dots."""
    whole = one_line(text)
    return whole if len(whole) <= limit else whole[: limit - 3].rstrip() + "..."
