"""Values of a target that stand for ``{name}`` in what a contract says of an API."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from gate.sources.fact import Cause
from gate.target import Target

WORD = re.compile(r"\{(\w+)\}")


class MissingError(Exception):
    """Something that a request needs is not given, or is not to be sent; the text says what.

    Attributes:
        cause: What kind of obstacle that is.
    """

    def __init__(self, text: str, cause: Cause = Cause.UPSTREAM) -> None:
        """Keep the cause."""
        super().__init__(text)
        self.cause = cause


def filled(text: str, target: Target, environ: Mapping[str, str] = os.environ) -> str:
    """A text with the target's values.

    Raises:
        MissingError: One is not given.
    """

    def value(match: re.Match[str]) -> str:
        found = target.value(match[1], environ)
        if found is None:
            raise MissingError(
                f"{text} needs a value for {match[0]}: give it in the target file under "
                f"[api.values], or name its environment variable under [api.values_env]"
            )
        return found

    return WORD.sub(value, text)
