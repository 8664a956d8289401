"""When rows that are younger than a state are proven to be the same but for their numbers."""

from __future__ import annotations

from typing import Any

import pytest

from gate.catalog import alike as module
from gate.catalog.alike import Young, alike

OLDER = (("pg_class", 300, 77),)


def young(*rows: tuple[str, int | None], of: str = "pg_class", **changes: Any) -> Young:
    """Some young rows of one catalog."""
    return Young(**{"older": OLDER, "rows": ((of, rows),), **changes})


TABLE = young(("16401 item seq 16402", 16401), ("16402 item_seq", 16402))
AGAIN = young(("16501 item seq 16502", 16501), ("16502 item_seq", 16502))
DEFAULT = ":consttype {} :consttypmod -1 :constvalue 4 [ {} ]}}"
"""As a default has a sequence: the four bytes of its OID, the lowest first, and four of nothing."""


def bytes_of(number: int, kind: int = 2205) -> str:
    """The text of a constant that is an OID."""
    low = [(one - 256 if one > 127 else one) for one in number.to_bytes(4, "little")]
    return DEFAULT.format(kind, " ".join(map(str, [*low, 0, 0, 0, 0])))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (TABLE, TABLE, True),
        (TABLE, AGAIN, True),
        (young(), young(), True),
        (young(("16401 x", 16401)), young(("16401 x", None)), False),
        (young(("a", None), ("b", None)), young(("b", None), ("a", None)), True),
        (young(("a", None), ("a", None)), young(("a", None)), False),
        (TABLE, young(("16501 item seq 16501", 16501), ("16502 item_seq", 16502)), False),
        (TABLE, young(("16501 item seq 16502", 16501), ("16502 other_seq", 16502)), False),
        (TABLE, young(("16501 item seq 16502", 16501)), False),
        (TABLE, young(("16501 item seq 16502", 16501), ("16502 item_seq", 16502), of="pg_x"), False),
        (TABLE, young(*AGAIN.rows[0][1], older=(("pg_class", 301, 77),)), False),
        # Numbers that stand in others, or are too short or too long for an OID, are no OIDs.
        (young(("16401 x1640", 16401)), young(("16501 x1650", 16501)), False),
        (young(("16401 x164011", 16401)), young(("16501 x165011", 16501)), False),
        # What both have is nobody's new number.
        (young(("16401 of 16300", 16401)), young(("16501 of 16300", 16501)), True),
        (young(("16401 of 16300", 16401)), young(("16501 of 16301", 16501)), False),
        (young((f"16401 {bytes_of(16401)}", 16401)), young((f"16501 {bytes_of(16501)}", 16501)),
         True),
        (young((f"16401 {bytes_of(16401)}", 16401)), young((f"16501 {bytes_of(16300)}", 16501)),
         False),
        # The bytes of another type are no OID.
        (young((f"16401 {bytes_of(16401, 23)}", 16401)),
         young((f"16501 {bytes_of(16501, 23)}", 16501)), False),
        (young((f"16401 {bytes_of(16401, 23)}", 16401)),
         young((f"16501 {bytes_of(16401, 23)}", 16501)), True),
        (young((f"3000000000 {bytes_of(3000000000)}", 3000000000)),
         young((f"16501 {bytes_of(16501)}", 16501)), True),
        (TABLE, Young(OLDER, (*AGAIN.rows, ("pg_x", ()))), True),
        (None, TABLE, False),
        (TABLE, None, False),
        (None, None, False),
    ],
)  # fmt: skip
def test_rows(one: Young | None, other: Young | None, *, same: bool) -> None:
    """All of them, with the numbers of the one put in place of the other's, either way round."""
    assert alike(one, other) is same
    assert alike(other, one) is same


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ([(16300, 1, 1)], [(16300, 1, 1)], True),
        # The next one is numbered after what a dropped one left behind.
        ([(16300, 1, 4)], [(16300, 1, 5)], True),
        ([(16300, 1, 4), (16300, 2, 5)], [(16300, 1, 4), (16300, 2, 6)], True),
        # The one has the number that was the other's.
        ([(16300, 1, 4), (16300, 2, 5)], [(16300, 1, 5), (16300, 2, 4)], False),
        ([(16300, 1, 4), (16300, 2, 5)], [(16300, 1, 5), (16300, 2, 6)], False),
        ([(16300, 1, 4), (16301, 1, 5)], [(16300, 1, 5), (16301, 1, 6)], True),
        # The table is young itself.
        ([(16401, 1, 1)], [(16501, 1, 1)], True),
        ([(16401, 1, 1), (16401, 2, 2)], [(16501, 1, 2), (16501, 2, 1)], False),
        ([(16401, 1, 4), (16300, 1, 5)], [(16501, 1, 5), (16300, 1, 6)], True),
        ([(16300, 1, 4)], [(16300, 2, 4)], False),
        ([(16300, 1, 4)], [], True),
    ],
)
def test_numbers_of_columns(
    was: list[tuple[int, int, int]], now: list[tuple[int, int, int]], *, same: bool
) -> None:
    """A number that both have is one column's; else what refers to it means another one."""
    one = young(("16401 x", 16401), slots=tuple(was))
    other = young(("16501 x", 16501), slots=tuple(now))
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_more_than_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so many rows it is not known; of one fewer it is."""
    monkeypatch.setattr(module, "MOST", 4)
    assert alike(TABLE, AGAIN)
    monkeypatch.setattr(module, "MOST", 3)
    assert not alike(TABLE, AGAIN)
