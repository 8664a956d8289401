"""Locks and waits of each rehearsed revision over its time: what waited, and what it held up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gate.duration import seconds
from gate.report.account import Account
from gate.report.pictures.draw import Place, box, fitted, hollow, rule, text, ticks
from gate.report.pictures.picture import WIDTH, Picture
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import Leg, RehearsalFacts, TableLock

LEFT, ROW, HEAD = 230.0, 18.0, 30.0
MOST = 120
"""Locks that are drawn: the longest of all."""
SHUTS_OUT = ("ExclusiveLock", "AccessExclusiveLock")
"""Modes that let nobody write, or nobody in at all."""
NOTE = (
    "One row per table, over the seconds of its revision: a dashed frame is the time that the "
    "lock was waited for, and everybody behind it waited too; a filled bar is the time that it was "
    "held. Measured on the clone by an outside session; the plan's own steps on the target are "
    "timed in the story above, and their locks are not watched."
)


def locks(account: Account) -> Picture | None:
    """The picture, where a migration was rehearsed under a witness."""
    rehearsal = account.scene.observed.rehearsal
    if not isinstance(rehearsal, Seen):
        return None
    legs = [one for one in (*rehearsal.value.up, *rehearsal.value.down) if one.locks]
    if not legs:
        return None
    shown = _longest(legs)
    drawing, height = _drawn(legs, shown)
    rows = [
        (
            f"{'upgrade' if leg.direction == 'up' else 'downgrade'} {leg.revision}",
            lock.table,
            lock.mode,
            "" if lock.at_s is None else seconds(lock.at_s),
            seconds(lock.waited_s),
            seconds(lock.held_s),
            "; ".join(lock.blocked_by),
        )
        for leg in legs
        for lock in leg.locks
        if id(lock) in shown
    ]
    left = sum(len(leg.locks) for leg in legs) - len(rows)
    return Picture(
        name="locks",
        title="Locks and waits of the rehearsed migration",
        description=_description(rehearsal.value, legs),
        drawing=drawing,
        height=height,
        heads=("Revision", "Table", "Lock", "Asked for at", "Waited", "Held", "Behind"),
        rows=rows,
        note=NOTE + (f" {left} shorter locks are left out." if left else ""),
    )


def _longest(legs: Sequence[Leg]) -> set[int]:
    every = [lock for leg in legs for lock in leg.locks]
    every.sort(key=lambda one: -(one.waited_s + one.held_s))
    return {id(one) for one in every[:MOST]}


def _description(facts: RehearsalFacts, legs: Sequence[Leg]) -> str:
    waits = [(lock.waited_s, leg, lock) for leg in legs for lock in leg.locks]
    waited, leg, lock = max(waits, key=lambda one: one[0])
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    words = (
        f"The longest wait was {seconds(waited)}, of the {verb} {leg.revision} for {lock.mode} on "
        f"{lock.table}" + (f", behind {lock.blocked_by[0]}" if lock.blocked_by else "") + "."
        if waited
        else "No lock was waited for."
    )
    slow = max(facts.bystanders, key=lambda one: one.longest_s, default=None)
    if slow is not None:
        words += (
            f" Of the bystanders the one that {slow.does} {slow.table} waited longest: "
            f"{seconds(slow.longest_s)}{f' during {slow.during}' if slow.during else ''}."
        )
    return words


def _drawn(legs: Sequence[Leg], shown: set[int]) -> tuple[str, float]:
    parts: list[str] = []
    y = 4.0
    for leg in legs:
        found = [lock for lock in leg.locks if id(lock) in shown]
        if found:
            parts += _leg(leg, found, y)
            y += HEAD + len(found) * ROW + 26
    return "".join(parts), y


def _leg(leg: Leg, found: Sequence[TableLock], y: float) -> Iterator[str]:
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    yield text(4, y + 14, f"{verb} {leg.revision}, {seconds(leg.seconds)}")
    wide, longest = WIDTH - LEFT - 20, max(leg.seconds, 0.001)
    bottom = y + HEAD + len(found) * ROW
    for tick in ticks(longest):
        x = LEFT + wide * tick / longest
        yield rule((x, y + HEAD - 4), (x, bottom))
        yield text(x + 2, bottom + 13, f"{tick:g} s", name="muted")
    for number, lock in enumerate(found):
        yield from _lock(lock, y + HEAD + number * ROW, wide / longest, longest)


def _lock(lock: TableLock, y: float, scale: float, longest: float) -> Iterator[str]:
    start = min(lock.at_s or 0.0, longest)
    waited = min(lock.waited_s, longest - start)
    held = min(lock.held_s, longest - start - waited)
    words = f"{lock.table}: {lock.mode.removesuffix('Lock')}"
    yield text(LEFT - 8, y + 12, fitted(words, LEFT - 16), end=True)
    behind = f" behind {lock.blocked_by[0]}" if lock.blocked_by else ""
    if waited > 0:
        tip = f"{words}: waited {seconds(lock.waited_s)}{behind}"
        yield hollow(Place(LEFT + start * scale, y + 3, waited * scale, ROW - 6), "fail", tip)
    name = "fail" if lock.mode in SHUTS_OUT else "link"
    tip = f"{words}: held {seconds(lock.held_s)}"
    yield box(Place(LEFT + (start + waited) * scale, y + 3, held * scale, ROW - 6), name, tip)
