"""Read systemd's units: state, settling, processes, and whether a reboot brings them up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shlex
from collections.abc import Mapping

from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.boot import Boot, at_boot, names_of, read_boot
from gate.sources.host.facts import Identity, Unit, UnitReading
from gate.sources.host.journal import Log, journal, read_journal
from gate.sources.host.plausible import NUMBER, Properties, contradicts_itself, unlike_a_unit
from gate.sources.host.processes import Table
from gate.sources.host.section import Section
from gate.sources.host.spans import seconds_of
from gate.sources.host.unit_files import Verified, read_verified
from gate.sources.host.window import too_short, window_s


def read_units(
    asked: tuple[str, ...],
    answers: Mapping[str, Section],
    table: Table,
    identity: Identity,
    *,
    least_s: float = 0.0,
) -> dict[str, Fact[Unit]]:
    """Read the units that were asked for, each by the name it was asked under.

    Args:
        asked: Names of units.
        answers: Sections by name.
        table: The host's processes.
        identity: Who looked.
        least_s: How far the two readings must lie apart, by the host's own clock.
    """
    if not asked:
        return {}
    first, second = _shown(answers["units"]), _shown(answers["again"])
    # What it found travels in another section; this one's output is what it complained of.
    show = dataclasses.replace(answers["show"], err=answers["show"].text.strip())
    between_s = window_s(answers)
    short = too_short(between_s, least_s)
    if short or between_s is None:
        return dict.fromkeys(asked, CannotTell(short, Cause.UPSTREAM))
    around = _around(answers, first, identity, table, between_s)
    return {
        name: _read(name, first, second, answers, around)
        if name in first
        else _untold(name, show, identity)
        for name in asked
    }


def _read(
    name: str,
    first: Mapping[str, Properties],
    second: Mapping[str, Properties],
    answers: Mapping[str, Section],
    around: _Around,
) -> Fact[Unit]:
    """One unit that systemd tells of."""
    shown = first[name]
    odd = unlike_a_unit(shown)
    if odd:
        return CannotTell(f"systemctl show {name}: {odd}", Cause.UPSTREAM)
    # A process goes on after its unit's file was removed.
    if shown["LoadState"] == "not-found" and shown["ActiveState"] in ("inactive", "failed"):
        return Absent(f"systemctl show {name}: LoadState=not-found")
    later = second.get(name)
    if later is None:
        without = _without_asking(name, shown, answers, around)
        if isinstance(without, CannotTell):
            return without
        later = without
    odd = contradicts_itself(shown, later, around.table)
    if odd:
        return CannotTell(f"systemctl show {name}: {odd}", Cause.UPSTREAM)
    return Seen(_unit(name, first=shown, second=later, around=around))


def _shown(section: Section) -> dict[str, Properties]:
    """Blocks of ``systemctl show``, the first of each unit, under every name that it goes by."""
    found: dict[str, Properties] = {}
    for block in section.text.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name in names_of(unit):
            found.setdefault(name, unit)
    return found


@dataclasses.dataclass(frozen=True)
class _Around:
    """What is read once for all units.

    Attributes:
        window_s: Time between the two readings.
        boot: What a reboot brings up.
        states: Of every loaded unit, at the second reading: active and sub.
        journal: What it says of each unit.
        verified: What systemd thinks of the units' files.
    """

    identity: Identity
    table: Table
    window_s: float
    boot: Boot
    states: Mapping[str, tuple[str, str]]
    journal: Log
    verified: Verified


def _around(
    answers: Mapping[str, Section],
    shown: Mapping[str, Properties],
    identity: Identity,
    table: Table,
    between_s: float,
) -> _Around:
    listed = (line.split(None, 4) for line in answers["all"].text.splitlines())
    return _Around(
        identity=identity,
        table=table,
        window_s=between_s,
        boot=read_boot(answers, shown),
        states={
            words[0]: (words[2], words[3])
            for words in listed
            if len(words) >= 4  # noqa: PLR2004 - unit, load, active, sub
        },
        journal=read_journal(answers["journal"], answers["logged"], answers["lines"]),
        verified=read_verified(answers["verify"], identity),
    )


def _without_asking(
    name: str, first: Properties, answers: Mapping[str, Section], around: _Around
) -> Properties | CannotTell:
    """The second reading of a unit that had a main process at the first.

    While that process lives, the unit was not restarted. Its state is in the list of all units.
    """
    pid, id_ = int(first.get("MainPID") or 0), first["Id"]
    if not pid or (id_ not in around.states and answers["again"].rc != 0):
        return _untold(name, answers["again"], around.identity)
    if id_ not in around.states:
        return _untold(name, answers["all"], around.identity, "list-units")
    lived = around.table.lived(pid)
    if lived is None:
        return CannotTell(f"{name}: its process {pid} could not be followed", Cause.UPSTREAM)
    active, sub = around.states[id_]
    second = {**first, "ActiveState": active, "SubState": sub}
    return second if lived else {**second, "MainPID": "0"}


def _untold(name: str, section: Section, identity: Identity, command: str = "show") -> CannotTell:
    if not identity.has_systemd and "systemd" in section.err:
        reason = f"PID 1 is {identity.init}, not systemd: {section.why}"
        return CannotTell(reason, Cause.TOOL_MISSING)
    if section.rc == 127:  # noqa: PLR2004 - the shell's "not found"
        return CannotTell(f"systemctl is missing: {section.why}", Cause.TOOL_MISSING)
    if section.late:
        return CannotTell(f"systemctl {command} did not end in time ({name})", Cause.TIMEOUT)
    why = section.why if section.rc != 0 else "it is not told of"
    return CannotTell(f"systemctl {command}, {name}: {why}", Cause.UPSTREAM)


def _unit(
    name: str,
    *,
    first: Properties,
    second: Properties,
    around: _Around,
) -> Unit:
    table = around.table
    main_pid, group = int(second.get("MainPID") or 0), first.get("ControlGroup", "")
    active_us = int(first.get("ActiveEnterTimestampMonotonic") or 0)
    active = first.get("ActiveState") == "active"
    boots, why = at_boot(first, around.boot)
    names = names_of(first)
    fragment, drop_ins = first.get("FragmentPath", ""), _paths(first.get("DropInPaths", ""))
    return Unit(
        asked=name,
        id=first["Id"],
        load_state=first.get("LoadState", ""),
        active_state=second.get("ActiveState") or first.get("ActiveState", ""),
        sub_state=second.get("SubState") or first.get("SubState", ""),
        result=first.get("Result", ""),
        unit_file_state=first.get("UnitFileState", ""),
        starts_at_boot=boots,
        why_at_boot=why,
        need_daemon_reload=first.get("NeedDaemonReload") == "yes",
        fragment_path=fragment,
        drop_ins=drop_ins,
        control_group=group,
        main_pid=main_pid,
        started=_moment(active_us, around.identity) if active and active_us else None,
        readings=(_reading(first), _reading(second)),
        window_s=around.window_s,
        process_state=(
            table.state(main_pid) if main_pid else Absent("there is no main process (MainPID=0)")
        ),
        pids=_pids(main_pid, group, table),
        executable=(
            table.executable(main_pid)
            if main_pid
            else Absent("there is no main process (MainPID=0)")
        ),
        members=_members(first, around.states),
        triggers=_with_states(first.get("TriggeredBy", ""), around.states),
        journal=journal(around.journal, names, around.identity.booted, table.viewer),
        **_ended(first),
        **_watchdog(second, first, around.identity),
        warnings=_warnings(first) + around.verified.of(names, (fragment, *drop_ins)),
    )


def _ended(shown: Properties) -> dict[str, int]:
    """How its main process last ended."""
    keys = {"exit_code": "ExecMainCode", "exit_status": "ExecMainStatus"}
    values = {name: shown.get(key, "") for name, key in keys.items()}
    return {name: int(one) for name, one in values.items() if one and NUMBER.fullmatch(one)}


def _watchdog(second: Properties, first: Properties, identity: Identity) -> dict[str, float | None]:
    """How often it must ping, and how long ago it did; by the clock that the host is told by."""
    every_s = seconds_of(first.get("WatchdogUSec", ""))
    shown = second.get("WatchdogTimestampMonotonic") or first.get("WatchdogTimestampMonotonic", "")
    if not every_s or not shown or not NUMBER.fullmatch(shown):
        return {}
    up_s = (identity.clock - identity.booted).total_seconds()
    return {"watchdog_s": every_s, "watchdog_ago_s": max(0.0, up_s - int(shown) / 1e6)}


def _paths(text: str) -> tuple[str, ...]:
    """Paths as systemd lists them: one with a blank in it is quoted."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _moment(monotonic_us: int, identity: Identity) -> dt.datetime:
    return identity.booted + dt.timedelta(microseconds=monotonic_us)


def _reading(shown: Properties) -> UnitReading:
    return UnitReading(
        main_pid=int(shown.get("MainPID") or 0),
        started_monotonic_us=int(shown.get("ExecMainStartTimestampMonotonic") or 0),
        restarts=int(shown.get("NRestarts") or 0),
        active_state=shown.get("ActiveState", ""),
    )


def _pids(main_pid: int, group: str, table: Table) -> Fact[tuple[int, ...]]:
    """By control group; where systemd keeps none, the main process and its descendants."""
    if group:
        return table.within(group)
    return table.descendants(main_pid) if main_pid else Seen(())


def _members(
    shown: Properties, states: Mapping[str, tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """For an umbrella (active, exited): the units that are part of it, with their state."""
    if (shown.get("ActiveState"), shown.get("SubState")) != ("active", "exited"):
        return ()
    return _with_states(shown.get("ConsistsOf", ""), states)


def _with_states(names: str, states: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    missing = "not loaded" if states else "cannot tell"
    return tuple(
        (name, "{} ({})".format(*states[name]) if name in states else missing)
        for name in sorted(names.split())
    )


def _warnings(shown: Properties) -> tuple[str, ...]:
    error = shown.get("LoadError", "").strip()
    bad = shown.get("LoadState") in ("bad-setting", "error")
    return (error or f"LoadState={shown['LoadState']}",) if bad else ()
