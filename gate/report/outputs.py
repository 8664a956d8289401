"""``outputs.env``: the verdict as ``name=value`` lines, for the jobs that come after.

GitHub takes them in ``$GITHUB_OUTPUT``, GitLab as a report of the kind ``dotenv``, a shell by
sourcing them: no value holds anything but letters, digits, dots, hyphens and underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gate.account.verdict import Outcome, Word
from gate.report.account import Account

name = "outputs"
FILE = "outputs.env"
ODD = re.compile(r"[^\w.-]", re.ASCII)


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The file."""
    del already
    verdict = account.verdict
    promotes = verdict.word is Word.PROMOTE and not account.advises
    values = {
        "gate_verdict": verdict.word.value,
        "gate_exit_status": str(verdict.exit_status),
        "gate_promotes": "yes" if promotes else "no",
        "gate_advises": "yes" if account.advises else "no",
        "gate_target": account.target.name,
        "gate_moment": account.moment,
        "gate_run": account.run,
        "gate_contract": account.contract.sha256,
        "gate_failed": str(verdict.count(Outcome.FAIL)),
        "gate_inconclusive": str(verdict.count(Outcome.INCONCLUSIVE)),
    }
    lines = (f"{key}={ODD.sub('_', value)}\n" for key, value in values.items())
    return {FILE: "".join(lines).encode()}
