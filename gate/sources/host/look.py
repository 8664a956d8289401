"""Look at a host: one script over one connection, taken apart into three-valued facts."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping

from gate.connection.carrier import Carrier
from gate.connection.frame import Output
from gate.connection.obstacle import CarrierError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import HostFacts, HostQuestions, Identity, Listener, Path, Unit
from gate.sources.host.processes import Table
from gate.sources.host.script import Section, compose, sections
from gate.sources.host.sockets import read_listeners
from gate.sources.host.units import read_units
from gate.target import Target

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit statuses of a shell, and of coreutils' ``timeout``."""


def look(target: Target, questions: HostQuestions, carrier: Carrier) -> Fact[HostFacts]:
    """Ask a host everything at once.

    Returns:
        The facts, or why nothing at all can be told of the host; it never raises for what the
        host does.
    """
    token = f"section-{secrets.token_hex(8)}"
    try:
        output = carrier.run(compose(target, questions, token), deadline_s=target.deadlines.host_s)
        answers = sections(output.stdout, token)
        return Seen(_facts(target, questions, answers, output))
    except CarrierError as error:
        return CannotTell(str(error), error.cause)
    except (ValueError, LookupError) as error:
        return CannotTell(f"{target.host}: its answer cannot be read: {error}", Cause.UPSTREAM)


def _facts(
    target: Target, questions: HostQuestions, answers: Mapping[str, Section], output: Output
) -> HostFacts:
    identity, ticks = _identity(answers["identity"], output)
    table = Table(answers, identity, ticks, output.no_sudo)
    units = read_units(questions.units, answers, table, identity)
    listeners = read_listeners(answers["listeners"], units.values(), table, identity)
    places = [*questions.paths, *questions.folders]
    paths = _paths([target.placed(one) for one in places], answers) if places else []
    return HostFacts(
        identity=identity,
        units=units,
        listeners=listeners,
        processes=table.facts(_interesting(units, listeners)),
        paths=dict(zip(questions.paths, paths, strict=False)),
        outputs={
            key: _output(answers[f"output.{number}"], command)
            for number, (key, command) in enumerate(questions.outputs.items())
        },
        packages={
            key: _package(answers[f"packages.{number}"], folder, name)
            for number, (key, (folder, name)) in enumerate(questions.packages.items())
        },
        tools={
            tool: _tool(answers[f"tool.{number}"], tool)
            for number, tool in enumerate(questions.tools)
        },
        files={
            folder: _files(answers[f"files.{number}"], paths[len(questions.paths) + number])
            for number, folder in enumerate(questions.folders)
        },
    )


def _identity(section: Section, output: Output) -> tuple[Identity, int]:
    """Who answers, and the length of its clock tick (per second)."""
    hostname, kernel, user, init, ticks, uptime, clock, *os_ = section.text.splitlines()
    now = dt.datetime.fromtimestamp(float(clock), dt.timezone.utc)
    identity = Identity(
        hostname=hostname,
        user=user,
        os=os_[0].strip("\"'") if os_ else "unknown",
        kernel=kernel,
        init=init,
        clock=now,
        booted=now - dt.timedelta(seconds=float(uptime.split()[0])),
        privileges=output.privileges,
    )
    return identity, int(ticks)


def _interesting(
    units: Mapping[str, Fact[Unit]], listeners: Fact[tuple[Listener, ...]]
) -> set[int]:
    pids: set[int] = set()
    for unit in units.values():
        if isinstance(unit, Seen):
            pids |= {unit.value.main_pid} - {0}
            pids |= set(unit.value.pids.value) if isinstance(unit.value.pids, Seen) else set()
    for one in listeners.value if isinstance(listeners, Seen) else ():
        pids |= set(one.pids.value) if isinstance(one.pids, Seen) else set()
    return pids


def _paths(places: list[str], answers: Mapping[str, Section]) -> list[Fact[Path]]:
    """Pair what ``stat`` found, and what it complained of, with what it was asked for, in order."""
    fields = answers["stat"].text.split("\0")
    stats = {fields[at]: fields[at + 1 : at + 5] for at in range(0, len(fields) - 4, 5)}
    complaints = iter(answers["stat"].err.splitlines())
    room = answers["room"].text.split("\0")
    rooms = {room[at]: int(room[at + 1]) * int(room[at + 2]) for at in range(0, len(room) - 2, 3)}
    resolved = answers["resolved"].text.split("\0")
    found: list[Fact[Path]] = []
    for number, place in enumerate(places):
        if place not in stats:
            found.append(_missing(next(complaints, answers["stat"].why)))
            continue
        type_, owner, group, mode = stats[place]
        free = rooms.get(place)
        found.append(
            Seen(
                Path(
                    path=place,
                    resolved=resolved[number] if number < len(resolved) else place,
                    type=type_.replace("regular empty file", "regular file"),
                    owner=owner,
                    group=group,
                    mode=mode.zfill(4),
                    free_bytes=(
                        CannotTell(f"stat -f: {answers['room'].why}", Cause.UPSTREAM)
                        if free is None
                        else Seen(free)
                    ),
                )
            )
        )
    return found


def _missing(complaint: str) -> Fact[Path]:
    if complaint.endswith(("No such file or directory", "Not a directory")):
        return Absent(complaint)
    cause = Cause.PERMISSION if complaint.endswith("Permission denied") else Cause.UPSTREAM
    return CannotTell(complaint, cause)


def _output(section: Section, command: tuple[str, ...]) -> Fact[str]:
    """What a command says; some say their version on standard error."""
    if section.rc == NOT_FOUND:
        return Absent(f"{command[0]}: {section.why}")
    if section.rc == NOT_EXECUTABLE:
        return CannotTell(f"{command[0]}: {section.why}", Cause.PERMISSION)
    if section.rc != 0:
        late = Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return CannotTell(f"{' '.join(command)} exited with {section.rc}: {section.why}", late)
    return Seen(section.text.strip() or section.err)


def _package(section: Section, folder: str, name: str) -> Fact[str]:
    """The version in the name of a package's ``.dist-info`` folder."""
    if section.rc != 0:
        if "No such file" in section.err:
            return Absent(section.why)
        return CannotTell(section.why, Cause.PERMISSION)
    wanted = re.sub(r"[-_.]+", "_", name).lower()
    for line in section.text.splitlines():
        match = re.fullmatch(r"(.+?)-([^-]+)\.(?:dist-info|egg-info)", line)
        if match and re.sub(r"[-_.]+", "_", match[1]).lower() == wanted:
            return Seen(match[2])
    return Absent(f"no {name} among the packages in {folder}")


def _tool(section: Section, tool: str) -> Fact[str]:
    if section.rc == 0 and section.out.strip():
        return Seen(section.text.strip())
    return Absent(f"command -v {tool} found nothing on the PATH")


def _files(section: Section, folder: Fact[Path]) -> Fact[dict[str, str]]:
    """Lines ``name NUL line`` of every file of a folder."""
    if not isinstance(folder, Seen):
        return folder
    if section.rc != 0 or section.err:
        return CannotTell(f"{folder.value.path}: {section.why}", Cause.PERMISSION)
    texts: dict[str, list[str]] = {}
    for line in section.text.split("\n"):
        path, nul, text = line.partition("\0")
        if nul:
            texts.setdefault(path.rpartition("/")[2], []).append(text)
    return Seen({name: "\n".join(lines) + "\n" for name, lines in texts.items()})
