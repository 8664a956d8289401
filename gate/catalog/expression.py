"""Expressions as PostgreSQL prints them, in a form that a dump and a restore leave alone.

Two of its own forms are not read back as they were printed. A cast of a whole array, as ``x IN
('a', 'b')`` on a ``varchar`` comes to have it, is printed as ``(ARRAY[...])::text[]``; read back it
is a cast of each element. And a list of conditions in a list of conditions, as ``BETWEEN`` leaves
it, is printed as ``((a AND b) AND c)`` and read as ``(a AND b AND c)``.
"""

from __future__ import annotations

import re

QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
"""A literal or a name in quotes: nothing in it is looked at."""
BEGIN = re.compile(QUOTED.pattern + r"|(\(?)\bARRAY\[()")
TYPE = r"::([A-Za-z_\"][\w\". ]*?(?:\([0-9, ]+\))?)\[\]"
CAST = {"(": re.compile(r"\)" + TYPE), "": re.compile(TYPE)}
"""What follows on an array that is cast, by what stands before it: pretty-printed, nothing."""
SIMPLE = re.compile(
    rf"(?:{QUOTED.pattern}|[\w.]+)+(?:::[\w. ]+(?:\([0-9, ]+\))?(?:\[\])?)*", re.DOTALL
)
"""An element that pretty-printing casts without parentheses."""
WORD = re.compile(rf"{QUOTED.pattern}|[()]| (?:AND|OR) (?!\d)")
DEEPEST = 200
"""Parentheses in one another that are looked at."""
LONGEST = 200_000
"""Characters of a definition that are looked at; a longer one stays as it was printed."""


def normal(text: str) -> str:
    """An expression, or any definition that holds some, in the form that is read back as printed.

    The same text comes back where there is nothing to do; what is normal already stays as it is.
    """
    if len(text) > LONGEST:
        return text
    if "ARRAY[" in text:
        text = _cast_elements(text)
    return _flat(text) if " AND " in text or " OR " in text else text


def _cast_elements(text: str) -> str:
    at = 0
    while begin := BEGIN.search(text, at):
        at = begin.end()
        found = _array(text, at) if begin[2] is not None else None
        if found is None:
            continue
        start, closed = begin.start(), CAST["("].match(text, found[1]) if begin[1] else None
        cast = closed or CAST[""].match(text, found[1])
        if cast is None:
            continue
        if closed is None:
            start += len(begin[1])  # the parenthesis is somebody else's
        elements = [
            f"{one}::{cast[1]}" if not closed and SIMPLE.fullmatch(one) else f"({one})::{cast[1]}"
            for one in found[0]
        ]
        at = start + len("ARRAY[")
        text = f"{text[:start]}ARRAY[{', '.join(elements)}]{text[cast.end() :]}"
    return text


def _array(text: str, begin: int) -> tuple[list[str], int] | None:
    """The elements of an array's constructor, and where it ends; none where it does not."""
    elements: list[str] = []
    depth, since, at = 0, begin, begin
    while at < len(text):
        quoted = QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        one = text[at]
        if one in "([":
            depth += 1
        elif one == "]" and not depth:
            return [*elements, text[since:at].strip()], at + 1
        elif one in ")]":
            depth -= 1
        elif one == "," and not depth:
            elements.append(text[since:at].strip())
            since = at + 1
        at += 1
    return None


class _Group:
    """What stands in a pair of parentheses: parts between its ANDs, or its ORs."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.parts: list[list[str | _Group]] = [[]]
        self.words: set[str] = set()

    def split(self, word: str) -> None:
        """Begin another part."""
        self.words.add(word)
        self.parts.append([word])

    def told(self) -> str:
        """Its text without the parentheses, with lists of the same word taken in."""
        out: list[str] = []
        for part in self.parts:
            lead = [one for one in part[:1] if one in (" AND ", " OR ")]
            rest = part[len(lead) :]
            inner = rest[0] if len(rest) == 1 and isinstance(rest[0], _Group) else None
            out += [str(one) for one in lead]
            if inner is not None and len(self.words) == 1 and inner.words == self.words:
                out.append(inner.told())
            else:
                out += [one if isinstance(one, str) else f"({one.told()})" for one in rest]
        return "".join(out)


def _flat(text: str) -> str:
    """Take lists of conditions out of lists of the same kind."""
    stack, at = [_Group()], 0
    for word in WORD.finditer(text):
        if word.start() > at:
            stack[-1].parts[-1].append(text[at : word.start()])
        at, one = word.end(), word[0]
        if one == "(":
            if len(stack) > DEEPEST:
                return text
            stack.append(_Group())
        elif one == ")":
            if len(stack) == 1:
                return text  # not an expression
            group = stack.pop()
            stack[-1].parts[-1].append(group)
        elif one in (" AND ", " OR "):
            stack[-1].split(one)
        else:
            stack[-1].parts[-1].append(one)
    if len(stack) > 1:
        return text
    if at < len(text):
        stack[0].parts[-1].append(text[at:])
    return stack[0].told()
