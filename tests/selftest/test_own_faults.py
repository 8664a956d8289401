"""Whose fault it is that an object is another one, on the way back from a filled database."""

from __future__ import annotations

import pytest

from gate.sources.rehearsal.account import own_faults
from gate.sources.rehearsal.facts import Receipt

RANK = {"a": 0, "b": 1, "c": 2}
LEFT = "~ constraint t.fk: FOREIGN KEY (x) -> FOREIGN KEY (x) DEFERRABLE"
MET = "~ constraint t.fk: FOREIGN KEY (x) DEFERRABLE -> FOREIGN KEY (x)"
OTHER = "+ enum kind: one, two"


def _of(**found: tuple[str, ...]) -> dict[str, Receipt]:
    return {name: Receipt(revision=name, diff=diff) for name, diff in found.items()}


@pytest.mark.parametrize(
    ("back", "empty", "left"),
    [
        # b leaves it, which only the way from nothing can see; a meets it, and makes it anew.
        (_of(c=(), b=(), a=(MET,)), _of(c=(), b=(LEFT,), a=()), {"c": (), "b": (), "a": ()}),
        # What is about something else, or what it does itself, too, stays.
        (_of(b=(), a=(MET, OTHER)), _of(b=(LEFT,), a=()), {"b": (), "a": (OTHER,)}),
        (_of(b=(), a=(MET,)), _of(b=(LEFT,), a=(MET,)), {"b": (), "a": (MET,)}),
        # Nobody says that it is clean otherwise: it stays.
        (_of(b=(), a=(MET,)), _of(b=(LEFT,)), {"b": (), "a": (MET,)}),
        # An older one's fault excuses no newer one.
        (_of(b=(MET,), a=()), _of(b=(), a=(LEFT,)), {"b": (MET,), "a": ()}),
        (_of(b=(MET,), a=(MET,)), _of(b=(), a=()), {"b": (MET,), "a": ()}),
    ],
)
def test_a_revision_is_named_for_what_it_does_itself(
    back: dict[str, Receipt], empty: dict[str, Receipt], left: dict[str, tuple[str, ...]]
) -> None:
    """What a newer one left wrong is not told of an older one that gives everything back."""
    found = own_faults(back, empty, RANK)
    assert {name: one.diff for name, one in found.items()} == left
