"""A proof that two states that were made by the same commands are the same but for their numbers.

What is made anew gets other OIDs, and they stand all over the catalogs. So the rows that are
younger than the state before are compared one by one, with the OIDs of the one state put in place
of the other's; all older rows have to be the same as they are. Whatever pairs of OIDs that is done
with: where it leads from the one state to the other, both look the same to everybody.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter

NUMBER = re.compile(r"(?<![0-9])[0-9]{5,10}(?![0-9])")
"""Where an OID may stand in the text of a row: in a name or an expression, too."""
REG = (24, 26, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191)
"""Types whose values are OIDs: that of ``nextval``'s sequence stands in a default as four bytes."""
BYTES = re.compile(
    rf"(:consttype (?:{'|'.join(map(str, REG))}) [^][{{}}]*:constvalue 4 )\[ ((?:-?[0-9]+ ){{8}})\]"
)
MOST = 50_000
"""Young rows that are compared one by one; of more it is not known."""


@dataclasses.dataclass(frozen=True)
class Young:
    """The rows of the system catalogs since a moment.

    Attributes:
        older: By catalog, the number of all other rows and their hash.
        rows: By catalog, the text of each young row, and its own OID where it has one. Columns of a
            table are told by their rank in it.
        slots: Of each young column the OID of its table, its rank, and its number.
    """

    older: tuple[tuple[str, int, int], ...]
    rows: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...]
    slots: tuple[tuple[int, int, int], ...] = ()


def alike(one: Young | None, other: Young | None) -> bool:
    """Whether two states are proven to be the same but for the OIDs of what is young in both.

    That they are not proven to be says nothing.
    """
    if one is None or other is None or one.older != other.older:
        return False
    if sum(len(rows) for _, rows in (*one.rows, *other.rows)) > MOST:
        return False
    was, now = _numbers(one), _numbers(other)
    left, right = sorted(was - now), sorted(now - was)
    if len(left) != len(right):
        return False
    pairs = {str(old): str(new) for old, new in zip(left, right, strict=True)}
    return _texts(one, pairs) == _texts(other, {}) and _apart(one, other, pairs)


def _apart(one: Young, other: Young, pairs: dict[str, str]) -> bool:
    """Whether no number of a column is another column's in the other state.

    What a dropped column leaves behind, the next one is numbered after: by its rank it is the same.
    A number that both states have is one column's then, whoever refers to it, in whatever way.
    """
    was = {(pairs.get(str(table), str(table)), rank): number for table, rank, number in one.slots}
    now = {(str(table), rank): number for table, rank, number in other.slots}
    left = {(table, number) for (table, rank), number in was.items()
            if now.get((table, rank)) != number}  # fmt: skip
    right = {(table, number) for (table, rank), number in now.items()
             if was.get((table, rank)) != number}  # fmt: skip
    return not left & right


def _numbers(found: Young) -> set[int]:
    return {number for _, rows in found.rows for _, number in rows if number is not None}


def _texts(found: Young, pairs: dict[str, str]) -> dict[str, Counter[str]]:
    def put(match: re.Match[str]) -> str:
        return pairs.get(match[0], match[0])

    return {
        name: Counter(NUMBER.sub(put, BYTES.sub(_spelled, text)) for text, _ in rows)
        for name, rows in found.rows
        if rows
    }


def _spelled(match: re.Match[str]) -> str:
    low = [int(one) % 256 for one in match[2].split()[:4]]
    return match[1] + str(int.from_bytes(bytes(low), "little"))
