"""What each section of the document is written from, and the document's heading."""

from __future__ import annotations

import dataclasses
import datetime as dt

from gate.account.verdict import Line
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.report.account import SNAPSHOT
from gate.report.seen import host_of
from gate.report.text import markdown
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class View:
    """One moment at one target; ``lines`` are the verdict's, by item."""

    contract: Contract
    target: Target
    moment: Moment
    observed: Observed | None
    lines: dict[str, Line]


def heading(view: View, started: dt.datetime | None) -> list[str]:
    """Title, date, time, host, user and working directory; ``-`` for what is not known."""
    when = view.observed.started if view.observed else started
    utc = when.astimezone(dt.timezone.utc) if when else None
    host = host_of(view.observed)
    name, user = "-", "-"
    if isinstance(host, Seen):
        name, user = host.value.identity.hostname, host.value.identity.user
    place = " (embedded sandbox, no real host)" if view.target.embedded else ""
    return [
        f"# {SNAPSHOT[view.moment]} - {markdown(view.contract.system)}",
        "",
        f"**Date:** {utc.strftime('%Y-%m-%d') if utc else '-'}",
        f"**Time:** {utc.strftime('%H:%M') + ' UTC' if utc else '-'}",
        f"**Host:** {markdown(name)}{place}",
        f"**User:** {markdown(user)}",
        f"**CWD:** {markdown(view.contract.cwd)}",
    ]
