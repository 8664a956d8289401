"""What ``-m`` selects, known before anything is collected, started or written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from _pytest.mark.expression import Expression  # the one way to read it exactly as pytest does

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.errors import GateError


def selected(markexpr: str, markers: Iterable[str]) -> tuple[Moment, ...]:
    """The moments of which an expression leaves a test.

    Args:
        markexpr: As given with ``-m``; an empty one selects everything.
        markers: The ini lines of known markers, ``name: words`` or ``name(args): words``.

    Raises:
        GateError: It cannot be read, has a word that is no marker, or selects no moment at all.
    """
    if not markexpr.strip():
        return MOMENTS
    expression = compiled("-m", markexpr)
    known = {line.partition(":")[0].partition("(")[0].strip() for line in markers} | {*MOMENTS}
    unknown = sorted(expression.idents() - known)
    if unknown:
        close = difflib.get_close_matches(unknown[0], MOMENTS, 1, 0.5)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise GateError(
            f"-m {markexpr!r}: there is no marker {unknown[0]!r}{meant}; "
            f"name one moment with -m: {', '.join(MOMENTS)}"
        )
    found = tuple(one for one in MOMENTS if _leaves(expression, one))
    if not found:
        raise GateError(
            f"-m {markexpr!r}: selects nothing of any moment, so nothing would be looked at; "
            f"name one moment with -m: {', '.join(MOMENTS)}"
        )
    return found


def compiled(option: str, text: str) -> Expression:
    """Read an expression of ``-m`` or ``-k``.

    Raises:
        GateError: It is none.
    """
    try:
        return Expression.compile(text)
    except SyntaxError as error:
        raise GateError(f"{option} {text!r}: no expression: {error.msg}") from None


def _leaves(expression: Expression, moment: Moment) -> bool:
    """Whether a test of this moment is selected, as every test that accounts for a promise is."""
    marks = {moment, "promises", "parametrize"}

    def has(name: str, /, **_words: str | float | None) -> bool:
        return name in marks

    return expression.evaluate(has)
