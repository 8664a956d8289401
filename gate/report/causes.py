"""What did not pass, by cause: one worker that stopped is one block, whatever it takes with it.

The rule, which `gate.report.standing` spells out: an item that stands on another that did not pass
follows from it; what stands on nothing is a cause. Causes whose reason is the same words but for
their own names are one where nothing could be seen of them, or where one API answered them all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from gate.account.verdict import Line, Outcome
from gate.kinds.kind import Severity
from gate.report.account import ORDER, Account
from gate.report.allure import RANK, severity
from gate.report.facts import fact_of
from gate.report.reasons import NO_REASON
from gate.report.standing import LISTENED, supports
from gate.report.text import obstacle
from gate.report.times import asked_of
from gate.sources.fact import Seen

STANDS = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WAIVED)
"""What has a cause; a warning stands for itself."""


@dataclasses.dataclass(frozen=True)
class Block:
    """One cause, and everything that comes of it.

    Attributes:
        cause: Items that stand on nothing else; more than one where their reason is the same.
        follows: Items that stand on them, the nearest first; each is in one block only.
        also: Items of other blocks that follow from this one as well.
        reason: Why, without the cause's own name.
    """

    cause: tuple[Line, ...]
    follows: tuple[Line, ...]
    also: tuple[Line, ...]
    reason: str

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every item of the block."""
        return (*self.cause, *self.follows)

    @property
    def outcome(self) -> Outcome:
        """The worst of its items."""
        return min((one.outcome for one in self.lines), key=ORDER.index)


def own_reason(line: Line) -> str:
    """Why an item did not pass, without its own name in front."""
    return obstacle(line.reason.removeprefix(f"{line.id}: ")) or NO_REASON


def worst_first(account: Account) -> list[tuple[Line, Severity]]:
    """The lines that did not pass: by outcome, then by severity, then in the contract's order."""
    found = [
        (line, severity(account.contract.promises[line.id], account.moment, account.contract))
        for line in account.verdict.lines
        if line.outcome is not Outcome.PASS
    ]
    return sorted(found, key=lambda one: (ORDER.index(one[0].outcome), RANK.index(one[1])))


def blocks(account: Account) -> list[Block]:
    """Everything that did not pass and is no mere warning, each item in exactly one block.

    Returns:
        The blocks: those with a broken promise first, then by the severity of their causes. What
        was not run at all is not among them: no cause is known of that.
    """
    return account.once(_blocks)


def _blocks(account: Account) -> list[Block]:
    not_run = set(account.verdict.not_run)
    lines = {
        one.id: one
        for one, _ in worst_first(account)
        if one.outcome in STANDS and one.id not in not_run
    }
    stands_on = supports(account, lines)
    heads = _heads(lines, stands_on)
    groups = _groups(account, [one for one in lines if heads[one] == (one,)], lines)
    home = {id_: name for name, ids in groups.items() for id_ in ids}
    follows: dict[str, list[Line]] = {}
    also: dict[str, list[Line]] = {}
    for id_, line in lines.items():
        if id_ in home:
            continue
        first, *others = dict.fromkeys(home[one] for one in heads[id_])
        follows.setdefault(first, []).append(line)
        for other in others:
            also.setdefault(other, []).append(line)
    found = [
        Block(
            cause=tuple(lines[one] for one in ids),
            follows=tuple(follows.get(name, ())),
            also=tuple(also.get(name, ())),
            reason=own_reason(lines[ids[0]]),
        )
        for name, ids in groups.items()
    ]
    return sorted(found, key=lambda one: ORDER.index(one.outcome))


def _heads(
    lines: Mapping[str, Line], stands_on: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The causes of each item, by id; a cause is its own.

    Where items stand on one another in a circle, the one that is reached last is the cause.
    """
    heads: dict[str, tuple[str, ...]] = {}
    for start in lines:
        way = [start]
        on_way = {start}
        while way:
            id_ = way[-1]
            if id_ in heads:
                on_way.discard(way.pop())
                continue
            open_ = [one for one in stands_on[id_] if one not in heads and one not in on_way]
            if open_:
                way.append(open_[0])
                on_way.add(open_[0])
                continue
            below = [head for one in stands_on[id_] for head in heads.get(one, ())]
            heads[id_] = tuple(dict.fromkeys(below)) or (id_,)
            on_way.discard(way.pop())
    return heads


def _groups(
    account: Account, causes: Iterable[str], lines: Mapping[str, Line]
) -> dict[str, list[str]]:
    """Causes with the same words, under the first of them."""
    names: dict[object, str] = {}
    groups: dict[str, list[str]] = {}
    for id_ in causes:
        name = names.setdefault(_alike(account, lines[id_]), id_)
        groups.setdefault(name, []).append(id_)
    return groups


def _alike(account: Account, line: Line) -> object:
    """What causes have in common that are told as one; an item's own id where it stays alone."""
    promise, reason = account.contract.promises.get(line.id), own_reason(line)
    if line.outcome is Outcome.INCONCLUSIVE:
        return line.outcome, reason
    if promise is None or line.outcome is not Outcome.FAIL or reason == NO_REASON:
        return line.id
    seen = isinstance(fact_of(promise, account.scene), Seen)
    if not seen or LISTENED.keys() & asked_of(promise, account):
        return line.outcome, promise.kind, reason
    return line.id
