"""The moments of one deployment: before, after, restored, each as an account of its own."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import pydantic

from gate.account.verdict import Line, Verdict, Word
from gate.report.account import Account, Earlier
from gate.report.runs import VERDICT

UNTOLD = Verdict(word=Word.INCONCLUSIVE, exit_status=10, lines=())
"""Of a moment of which the look alone is known."""
READ_BYTES = 64 * 1024**2
"""Of a kept verdict; a larger one is none of ours."""


def story(account: Account) -> list[Account]:
    """The moments of a deployment up to this one, in their order; this one is the last."""
    told: list[Account] = []
    for one in account.earlier:
        told.append(_at(account, one, told))
    return [*told, account]


def _at(account: Account, one: Earlier, told: list[Account]) -> Account:
    before = told[0] if told else None
    return dataclasses.replace(
        account,
        moment=one.moment,
        verdict=one.verdict or UNTOLD,
        observed=one.observed,
        started=one.started,
        finished=one.finished,
        run=one.run,
        baseline=before.observed if before else None,
        baseline_verdict=before.verdict if before else None,
        earlier=(),
        replay=None,
    )


def read_verdict(folder: pathlib.Path) -> Verdict | None:
    """How a kept run ended, as far as its file says so; ``None`` where it is none, or half of one.

    Args:
        folder: The run's own.
    """
    try:
        with (folder / VERDICT).open("rb") as file:
            document = json.loads(file.read(READ_BYTES))
        return Verdict(
            word=Word(document["verdict"]),
            exit_status=int(document["exit_status"]),
            lines=tuple(_LINES.validate_python(document["items"])),
            not_run=tuple(map(str, document["not_run"])),
            warnings=tuple(map(str, document["warnings"])),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


_LINES = pydantic.TypeAdapter(list[Line])
