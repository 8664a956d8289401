"""What a revision's way down gives back: judged against the state that the revision came to."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from gate.catalog.digest import numbers
from gate.catalog.dumped import Entries
from gate.errors import ObservationError
from gate.sources.rehearsal import rows, samples, second
from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.intended import Intended
from gate.sources.rehearsal.leg import Direction, said, walk
from gate.sources.rehearsal.older import Older
from gate.sources.rehearsal.prints import Columns
from gate.sources.rehearsal.seen import State, dumped, lines, look
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.tidy import tidy

LOST = "it changes what all databases of the server share: the state before is not had again"
MUCH = 64 << 20
"""Bytes of log from which on a state that was had again is not left as it is: it has grown."""


class Verdict:
    """One revision under judgement, from its first way up on.

    Attributes:
        was: The state that it was applied to.
        above: The state that it led to.
        receipt: What is known so far.
        disturbed: Whether it was applied in other ways meanwhile.
        tried: Whether rows were written that only the upgraded schema takes.
        wal: Bytes of log that the ways since wrote.
    """

    def __init__(
        self,
        stage: Stage,
        revision: str,
        below: str,
        base: Base,
        intended: Intended,
        *,
        stays: bool,
    ) -> None:
        """Look at what the first way up led to."""
        self._intended, was = intended, intended.was
        self.was, self.receipt = was, Receipt(revision=revision)
        self.disturbed = self.tried = False
        self._stage, self._revision, self._below, self._base = stage, revision, below, base
        self._versions = stage.how.version_table
        self._written = stage.prints.mark(stage.connection)
        self.wal = 0
        self._again: State | None = None
        self.above = look(stage, since=was.moment)
        self._lower = ""
        self._older = Older(stage, was, self.above)
        if self._unknown(was.kept):
            base.last(was.digest, self.above.digest, lambda: self._learn(was.kept))
        base.went(revision, was.digest, self.above.digest, stays=stays)

    def moved(self) -> tuple[str, ...]:
        """Kept tables whose rows the upgrade changed, as far as their columns are there still."""
        same = self._kept(self.above)
        there = self._stage.prints.of(self._stage.connection, same)
        if self._unknown(same):
            self._before(same, ("up",))
        return tuple(name for name in same if there[name] != self.was.prints[name])

    def foresee(self) -> None:
        """Learn of the rows to which nobody has written yet, and whose table the way down alters.

        A table that got a column loses it again, and is read then. What its rows were before can be
        seen now: later it takes the whole state before.
        """
        if self._written is None:
            return
        self._learn_rows(
            name for name in self._older.columns
            if name not in self.was.prints
            and name not in self._written
            and {*self.was.kept[name]} <= {*self.above.kept[name]}
        )  # fmt: skip

    def judge(self) -> None:
        """Compare after the way down; go up again, write, and go down once more."""
        self._compare()
        if not self.settled:
            return  # what a second way up meets then follows from it
        self._older.below()
        self._up_again()
        if self.settled:
            self._with_rows()

    @property
    def settled(self) -> bool:
        """Whether nothing is wrong so far but what was declared."""
        return self._intended.settled(self.receipt)

    def tell(self, **found: object) -> None:
        """Note more of what is known."""
        self.receipt = self.receipt.model_copy(update=found)

    def as_above(self) -> State | None:
        """The clone's state, where it is the one that the first way up led to; else ``None``."""
        stage, above = self._stage, self.above
        if not self.receipt.clean or self._again is None or self.wal > MUCH:
            return None
        if any(one.rows for one in self.receipt.losses):
            return None
        # Nothing was tried since, not even a row that was refused: it is what was looked at.
        state = self._again
        if self.receipt.witnesses or self.receipt.unwritten or self.tried:
            self.mark()
            self.take_out()
            state = look(stage, like=above, since=self._lower)
        touched = above.kept if self._written is None else self._written & {*above.kept}
        there = {name: above.kept[name] for name in touched}
        if not {*there} <= {*above.prints}:
            return None
        now = stage.prints.of(stage.connection, there)
        same = state.digest is not None and (
            all(now[name] == above.prints[name] for name in (*there, rows.LARGE))
            and state.positions == above.positions
            and numbers(state.digest) == numbers(self._again.digest)
            # Rows that are there may have led the last way up to something else.
            and not lines(above, state, self._versions)
        )
        if not same:
            return None
        return dataclasses.replace(
            above, digest=state.digest, prints=state.prints, dumped=None, assumed=True,
            young=None, moment=state.moment,
        )  # fmt: skip

    def take_out(self) -> None:
        """Take the witnesses out of tables that were empty above."""
        written = self._written
        if (self.receipt.witnesses or self.tried) and written is not None:
            empty = [
                name for name in written & {*self.above.kept}
                if self.above.prints.get(name, (1, 0))[0] == 0
            ]  # fmt: skip
            with self._stage.hand() as session:
                tidy(session, empty, self.above.positions)
            self.mark()

    def _compare(self) -> None:
        """Compare the catalog, pg_dump's opinion of it, and the rows."""
        stage, was = self._stage, self.was
        self.mark()
        now = look(stage, like=was)
        self._lower = now.moment
        found = lines(was, now, self._versions)
        same = self._kept(now)
        after = stage.prints.of(stage.connection, same)
        asked = stage.how.second_opinion
        alone = "" if asked else "second_opinion = false"
        opinion: Entries | str | None = None
        if not found and asked and not (was.digest is not None and was.digest == now.digest):
            opinion = dumped(stage)
            alone = opinion if isinstance(opinion, str) else ""
        if self._unknown(same) or (opinion is not None and was.dumped is None and not alone):
            self._before(same, ("up", "down"))
        if opinion is not None and self.was.dumped is not None:
            found = second.opinion(self.was.dumped, opinion, self._versions)
            alone = self.was.dumped if isinstance(self.was.dumped, str) else alone
        changed = (*self._intended.changed(self.was.prints, after), *self._restarted(now))
        self.tell(diff=found, rows=changed, alone=alone)

    def _up_again(self) -> None:
        """Go up once more, from where the way down led to."""
        again = self._walk("up")
        if again:
            self.tell(again=(again,))
            return
        self.mark()
        self._again = look(self._stage, like=self.above, since=self._lower)
        found = lines(self.above, self._again, self._versions)
        self.tell(again=found)

    def _with_rows(self) -> None:
        """Write to what is new, and go down and up once more."""
        stage, again = self._stage, self._again
        if again is None:
            raise TypeError("it did not go up again")
        shared, older = rows.shared(self.above.kept, again.catalog), self._older
        older.above()
        with stage.hand() as session:
            written, unwritten = samples.leave(
                session, self.was.catalog, again.catalog, (self._versions,)
            )
        self.tell(witnesses=written, unwritten=unwritten)
        if not written:
            return
        changed = self.mark()
        there = shared if changed is None else {
            name: columns for name, columns in shared.items() if name in changed
        }  # fmt: skip
        now = stage.prints.small(stage.connection, there)
        told = {name for name in there if name not in now or now[name] != again.prints.get(name)}
        spared = older.spared(told)
        # What was renamed has another name above: its witness comes back under the old one.
        told |= {name for name in self.was.kept if name not in again.catalog.tables}
        narrow, before = older.narrowed(spared)
        meant = self._intended
        narrow, before = {**meant.beside, **narrow}, {**meant.before, **before}
        why = self._walk("down")
        found: tuple[str, ...] = (why,)
        if not why:
            self.mark()
            state = look(stage, like=self.was)
            self._lower = state.moment
            same = {
                name: narrow.get(name, one)
                for name, one in self._kept(state).items()
                if name not in told - spared and name not in meant.changes
            }
            after = stage.prints.of(stage.connection, same)
            why = self._walk("up")
            found = (f"going up again: {why}",) if why else ()
            if self._unknown(same):
                self._before(same, ("up",))
            differences = lines(self.was, state, self._versions)
            found = (
                *differences, *rows.changed({**self.was.prints, **before}, after),
                *self._restarted(state), *found,
            )  # fmt: skip
        self.tell(with_rows=found)

    def _walk(self, direction: Direction) -> str:
        """Go one way, unseen; why that did not end well."""
        back_to = self._below if direction == "down" else ""
        leg = walk(self._stage, self._revision, direction, back_to=back_to, alone=True)
        self.wal += leg.wal_bytes
        return said(leg) if leg.exit_status != 0 else ""

    def mark(self) -> set[str] | None:
        """Tables that were written to since the last time."""
        found = self._stage.prints.mark(self._stage.connection)
        both = found is not None and self._written is not None
        self._written = (self._written or set()) | (found or set()) if both else None
        return found

    def _kept(self, now: State) -> dict[str, Columns]:
        """What is to be compared: tables with all of their columns that may have been written to.

        What nobody has written to is what it was.
        """
        return {
            name: columns
            for name, columns in self.was.kept.items()
            if name in now.catalog.tables
            and {*columns} <= {*now.catalog.tables[name].columns}
            and (self._written is None or name in self._written)
        }

    def _unknown(self, tables: Collection[str]) -> bool:
        return not {*tables} <= {*self.was.prints}

    def _before(self, tables: dict[str, Columns], ways: tuple[Direction, ...]) -> None:
        """Have the state again that the revision came to, learn what was not known, and return.

        Args:
            tables: Whose rows are to be known.
            ways: How the clone comes back to where it was.
        """
        if not self._base.before():
            if self._unknown(tables):
                raise ObservationError(f"{self._revision}: {LOST}")
            self.was = dataclasses.replace(self.was, dumped=LOST)
            return
        self._learn(tables)
        for way in ways:
            why = self._walk(way)
            if why:
                raise ObservationError(f"{self._revision}: it went once, and not again: {why}")
        self.mark()

    def _learn(self, tables: Collection[str]) -> None:
        """Add to what is known of the state that the revision came to; the clone is in it."""
        said_ = self.was.dumped
        if said_ is None and self._stage.how.second_opinion:
            said_ = dumped(self._stage)
        self.was = dataclasses.replace(self.was, dumped=said_)
        self._learn_rows(tables)

    def _learn_rows(self, tables: Iterable[str]) -> None:
        """The same of the rows alone, which are now what they were then."""
        kept = {name: self.was.kept[name] for name in tables}
        prints = self._stage.prints.of(self._stage.connection, kept)
        self.was = dataclasses.replace(self.was, prints={**prints, **self.was.prints})

    def _restarted(self, now: State) -> tuple[str, ...]:
        """Sequences that are not what they were."""
        return rows.restarted(self.was.positions, now.positions)
