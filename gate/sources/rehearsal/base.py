"""The copy of the clone from which a state since can be had again, by going up once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gate.catalog.digest import Digest
from gate.errors import ObservationError
from gate.sources.rehearsal.leg import said, walk
from gate.sources.rehearsal.stage import Stage

SHARED = (
    *("pg_authid", "pg_auth_members", "pg_parameter_acl", "pg_replication_origin"),
    *("pg_subscription", "pg_tablespace"),
)
"""Catalogs of what all databases of a server share: a copy of one does not bring it back."""


class Base:
    """A kept copy, and the revisions that were applied since.

    To keep a copy of every state is to copy the database at every step. Few states are wanted
    again, and those that are can be made out of an earlier one: but for what a revision does
    outside of its database, behind which a copy is kept.

    Attributes:
        shared: The first revision behind which a copy was kept; empty if there is none.
    """

    def __init__(self, stage: Stage, *, copied: bool = True, first: bool = False) -> None:
        """Keep the clone as it is now, unless that is of no use.

        Args:
            stage: The clone.
            copied: Whether what a revision does outside of its database can be seen: else a copy is
                kept behind every one, and none of the state that it came to.
            first: Whether the state that the clone is in now is wanted once more, by `given`, and
                a copy of its own is kept for that, where another one is wanted meanwhile.
        """
        self._stage, self._copied = stage, copied
        self._copy = stage.save() if copied else ""
        self._first = (self._copy or stage.save()) if first else ""
        self._since: list[str] = []
        self._behind = ""
        self.shared = ""

    def went(
        self, revision: str, was: Digest | None, now: Digest | None, *, stays: bool = True
    ) -> None:
        """A revision was applied, for the first time and by going up alone.

        Args:
            revision: Which one.
            was: Digest of the state before.
            now: Digest of the state that the clone is in.
            stays: Whether this one will be wanted again.
        """
        if self._had_again(was, now):
            self._since.append(revision)
            return
        self._behind = revision
        self.shared = self.shared or revision
        self._drop()
        self._copy = self._stage.save() if stays or self._copied else ""
        self._since = []

    def last(self, was: Digest | None, now: Digest | None, do: Callable[[], None]) -> None:
        """Do something in the state before a revision that it is not had again behind.

        The clone is as it is now afterwards. Nothing is done where the state can be had later, or
        not even now.

        Args:
            was: Digest of the state before.
            now: Digest of the state that the clone is in.
            do: What is done there.
        """
        stage = self._stage
        if not self._copy or self._had_again(was, now):
            return
        self._first = "" if self._first == self._copy else self._first
        aside, self._copy = stage.set_aside(self._copy), ""
        try:
            legs = (walk(stage, revision, "up", alone=True) for revision in self._since)
            if all(leg.exit_status == 0 for leg in legs):
                do()
        finally:
            stage.restore(aside)

    def _had_again(self, was: Digest | None, now: Digest | None) -> bool:
        return self._copied and _shared(was) == _shared(now) is not None

    def again(self) -> None:
        """Have the state again that the clone last went to; it is kept then.

        Raises:
            ObservationError: A revision could not be applied a second time from the same state.
        """
        stage = self._stage
        if not self._copy:
            raise ObservationError("the state before cannot be had again: no copy of it was kept")
        own = self._copy != self._first
        stage.restore(self._copy if own else stage.clone.states.copy(self._copy))
        for revision in self._since:
            leg = walk(stage, revision, "up", alone=True)
            if leg.exit_status != 0:
                raise ObservationError(
                    f"{revision} was applied once, and not from the same state again: {said(leg)}"
                )
        self._copy, self._since = stage.save() if self._copied else "", []

    @property
    def kept(self) -> bool:
        """Whether there is a copy from which the clone's state can be had again."""
        return bool(self._copy)

    def without(self, revision: str) -> bool:
        """Have the clone as if a revision had never been applied, where that can be had.

        Where it cannot, the clone has the revision afterwards.

        Args:
            revision: The last one that was begun with; it may have been applied since, or not.

        Raises:
            ObservationError: No copy was kept, or what was applied once is not again.
        """
        if self._since[-1:] == [revision]:
            self._since.pop()
        self.again()
        return self._behind != revision

    def before(self, *, anew: bool = False) -> bool:
        """Have the state again that the last revision was applied to, where that can be had.

        Args:
            anew: Whether it is as if it had never been applied.
        """
        if not self._copy or not self._since:
            return False
        last = self._since.pop()
        self.again()
        self._since = [] if anew else [last]
        return True

    def given(self, since: Sequence[str]) -> str:
        """Give a copy of the first state away, where there is one.

        Args:
            since: What was applied since.

        Returns:
            What it is called; nothing where it was not kept.
        """
        copy = self._first or (self._copy if self._since == [*since] else "")
        self._copy = "" if copy == self._copy else self._copy
        self._first = ""
        return copy

    def forget(self) -> None:
        """Drop all copies."""
        self._drop()
        self._copy, self._first = self._first, ""
        self._drop()

    def _drop(self) -> None:
        if self._copy and self._copy != self._first:
            self._stage.clone.states.forget(self._copy)
        self._copy = ""


def _shared(digest: Digest | None) -> Digest | None:
    return None if digest is None else tuple(one for one in digest if one[0] in SHARED)
