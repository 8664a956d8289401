"""Sections about the host: services, ports, paths and runtime versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from gate.contract.host import KeyPath, ListeningPort, Runtime, Service
from gate.duration import uptime
from gate.report.marks import BROKEN, marked, unknown
from gate.report.seen import host_of, listeners_of, path_of, unit_of, version_of
from gate.report.snapshot.view import View
from gate.report.text import cell, markdown, row
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.facts import Listener, Unit


def services(view: View) -> list[str]:
    """One row per unit that is promised or there."""
    rows = ["| Service | Status | Uptime |", "|---------|--------|--------|"]
    for id_, item in view.contract.of(Service, view.moment).items():
        fact, line = unit_of(view.observed, item), view.lines.get(id_)
        if item.absent and not isinstance(fact, Seen):
            continue
        if isinstance(fact, CannotTell):
            status = unknown(fact)
        elif isinstance(fact, Absent):
            status = marked("not found", line)
        else:
            status = marked(cell(f"{fact.value.active_state} ({fact.value.sub_state})"), line)
        up = _uptime(view, fact.value) if isinstance(fact, Seen) else "-"
        rows.append(row(cell(item.label or item.unit), status, up))
    return rows


def _uptime(view: View, unit: Unit) -> str:
    """Told by the host's own clock, which its units' starts are told by too."""
    host = host_of(view.observed)
    if unit.active_state != "active" or not isinstance(host, Seen):
        return "-"
    return uptime(unit.started, host.value.identity.clock)


def port_map(view: View) -> list[str]:
    """One row per port that is promised or open."""
    rows = ["| Port | Service | PID |", "|------|---------|-----|"]
    for id_, item in view.contract.of(ListeningPort, view.moment).items():
        fact = listeners_of(view.observed, item, view.target)
        if item.absent and not isinstance(fact, Seen):
            continue
        line = view.lines.get(id_)
        if isinstance(fact, Seen):
            holders = marked(_pids(view, fact.value), line)
        else:
            holders = marked("closed", line) if isinstance(fact, Absent) else unknown(fact)
        rows.append(row(str(item.port), cell(item.service), holders))
    return rows


def key_paths(view: View) -> list[str]:
    """One row per path that is promised or there."""
    rows = ["| Path | Purpose |", "|------|---------|"]
    for id_, item in view.contract.of(KeyPath, view.moment).items():
        fact = path_of(view.observed, item)
        if item.absent and not isinstance(fact, Seen):
            continue
        shown = cell(item.path)
        if isinstance(fact, CannotTell):
            shown += f" {unknown(fact)}"
        else:
            shown = marked(shown, view.lines.get(id_))
        rows.append(row(shown, cell(item.purpose)))
    return rows


def runtimes(view: View) -> list[str]:
    """One line per version; ``Not installed`` where that is proven."""
    lines = []
    for id_, item in view.contract.of(Runtime, view.moment).items():
        fact, line = version_of(view.observed, id_, item), view.lines.get(id_)
        if isinstance(fact, CannotTell):
            text = unknown(fact)
        elif isinstance(fact, Absent):
            text = marked("Not installed", line)
        else:
            remark = f" ({markdown(item.remark)})" if item.remark else ""
            text = marked(f"{cell(fact.value)}{remark}", line)
        lines.append(f"- {markdown(item.label)}: {text}")
    return lines or [f"- {BROKEN} the contract promises no version"]


def _pids(view: View, listeners: Sequence[Listener]) -> str:
    """The processes that hold a port, newest first; ``-`` where they cannot be seen.

    A supervisor that passed its socket on to its workers is left out, as in the user's document.
    """
    host = host_of(view.observed)
    processes = host.value.processes if isinstance(host, Seen) else {}
    pids = {pid for one in listeners if isinstance(one.pids, Seen) for pid in one.pids.value}
    supervisors = {processes[pid].parent for pid in pids if pid in processes} & pids
    never = dt.datetime.min.replace(tzinfo=dt.timezone.utc)

    def age(pid: int) -> tuple[dt.datetime, int]:
        process = processes.get(pid)
        return (process.started if process else never, pid)

    workers = sorted(pids - supervisors or pids, key=age, reverse=True)
    return ", ".join(str(pid) for pid in workers) or "-"
