"""The verdict in one line, and what to do about it."""

from __future__ import annotations

from gate.account.verdict import BESIDE, Line, Outcome, Verdict, Word
from gate.report.account import tally
from gate.sources.fact import Cause

UNUSED = "declared, but this contract has no such item: it changes nothing"
"""Said of a declared difference that nothing hangs on."""
ADVISES = "Advice only: this run blocks nothing and promotes nothing"
"""Said of a run with ``--advise``, whatever its verdict."""
ADVICE = {
    Word.PROMOTE: "every promise is accounted for",
    Word.BLOCKED: "a promise is broken: do not go on",
    Word.INCONCLUSIVE: "not everything could be told: look again",
    Word.PARTIAL: "not every item was run: run the whole gate",
    Word.REPLAYED: "a kept look was judged again: look at the target before you go on",
    Word.INTERRUPTED: "the run was interrupted: run it again",
}
RIGHTS = (
    "not everything could be told, some of it for lack of rights: "
    "look again with more (sudo = true in the target, a grant)"
)
"""What to do where not all was shown to who looked."""


BESIDES = (BESIDE, "SECRET IN A REPORT")
"""How that begins which is no promise and blocks."""


def advice(verdict: Verdict) -> str:
    """What to do about a verdict."""
    if verdict.word is Word.BLOCKED and not verdict.count(Outcome.FAIL):
        return "what is no promise blocks: do not go on"
    if verdict.word is Word.INCONCLUSIVE and any(map(_lacks_rights, verdict.lines)):
        return RIGHTS
    return ADVICE[verdict.word]


def _lacks_rights(line: Line) -> bool:
    """Whether whoever looked was not let: to look again the same way changes nothing."""
    return line.outcome is Outcome.INCONCLUSIVE and f"({Cause.PERMISSION.value})" in line.reason


def weight(warning: str) -> Outcome:
    """What a verdict's warning is worth: FAIL where it blocks, although it is no promise."""
    return Outcome.FAIL if warning.startswith(BESIDES) else Outcome.WARN


def conclusion(verdict: Verdict) -> str:
    """The one line, such as ``verdict: BLOCKED (exit 1): 1 FAIL, 227 PASS of 228 items``."""
    return (
        f"verdict: {verdict.word.value} (exit {verdict.exit_status}): {tally(verdict)} "
        f"of {len(verdict.lines)} items"
    )


def beyond(verdict: Verdict) -> str:
    """Why a run does not promote although each of its items would; empty where that is not so.

    Forms that know items alone, and no verdict over them, need it: an interrupted run, a replay, a
    run without items and one whose reports hold a secret would be green there.
    """
    stands = (Outcome.FAIL, Outcome.INCONCLUSIVE)
    if verdict.word is Word.PROMOTE or any(verdict.count(one) for one in stands):
        return ""
    reasons = verdict.warnings if verdict.word is Word.BLOCKED else ()
    return f"{verdict.word.value}: {'; '.join(reasons) or advice(verdict)}"
