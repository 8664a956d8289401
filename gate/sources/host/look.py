"""Look at a host: one script over one connection, taken apart into three-valued facts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from gate.connection.carrier import Carrier
from gate.connection.frame import Output
from gate.connection.obstacle import CarrierError
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.distributions import several, versions_of
from gate.sources.host.facts import HostFacts, HostQuestions, Listener, Path, Unit
from gate.sources.host.identity import read_identity
from gate.sources.host.paths import read_paths
from gate.sources.host.probe import read
from gate.sources.host.processes import Table
from gate.sources.host.script import compose, largest, sections
from gate.sources.host.section import Section
from gate.sources.host.sockets import read_sockets
from gate.sources.host.units import read_units
from gate.target import Target

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit statuses of a shell, and of coreutils' ``timeout``."""
NOT_THERE = ("not found", "No such file or directory", "Not a directory")
"""How the last line ends that says so."""
OUTPUT = 1 << 16
"""How much of a command's output is kept, in characters."""
VERSION = re.compile(r"[\w.+!~-]{1,100}")


def look(target: Target, questions: HostQuestions, carrier: Carrier) -> Fact[HostFacts]:
    """Ask a host everything at once.

    Returns:
        The facts, or why nothing at all can be told of the host; it never raises for what the
        host does.
    """
    token, deadline_s = f"section-{secrets.token_hex(8)}", target.deadlines.host_s
    try:
        script = compose(target, questions, token)
        output = carrier.run(script, deadline_s=deadline_s, in_part=True)
        answers = sections(output.stdout, token, largest(target, questions), output.cut)
        return Seen(_facts(target, questions, answers, output, token))
    except CarrierError as error:
        more = f" ([deadlines] host_s = {deadline_s:g} of the target)"
        late = error.cause is Cause.TIMEOUT
        return CannotTell(f"{error}{more if late else ''}", error.cause)
    except (ValueError, LookupError) as error:
        return CannotTell(f"{target.host}: its answer cannot be read: {error}", Cause.UPSTREAM)


def _facts(
    target: Target,
    questions: HostQuestions,
    answers: Mapping[str, Section],
    output: Output,
    token: str,
) -> HostFacts:
    identity, ticks, shell = read_identity(answers["identity"], output.privileges)
    table = Table(answers, identity, ticks, no_sudo=output.no_sudo, shell=shell)
    window_s = questions.window_s
    units = read_units(questions.units, answers, table, identity, least_s=window_s)
    sockets = read_sockets(answers, units.values(), table, identity)
    places = {one: target.placed(one) for one in (*questions.paths, *questions.folders)}
    paths = read_paths([*places.values()], answers, token)
    return HostFacts(
        identity=identity,
        units=units,
        listeners=sockets.listeners,
        unsure_ports=dict(sockets.unsure),
        processes=table.facts(_interesting(units, sockets.listeners)),
        paths={one: paths[places[one]] for one in questions.paths},
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
            folder: _files(answers[f"files.{number}"], paths[places[folder]])
            for number, folder in enumerate(questions.folders)
        }
        | {
            key: _committed(answers[f"committed.{number}"], folder, git)
            for number, (key, (folder, git)) in enumerate(questions.committed.items())
        },
        probes={
            name: read(asked, answers[f"probe.{name}"]) for name, asked in questions.probes.items()
        },
    )


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


def _output(section: Section, command: tuple[str, ...]) -> Fact[str]:
    """What a command says; some say their version on standard error."""
    if section.rc == NOT_FOUND and section.err.endswith(NOT_THERE):
        return Absent(f"{command[0]}: {section.why}")
    if section.rc == NOT_EXECUTABLE or section.err.endswith("Permission denied"):
        return CannotTell(f"{command[0]}: {section.why}", Cause.PERMISSION)
    if section.rc != 0:
        late = Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return CannotTell(f"{' '.join(command)} exited with {section.rc}: {section.why}", late)
    return Seen(known.redactor().cut(section.text.strip() or section.err, OUTPUT))


def _package(section: Section, folder: str, name: str) -> Fact[str]:
    """The version in the name of a package's ``.dist-info`` folder."""
    if section.rc != 0:
        if section.rc > 0 and section.err.endswith(NOT_THERE):
            return Absent(section.why)
        denied = "Permission denied" in section.err
        return CannotTell(section.why, Cause.PERMISSION if denied else Cause.UPSTREAM)
    lines = section.text.splitlines()
    versions = versions_of(name, lines)
    if versions:
        return _version(folder, name, versions)
    if lines and "." not in lines:  # behind a line of ours: every folder has itself
        return CannotTell(f"{folder}: ls -a did not list it", Cause.UPSTREAM)
    return Absent(f"no {name} among the packages in {folder}")


def _version(folder: str, name: str, versions: tuple[str, ...]) -> Fact[str]:
    if len(versions) > 1:
        return CannotTell(several(folder, name, versions), Cause.UPSTREAM)
    if VERSION.fullmatch(versions[0]):
        return Seen(versions[0])
    said = known.first(versions[0], 80)
    return CannotTell(f"{folder}: no version is like {said!r}", Cause.UPSTREAM)


def _tool(section: Section, tool: str) -> Fact[str]:
    where = section.text.strip()
    if section.rc == 0 and (where == tool or _is_path_of(where, tool)):
        return Seen(where)
    if section.rc == 0 and where:
        reason = f"command -v {tool}: no path of it is like {known.first(where, 80)!r}"
        return CannotTell(reason, Cause.UPSTREAM)
    if section.rc < 0:
        return CannotTell(section.why, Cause.UPSTREAM)
    return Absent(f"command -v {tool} found nothing on the PATH")


def _is_path_of(where: str, tool: str) -> bool:
    """Whether a text is one absolute path that ends in the tool's name."""
    return where.startswith("/") and "\n" not in where and where.endswith(f"/{tool.lstrip('/')}")


def _files(section: Section, folder: Fact[Path]) -> Fact[dict[str, str]]:
    """Lines ``name NUL line`` of every file of a folder."""
    if not isinstance(folder, Seen):
        return folder
    if section.rc != 0 or section.err:
        return CannotTell(f"{folder.value.path}: {section.why}", Cause.PERMISSION)
    return Seen(_texts(section))


def _committed(section: Section, folder: str, git: str) -> Fact[dict[str, str]]:
    """The same of a commit; ``git grep`` ends with 1 where there is no such file."""
    if section.rc not in (0, 1) or section.err:
        tool = section.rc == NOT_FOUND
        cause = Cause.TOOL_MISSING if tool else Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return CannotTell(f"{folder} at {git}: {section.why}", cause)
    texts = _texts(section)
    if not texts:
        return Absent(f"there is no *.py in {folder} at {git}")
    return Seen(texts)


def _texts(section: Section) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for line in section.text.split("\n"):
        path, nul, text = line.partition("\0")
        if nul:
            texts.setdefault(path.rpartition("/")[2].rpartition(":")[2], []).append(text)
    return {name: "\n".join(lines) + "\n" for name, lines in texts.items()}
