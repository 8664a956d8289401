"""Read systemd's units: state, settling, processes, and whether a reboot brings them up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import shlex
from collections.abc import Mapping

from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Identity, Unit, UnitReading
from gate.sources.host.journal import Errors, journal, read_errors
from gate.sources.host.processes import Table
from gate.sources.host.script import UNPULLED, Section
from gate.sources.host.unit_files import Verified, read_verified

Properties = Mapping[str, str]


def read_units(
    asked: tuple[str, ...], answers: Mapping[str, Section], table: Table, identity: Identity
) -> dict[str, Fact[Unit]]:
    """Read the units that were asked for, each by the name it was asked under."""
    if not asked:
        return {}
    first, second = _shown(answers["units"]), _shown(answers["again"])
    around = _around(answers, first, identity, table)
    # What it found travels in another section; this one's output is what it complained of.
    show = dataclasses.replace(answers["show"], err=answers["show"].text.strip())
    found: dict[str, Fact[Unit]] = {}
    for name in asked:
        if name not in first:
            found[name] = _untold(name, show, identity)
        elif first[name].get("LoadState") == "not-found":
            found[name] = Absent(f"systemctl show {name}: LoadState=not-found")
        else:
            later = second.get(name) or _without_asking(name, first[name], answers, around)
            found[name] = (
                later
                if isinstance(later, CannotTell)
                else Seen(_unit(name, first=first[name], second=later, around=around))
            )
    return found


def _shown(section: Section) -> dict[str, Properties]:
    """Blocks of ``systemctl show``, the first of each unit, under every name that it goes by."""
    found: dict[str, Properties] = {}
    for block in re.split(r"\n\n+", section.text):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name in _names(unit):
            found.setdefault(name, unit)
    return found


def _names(unit: Properties) -> set[str]:
    """Every name that a unit goes by."""
    return {unit.get("Id", ""), *unit.get("Names", "").split()}


@dataclasses.dataclass(frozen=True)
class _Around:
    """What is read once for all units.

    Attributes:
        shown: Units that were asked for, and what pulls them in; ``asked`` is how that ended.
        window_s: Time between the two readings.
        boot: How the list of ``default.target``'s dependencies ended; ``tree`` holds its units.
        runtime: Units that are enabled until the next boot only.
        states: Of every loaded unit, at the second reading: active and sub.
        errors: The journal's, by unit.
        verified: What systemd thinks of the units' files.
    """

    identity: Identity
    table: Table
    window_s: float
    shown: Mapping[str, Properties]
    asked: Section
    boot: Section
    tree: frozenset[str]
    runtime: frozenset[str]
    states: Mapping[str, tuple[str, str]]
    journal: Section
    errors: Errors
    verified: Verified


def _around(
    answers: Mapping[str, Section],
    shown: Mapping[str, Properties],
    identity: Identity,
    table: Table,
) -> _Around:
    listed = (line.split(None, 4) for line in answers["all"].text.splitlines())
    boot = shown.get("default.target", {}).get("Names", "").split()
    return _Around(
        identity=identity,
        table=table,
        window_s=_uptime(answers["later"]) - _uptime(answers["at"]),
        shown=shown,
        asked=answers["units"],
        boot=answers["boot"],
        tree=frozenset([*boot, *(line.strip() for line in answers["boot"].text.splitlines())]),
        runtime=frozenset(answers["runtime"].text.split()),
        states={
            words[0]: (words[2], words[3])
            for words in listed
            if len(words) >= 4  # noqa: PLR2004 - unit, load, active, sub
        },
        journal=answers["journal"],
        errors=read_errors(answers["journal"]),
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


def _uptime(section: Section) -> float:
    return float(section.text.split()[0])


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
    boots, why = _at_boot(first, around)
    names = _names(first)
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
        journal=journal(around.journal, around.errors, names, active_us, table.viewer),
        warnings=_warnings(first) + around.verified.of(names, (fragment, *drop_ins)),
    )


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
        return Seen(table.within(group))
    return Seen(table.descendants(main_pid) if main_pid else ())


def _at_boot(shown: Properties, around: _Around) -> tuple[Fact[bool], str]:
    """Whether ``default.target`` pulls the unit in, after a reboot too."""
    state = shown.get("UnitFileState", "")
    names = _names(shown)
    if shown.get("LoadState") == "masked" or state.startswith("masked"):
        return Seen(value=False), "it is masked"
    if around.boot.rc != 0:
        reason = f"systemctl list-dependencies default.target: {around.boot.why}"
        return CannotTell(reason, Cause.UPSTREAM), ""
    if not _pulled_in(names, around.tree, around.shown):
        if around.asked.rc == UNPULLED:
            reason = f"not all of what pulls it in could be read: {around.asked.why}"
            return CannotTell(reason, Cause.UPSTREAM), ""
        return Seen(
            value=False
        ), f"{state or 'no unit file state'}, and default.target does not pull it in"
    if state == "enabled-runtime" and names & around.runtime:
        return Seen(value=False), "enabled-runtime: enabled until the next boot only"
    return Seen(value=True), f"{state or 'no unit file state'}, pulled in by default.target"


def _pulled_in(names: set[str], tree: frozenset[str], shown: Mapping[str, Properties]) -> bool:
    """Whether a unit is in the tree, or is started together with another one that is.

    ``list-dependencies`` goes down through targets alone, and takes what is only stopped together
    (PartOf) for a dependency too; so systemd's word on who pulls a unit in counts, where it says.
    """
    stack, seen = sorted(names), set(names)
    while stack:
        unit = shown.get(stack.pop(), {})
        if not any(key.endswith("By") for key in unit):
            continue
        for key in ("WantedBy", "RequiredBy", "BoundBy", "UpheldBy"):
            above = set(unit.get(key, "").split())
            if above & tree:
                return True
            stack += above - seen
            seen |= above
    told = any(key.endswith("By") for name in names for key in shown.get(name, {}))
    return not told and bool(names & tree)


def _members(
    shown: Properties, states: Mapping[str, tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """For an umbrella (active, exited): the units that are part of it, with their state."""
    if (shown.get("ActiveState"), shown.get("SubState")) != ("active", "exited"):
        return ()
    names = sorted(shown.get("ConsistsOf", "").split())
    return tuple(
        (name, "{} ({})".format(*states[name]) if name in states else "not loaded")
        for name in names
    )


def _warnings(shown: Properties) -> tuple[str, ...]:
    error = shown.get("LoadError", "").strip()
    bad = shown.get("LoadState") in ("bad-setting", "error")
    return (error or f"LoadState={shown['LoadState']}",) if bad else ()
