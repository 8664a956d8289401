"""``annotations.txt``: the worst of what did not pass, as GitHub's workflow commands.

A job prints the file, and GitHub shows each line at the contract's file and line.

Source:
    "Workflow commands for GitHub Actions"; ten errors and ten warnings of a step are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.report.account import Account
from gate.report.findings import findings
from gate.report.text import line as one_line

name = "annotations"
FILE = "annotations.txt"
MOST = 10
ERRORS = ("FAIL", "INCONCLUSIVE")
ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**ESCAPES, ":": "%3A", ",": "%2C"}


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The file; empty where everything passed."""
    del already
    lines = list(_lines(account))[:MOST]
    return {FILE: "".join(f"{one}\n" for one in lines).encode("utf-8", "replace")}


def _lines(account: Account) -> Iterator[str]:
    for one in findings(account):
        worst = one["outcome"] in ERRORS or one["id"] is None
        command = "error" if worst and not account.advises else "warning"
        where = {"file": one.get("file"), "line": one.get("line"), "title": _title(one)}
        named = (
            f"{key}={_escaped(str(value), IN_PROPERTIES)}" for key, value in where.items() if value
        )
        words = [one["cause"]]
        words += [f"{key} {one[key]}" for key in ("promised", "seen") if one.get(key)]
        yield f"::{command} {','.join(named)}::{_escaped('; '.join(words), ESCAPES)}"


def _title(one: Mapping[str, str]) -> str:
    return f"{one['outcome']} {one['id']}" if one["id"] else one["outcome"]


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in one_line(text))
