"""The way down over rows that only the upgraded schema takes: does it fail, or lose them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from gate.connection.obstacle import first_line
from gate.sources.rehearsal import first_row, newcomer, samples
from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.loosened import loosened
from gate.sources.rehearsal.looser import Looser
from gate.sources.rehearsal.newcomer import Newcomer
from gate.sources.rehearsal.newly import Newly
from gate.sources.rehearsal.rows import Print
from gate.sources.rehearsal.seen import lines, look
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.verdict import Verdict
from gate.sources.rehearsal.ways import MOST, UNTRIED, Ways, line


def narrow(stage: Stage, revision: str, below: str, base: Base, verdict: Verdict) -> None:
    """Try first rows, and what a step newly allows; the clone has the step afterwards.

    Args:
        stage: The clone, at the state that the step led to.
        revision: The step.
        below: Where a way down that is asked by name ends.
        base: From where that state can be had again.
        verdict: What is known of the step: nothing is wrong so far.
    """
    above, both = verdict.above, (verdict.was.catalog, verdict.above.catalog)
    loose = loosened(*both, (stage.how.version_table,))
    again = first_row.made_again(*both, (stage.how.version_table,))
    # Where the server does not count, what was written is not taken out again without a copy.
    tables = dict.fromkeys(
        [*(one.table for one in loose), *(again if stage.prints.counted else ())]
    )
    with stage.hand() as session:
        empty = [one for one in tables if _is_empty(session, one)]
    if not loose and not empty:
        return

    def same() -> bool:
        verdict.mark()
        versions = stage.how.version_table
        return revision in stage.at() and not lines(above, look(stage, like=above), versions)

    def rows() -> dict[str, Print]:
        verdict.mark()
        kept = {one.table: above.kept[one.table] for one in loose}
        return stage.prints.small(stage.connection, kept)

    def take_out() -> None:
        verdict.mark()
        verdict.take_out()
        found.dirty = found.dirty or not stage.prints.counted

    found = Narrowing(stage, revision, below, base, same, rows=rows)
    verdict.tried = True
    try:
        bad = first_row.go(found, empty, loose, take_out)
        left = [one for one in loose if one.table not in bad]
        if left and found.clean():
            found.go(left)
    except psycopg.Error as error:
        found.dirty = True
        found.unwritten.append(line("what is newly allowed", first_line(error)))
    verdict.wal += found.wal
    verdict.disturbed = verdict.disturbed or found.dirty or found.remade
    unwritten = (*verdict.receipt.unwritten, *found.unwritten)
    verdict.tell(newly=tuple(found.newly), unwritten=unwritten)


def _is_empty(session: psycopg.Connection[Any], table: str) -> bool:
    try:
        return not samples.filled(session, table)
    except psycopg.errors.ObjectNotInPrerequisiteState:  # a part of it is elsewhere
        return False


@dataclasses.dataclass
class Narrowing(Ways):
    """What came of the rows, round by round.

    Attributes:
        rows: Prints of the tables as they are now, as far as they are quickly read.
    """

    rows: Callable[[], Mapping[str, Print]] = dict
    _before: Mapping[str, Print] = dataclasses.field(default_factory=dict)

    def go(self, loose: Sequence[Looser]) -> None:
        """Go down over all of them at once; where that does not end well, over one at a time."""
        with self.stage.hand() as session:
            for table in dict.fromkeys(one.table for one in loose):
                samples.have(session, table, samples.keys_of(session), set())
        self._before = self.rows()
        written = self._write(loose)
        if not written:
            return
        found: list[Newly] = []
        if self._together(written):
            found = self._round(written)
            if not found:
                return
        else:
            self._tidy(written)
        if len(written) == 1:
            self.newly += found
            return
        before = len(self.newly) + len(self.unwritten)
        for number, one in enumerate(written):
            if number == MOST or not self.clean():
                self.newly += [] if number else _both(written, found)
                self.unwritten += [line(other.what, UNTRIED) for other in written[number:]]
                break
            alone = self._write([one.looser])
            self.newly += self._round(alone) if alone else []
        if len(self.newly) + len(self.unwritten) == before:
            self.newly += _both(written, found)

    def _write(self, loose: Sequence[Looser]) -> list[Newcomer]:
        """Write a row for each; those for which there is one."""
        written = []
        with self.stage.hand() as session:
            for one in loose:
                found = newcomer.write(session, one)
                if isinstance(found, Newcomer):
                    written.append(found)
                elif found:
                    what = one.what.replace("{value}", "another value")
                    self.unwritten.append(line(what, found))
        return written

    def _together(self, written: Sequence[Newcomer]) -> bool:
        """Whether all rows are there beside each other."""
        with self.stage.hand() as session:
            return all(newcomer.count(session, one)[1] >= one.counts[1] for one in written)

    def _round(self, written: Sequence[Newcomer]) -> list[Newly]:
        """Go down and up once; what came of each."""
        with self.stage.hand() as session:
            there = [one.counted(session) for one in written]
        why = self.walk("down")
        if why:
            self.dirty = self.dirty or not self.same()
            self._tidy(there)
            return [_newly(one, "failed", why) for one in there]
        with self.stage.hand() as session:
            after = [(one, newcomer.count(session, one), newcomer.now(session, one))
                     for one in there]  # fmt: skip
        found = [one for row in after if (one := judged(*row)) is not None]
        why = self.walk("up")
        if why:
            self.dirty = True
            return [_newly(one, "failed", f"going up again: {why}") for one in there]
        self._tidy(there, lost=bool(found))
        return found

    def _tidy(self, written: Sequence[Newcomer], *, lost: bool = False) -> None:
        """Take the rows away; where others went along, the state has to be had again."""
        if self.dirty:
            return
        with self.stage.hand() as session:
            self.dirty = not all(newcomer.take_away(session, one) for one in reversed(written))
        if not self.dirty and lost:
            now = self.rows()
            self.dirty = any(
                one.looser.table not in now
                or now[one.looser.table] != self._before.get(one.looser.table)
                for one in written
            )


def _both(written: Sequence[Newcomer], found: Sequence[Newly]) -> list[Newly]:
    """What came of all of them together, where it is not known of each."""
    both = " and ".join(one.what for one in written)
    return [one.model_copy(update={"what": both}) for one in found[:1]]


def judged(
    one: Newcomer, after: tuple[int, int], now: Mapping[str, str | None] | None
) -> Newly | None:
    """What a way down that ended well made of a row; ``None`` where it is there as it was.

    Args:
        one: The row.
        after: Rows of its table then, and those with its values.
        now: What its values are then, where that is known.
    """
    gone, other = one.counts[0] - after[0], after[1] < one.counts[1]
    if gone > 0:
        many = "the row is deleted" if gone == 1 else f"{gone} rows are deleted"
        return _newly(one, "lost", many)
    if not other:
        return None
    empty = all(value is None for value in one.values.values())
    return _newly(one, "filled" if empty else "lost", newcomer.became(one, now))


def _newly(one: Newcomer, how: str, came: str) -> Newly:
    return Newly.model_validate(
        {"what": one.what, "table": one.looser.table, "how": how, "came": came}
    )
