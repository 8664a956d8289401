"""The health check's endpoints."""

from __future__ import annotations

import re

from gate.contract.kinds import Endpoint
from gate.duration import seconds
from gate.report.marks import verdict_mark
from gate.report.seen import answer_of, body_value
from gate.report.snapshot.view import View
from gate.report.text import markdown, short
from gate.sources.api.facts import Answer
from gate.sources.fact import Seen


def endpoints(view: View) -> list[str]:
    """One line per endpoint that has a label in the contract."""
    lines = []
    for id_, item in view.contract.of(Endpoint, view.moment).items():
        if not item.label:
            continue
        fact, line = answer_of(view.observed, id_), view.lines.get(id_)
        if item.absent and not isinstance(fact, Seen):
            continue
        text = verdict_mark(line, was_seen=isinstance(fact, Seen))
        if item.remark and isinstance(fact, Seen):
            text += f" ({_remark(item.remark, fact.value)})"
        lines.append(f"- {markdown(item.label)}: {text}")
    return lines


def _remark(template: str, answer: Answer) -> str:
    """Fill in ``{seconds}``, or a top-level value of the answer by its name."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "seconds":
            return seconds(answer.elapsed_s)
        return short(body_value(answer, name) or f"no {name}", 40)

    return markdown(re.sub(r"\{(\w+)\}", value, template))
