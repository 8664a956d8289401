"""Processes of a unit: which release they really run, as whom, and whether they know its files."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import pydantic

from gate.contract.item import AbsolutePath, Item, Moment, Name, Yes
from gate.contract.model import Promise
from gate.kinds.host_kind import Differences, HostKind, listed, other
from gate.kinds.process_config import newest_unread
from gate.kinds.process_rights import rights, value
from gate.kinds.recorded_processes import PROCESSES_THERE, own_variables
from gate.kinds.releases import other_release
from gate.kinds.scene import Scene, asked
from gate.kinds.stands_on import zones_of_host
from gate.kinds.unplaced import path_of, user_of
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.program_questions import Subject
from gate.sources.host.programs import PROGRAMS, ProgramFacts
from gate.sources.host.questions import AskPath
from gate.target import Target

GONE = " (deleted)"
STOPPED = "T"


class Process(Item):
    """The processes of a unit that runs: what they are, and not what its unit file says.

    A program that was deleted or replaced under a living process is never kept, and neither is a
    process that a signal stopped. What a process has read at its start is promised by ``config``;
    that the files are right is a ``check``.

    Attributes:
        unit: The unit, such as ``nginx.service``.
        executable: Program of its main process; links are followed.
        sha256: Digest of the program that its main process runs.
        release: Path that leads to the release, such as a link ``current``: every process has its
            program or its working folder in what it leads to now, and none has program, script or
            working folder in another release beside it: a folder whose name differs in number or
            commit alone, or any one where releases have a folder of their own beneath the link's.
        working_folder: Working folder of its main process; links are followed.
        command: Texts that must stand in its main process's command line.
        user: Who it really runs as.
        groups: Groups that it must have.
        groups_not: Groups that it must not have.
        limits: Soft limits by their names in ``/proc/PID/limits``, such as ``max open files``; each
            at least so high, -1 for none.
        environment: Names of variables that it must have.
        environment_not: Names of variables that it must not have.
        zone: Time zone that its environment gives it (``TZ``), else the host's, such as
            ``Etc/UTC``; a program may have another word for itself.
        drop_ins: Every drop-in that may change its unit file; ``[]`` where none may.
        config: Files and folders that it reads: none of them may have changed after it was started
            or reloaded by systemd. A reload by hand is known of ``nginx`` with two or more workers,
            by their ages; where workers of others are all younger than the change, it cannot be
            told.
        on_demand: A socket, a timer or a path starts its unit: nothing of it is promised while
            that is inactive, and has no process.
        unseen: Who looks is not shown the program, which root and its own user are: nothing is
            promised of that, not even that it was neither deleted nor replaced.
    """

    unit: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9:_.@\\-]+\.(service|scope)$")]
    executable: AbsolutePath | None = None
    sha256: Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    release: AbsolutePath | None = None
    working_folder: AbsolutePath | None = None
    command: tuple[Name, ...] = ()
    user: Name | None = None
    groups: tuple[Name, ...] = ()
    groups_not: tuple[Name, ...] = ()
    limits: dict[str, Annotated[int, pydantic.Field(ge=-1)]] = {}
    environment: tuple[Name, ...] = ()
    environment_not: tuple[Name, ...] = ()
    zone: Name | None = None
    drop_ins: tuple[AbsolutePath, ...] | None = None
    config: tuple[AbsolutePath, ...] = ()
    on_demand: Yes | None = None
    unseen: Yes | None = None


def _subject(item: Process, target: Target) -> Subject:
    config = tuple(target.placed(one) for one in item.config)
    return (item.unit, int(item.sha256 is not None), config)


def _differs(item: Process, found: ProgramFacts, scene: Scene) -> Differences:
    main = found.programs[0]
    yield from _unseen(item, found)
    yield from (
        f"process {one.pid} runs {one.executable.removesuffix(GONE)}, which was deleted or replaced"
        for one in found.programs
        if one.executable.endswith(GONE)
    )
    yield from (
        f"process {one.pid} is stopped by a signal (state T)"
        for one in found.programs
        if one.state == STOPPED
    )
    yield from _place("executable", item.executable, main.executable, scene)
    yield from _place("working folder", item.working_folder, main.folder, scene)
    if item.release is not None:
        shown = [one for one in found.programs if one.executable]
        yield from other_release(item.release, shown, scene)
    yield from (f"{one!r} is not in its command" for one in item.command if one not in main.command)
    if item.sha256 is not None:
        digest = found.sha256 or CannotTell("no digest was asked for", Cause.UPSTREAM)
        yield from value(digest, lambda is_: other("sha256", item.sha256, is_))
    yield from rights(item, found, scene)
    if item.drop_ins is not None:
        known = [scene.target.placed(one) for one in item.drop_ins]
        yield from (f"{one} changes its unit file" for one in found.drop_ins if one not in known)
        yield from (f"no drop-in {one}" for one in known if one not in found.drop_ins)
    yield from newest_unread(found, scene) if item.config else ()


def _unseen(item: Process, found: ProgramFacts) -> Differences:
    """That a program is not shown to who looks, where something is promised of it."""
    place = item.executable or item.working_folder or item.release
    hidden = next((one for one in found.programs if not one.executable), None)
    if hidden is not None and (place or not item.unseen):
        yield CannotTell(f"/proc/{hidden.pid}/exe is not shown to this user", Cause.PERMISSION)


def _place(name: str, must: str | None, is_: str, scene: Scene) -> Differences:
    if must is None or not is_:
        return
    wanted = _followed(must, scene)
    if isinstance(wanted, CannotTell):
        yield wanted
    elif wanted != is_.removesuffix(GONE):
        yield f"{name} is {is_}"


def _followed(path: str, scene: Scene) -> str | CannotTell:
    fact = asked(scene.host.paths, path)
    if isinstance(fact, Absent):
        return scene.target.placed(path)
    return fact.value.resolved if isinstance(fact, Seen) else fact


def _odd(item: Process, found: ProgramFacts, scene: Scene) -> list[str]:
    del item, scene
    replaced = found.replaced.value if isinstance(found.replaced, Seen) else ()
    return [f"it still uses what was replaced: {', '.join(replaced[:5])}"] if replaced else []


def _state(found: ProgramFacts) -> str:
    main, user = found.programs[0], found.user
    as_ = user.value if isinstance(user, Seen) else "somebody"
    drop_ins = f", drop-ins {', '.join(found.drop_ins)}" if found.drop_ins else ""
    where = f"{main.executable} in {main.folder}" if main.executable else "something"
    return f"{where} as {as_}{drop_ins}"


def _text(found: ProgramFacts) -> str:
    count = len(found.programs)
    return f"{_state(found)}, {count} process{'es' * (count > 1)}"


def _keys(item: Process, found: ProgramFacts) -> Mapping[str, Any]:
    given = item.model_dump(mode="json", exclude_defaults=True, exclude={*Item.model_fields})
    main = found.programs[0]
    return {
        **given,
        "executable": main.executable if given.get("executable") else None,
        "working_folder": main.folder or None,
        "user": found.user.value if isinstance(found.user, Seen) else given.get("user"),
        "zone": found.zone.value if given.get("zone") and isinstance(found.zone, Seen) else None,
        "drop_ins": list(found.drop_ins),
    }


def _again(item: Process, found: ProgramFacts, scene: Scene) -> Mapping[str, Any]:
    """Paths in the contract's own words, such as through a link, where these lead to the same."""
    main = found.programs[0]
    places = {"executable": main.executable, "working_folder": main.folder}
    named = {key: getattr(item, key) for key in places}
    return {
        key: word
        for key, word in named.items()
        if word is not None and _followed(word, scene) == places[key].removesuffix(GONE)
    }


def _own_word(named: str | None, is_: str, scene: Scene) -> str | None:
    """A path as the unit file names it, where that leads to what is there; none where hidden."""
    if not is_:
        return None
    leads = named is not None and _followed(named, scene) == is_
    return named if leads else path_of(scene.target, is_)


def _discovered(item: Process, found: ProgramFacts, scene: Scene) -> Mapping[str, Any]:
    """The same of a unit that nobody named, in the contract's words; of variables the names."""
    main, target = found.programs[0], scene.target
    is_ = found.user.value if isinstance(found.user, Seen) else ""
    user = user_of(target, is_) if is_ and not is_.isdigit() else None  # a number is made up
    folder = _own_word(item.working_folder, main.folder, scene)
    drop_ins = [path_of(target, one) for one in found.drop_ins]
    variables = own_variables(found.variables.value) if isinstance(found.variables, Seen) else []
    return {
        "unit": item.unit,
        "executable": _own_word(item.executable, main.executable.removesuffix(GONE), scene),
        "working_folder": folder if folder != "/" else None,
        "unseen": item.unseen,
        "user": user,
        "environment": variables or None,
        "zone": found.zone.value if isinstance(found.zone, Seen) else None,
        "drop_ins": drop_ins if None not in drop_ins else None,
        "config": list(item.config) or None,
        "on_demand": item.on_demand,
    }


HOST_KIND = HostKind(
    name="process",
    chapter="processes",
    rank=11,
    model=Process,
    probe=PROGRAMS,
    subject=_subject,
    called=lambda item: f"process of {item.unit}",
    promised=lambda item: listed(
        running=True, **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "unit"})
    ),
    differs=_differs,
    text=_text,
    state=_state,
    odd=_odd,
    columns={
        "Program": lambda one: one.programs[0].executable,
        "Folder": lambda one: one.programs[0].folder,
        "User": lambda one: one.user.value if isinstance(one.user, Seen) else "-",
    },
    look=lambda item, _: (
        f"systemctl status {shlex.quote(item.unit)}; "
        f"ls -l /proc/$(systemctl show -P MainPID {shlex.quote(item.unit)})/exe"
    ),
    keys=_keys,
    discover=PROCESSES_THERE,
    discovered=_discovered,
    again=_again,
    may_miss=lambda item, gone: bool(item.on_demand) and gone.proof.endswith("it is inactive"),
    severity="critical",
)


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    yield from HOST_KIND.kind.asks(promise, moment, target)
    item = promise.at(moment)
    if isinstance(item, Process):
        places = (item.executable, item.working_folder, item.release)
        yield from (AskPath(one) for one in places if one is not None)


def _stands_on(promise: Promise, scene: Scene) -> Iterable[str]:
    """The host's zone, where nothing else is wrong with a process that names none itself."""
    item = scene.item(promise, Process)
    fact = scene.probed(PROGRAMS, _subject(item, scene.target))
    if item.zone is None or not isinstance(fact, Seen):
        return ()
    variables = fact.value.variables
    own = not isinstance(variables, Seen) or "TZ" in variables.value
    rest = _differs(item.model_copy(update={"zone": None}), fact.value, scene)
    return () if own or any(rest) else zones_of_host(promise, scene)


KIND = dataclasses.replace(HOST_KIND.kind, asks=_asks, stands_on=_stands_on)
