"""The snapshot document: a suite's own template with live values, or every chapter in turn.

What the gate has to add stands in sections behind the template's last line, so that a suite's own
document stays a prefix of it. Ports and paths are the contract's; where the target moves them, the
section "Gate" says where to.
"""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Mapping

from gate.account.verdict import verdict
from gate.contract.model import MOMENTS, Contract
from gate.errors import ContractError
from gate.report.account import SNAPSHOT, Account
from gate.report.rows import rows_of, untold
from gate.report.snapshot.data import context
from gate.report.snapshot.gate import gate
from gate.report.snapshot.rehearsal import rehearsal
from gate.report.snapshot.template import DEFAULT, TemplateError, template_of, written
from gate.report.text import markdown
from gate.target import Target

name = "snapshot"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The document's file."""
    del already
    return {SNAPSHOT[account.moment]: document(account).encode("utf-8", "replace")}


def try_template(contract: Contract, target: Target) -> None:
    """Carry out a contract's own template for every moment, with nothing seen and nothing judged.

    What `check_template` cannot know shows here: a column that no kind has, a key of no item.

    Raises:
        ContractError: It fails; the text names file and line.
    """
    file, now = template_of(pathlib.Path(contract.folder)), dt.datetime.now(dt.timezone.utc)
    if file == DEFAULT:
        return
    for moment in MOMENTS:
        account = Account(
            contract=contract,
            target=target,
            moment=moment,
            verdict=verdict(contract.at(moment), {}, {}, moment=moment, today=now.date()),
            observed=None,
            started=now,
            finished=now,
        )
        try:
            written(file, context(account, rows_of(account), rows_of(account, every=True)))
        except TemplateError as error:
            raise ContractError(f"{error} (at {moment})") from error


def document(account: Account) -> str:
    """Write the document as Markdown, by the template beside the contract.

    A template that fails is told, and the engine's own is taken: a look is never lost to it.
    """
    fault = ""
    rows, every = rows_of(account), rows_of(account, every=True)
    try:
        text = written(
            template_of(pathlib.Path(account.contract.folder)), context(account, rows, every)
        )
    except TemplateError as error:
        fault, rows, every = str(error), rows_of(account), rows_of(account, every=True)
        text = written(DEFAULT, context(account, rows, every))
    ids = {one.plain_id for one in untold(every)}
    further = [one for one in untold(rows) if one.plain_id in ids]
    if account.replay and markdown(account.replay.sentence()) not in text:
        text = f"**{markdown(account.replay.sentence())}**\n\n{text}"
    sections = [text, "\n".join(["## Gate", "", *gate(account, further, fault)])]
    if rehearsed := rehearsal(account):
        sections.append("\n".join(["## Rehearsal", "", *rehearsed]))
    return "\n\n---\n\n".join(sections) + "\n"
