"""What is told of one item: the promise beside what was seen and what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gate.account.verdict import Line, Outcome
from gate.report.account import Account, lines_by_id, source_of
from gate.report.causes import own_reason
from gate.report.facts import fact_of, state_of
from gate.report.html.parts import badge, excerpt, said
from gate.report.places import place_of
from gate.report.places import told as place_told
from gate.report.story import UNTOLD
from gate.sources.fact import CannotTell

BESIDE, IN_ROWS = 1200, 4000
"""Characters that are shown of words beside one another, and of those in rows."""
NOT_SEEN = "could not be seen"


class Teller:
    """Tells of the items of one account, beside the earlier moments of its deployment."""

    def __init__(self, account: Account, earlier: list[Account]) -> None:
        """Take up what is looked up again and again."""
        self._account = account
        self._earlier = [(one, lines_by_id(one.verdict)) for one in earlier]

    def beside(self, line: Line) -> str:
        """Promised, seen, and before, as far as each is known and says something of its own."""
        seen = line.seen or (NOT_SEEN if line.outcome is Outcome.INCONCLUSIVE else "")
        cells = [("Promised", excerpt(line.promised, BESIDE), "")]
        cells += [("Seen", excerpt(seen, BESIDE), "seen")]
        cells += [(head, text, "") for head, text in self._before(line)]
        body = "".join(
            f'<div class="{name}"><dt>{head}</dt><dd>{text}</dd></div>'
            if name
            else f"<div><dt>{head}</dt><dd>{text}</dd></div>"
            for head, text, name in cells
            if text
        )
        return f'<dl class="beside">{body}</dl>' if body else ""

    def _before(self, line: Line) -> Iterator[tuple[str, str]]:
        names = {"predeploy": "Before", "postdeploy": "After the deployment"}
        for account, lines in self._earlier:
            if account.verdict is UNTOLD:
                seen = self._state(line.id, account)
                outcome = None
            else:
                old = lines.get(line.id)
                seen = (old.seen or own_reason(old)) if old else ""
                outcome = old.outcome if old else None
            if not seen:
                continue
            words = seen.split()
            if words == line.seen.split():
                text = "the same as now"
            elif words == line.promised.split():
                text = "as is promised now"
            else:
                text = seen
            mark = f" {badge(outcome)}" if outcome not in (None, Outcome.PASS) else ""
            yield names.get(account.moment, account.moment), excerpt(text, BESIDE) + mark

    def _state(self, id_: str, account: Account) -> str:
        promise = account.contract.promises.get(id_)
        state = state_of(promise, account.scene) if promise else None
        return "" if state is None or isinstance(state, CannotTell) else state.text

    def evidence_of(self, line: Line) -> str:
        """The id of what was found of an item; the item's own where there is no fact behind it."""
        promise = self._account.contract.promises.get(line.id)
        fact = fact_of(promise, self._account.scene) if promise else None
        return line.id if fact is None else f"evidence-{line.id}"

    def why(self, line: Line) -> str:
        """Why it did not pass, where what was seen does not say just that already."""
        if line.outcome is Outcome.PASS or not line.reason:
            return ""
        reason = own_reason(line)
        return "" if reason.split() == line.seen.split() else reason

    def rows(self, line: Line) -> str:
        """Everything else: why, how to look oneself, who promised it and where that is written."""
        account = self._account
        promise = account.contract.promises.get(line.id)
        item = promise.at(account.moment) if promise else None
        place = place_told(place_of(promise, account.contract)) if promise else ""
        found = [
            ("Why", excerpt(self.why(line), IN_ROWS)),
            ("Look oneself", f"<code>{said(line.look)}</code>" if line.look else ""),
            ("Promised by", escape(source_of(account.contract, line.id, account.moment))),
            ("Written in", f"<code>{escape(place)}</code>" if place else ""),
            ("Guards", escape(", ".join(item.risk)) if item else ""),
            ("Note", escape(item.note) if item else ""),
            ("Differs here", escape("; ".join(promise.differs)) if promise else ""),
        ]
        body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in found if value)
        return f'<dl class="rows">{body}</dl>' if body else ""
