"""A token of an answer and what it claims, as they are promised."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.body_schema import complaints
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.api.facts import Answer, Token
from gate.sources.api.promised_answer import TokenPromise

NONE = ("", "none")
"""Algorithms that sign nothing: anybody makes such a token."""


def token(promised: TokenPromise, answer: Answer) -> Iterator[str]:
    """What is wrong with a token.

    Raises:
        ObservationError: It cannot be told.
    """
    if answer.unread or answer.token is None:
        raise ObservationError(
            f"cannot tell (upstream): the token of {answer.url}: {answer.unread or 'not looked at'}"
        )
    found = answer.token
    if found.flaw:
        yield found.flaw
        return
    if found.algorithm.lower() in NONE:
        yield "the token is signed by nothing: anybody makes one"
    elif promised.algorithms and found.algorithm not in promised.algorithms:
        yield f"the token is signed by {found.algorithm}, not {' or '.join(promised.algorithms)}"
    yield from _signature(promised, found, answer)
    yield from _life(promised, found)
    for text in complaints(promised.claims, found.claims, known.first) if promised.claims else ():
        yield text.replace("body at", "the token's claims at", 1)


def _signature(promised: TokenPromise, found: Token, answer: Answer) -> Iterator[str]:
    if found.verified is False:
        yield "the token's signature is not made by the key of token_key_env"
    elif promised.verified and found.verified is None:
        why = found.unknown or "the target names no token_key_env"
        raise ObservationError(f"cannot tell: the signature of the token of {answer.url}: {why}")


def _life(promised: TokenPromise, found: Token) -> Iterator[str]:
    least, most, lives = promised.lives_at_least_s, promised.lives_at_most_s, found.lives_s
    if (least is not None or most is not None) and lives is None and "exp" in found.claims:
        yield "the token's exp is no time"
    elif most is not None and lives is None:
        yield f"the token lives for ever, promised {most} s at most"
    if lives is not None and least is not None and lives < least:
        yield f"the token lives {lives} s, promised {least} s at least"
    if lives is not None and most is not None and lives > most:
        yield f"the token lives {lives} s, promised {most} s at most"
