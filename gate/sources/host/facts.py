"""Facts about a Linux host: units, listeners, paths, runtimes, and the host itself."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pydantic

from gate.sources.fact import Fact, Model
from gate.sources.host.probe import Asked, Probed


class UnitReading(Model):
    """The part of a unit that must stand still for the unit to count as settled.

    Attributes:
        main_pid: 0 where there is no main process.
        started_monotonic_us: ``ExecMainStartTimestampMonotonic``; 0 where it never started.
        restarts: ``NRestarts``.
        active_state: ``ActiveState``.
    """

    main_pid: int
    started_monotonic_us: int
    restarts: int
    active_state: str


class Journal(Model):
    """What the journal says of a unit since the host came up.

    Attributes:
        restarts: When systemd started it again by itself (UTC), the newest first, at most 100.
        failures: When it failed (UTC), the newest first, at most 100.
        last: The newest lines, redacted, newest last, at most 3: of systemd about it, and of a
            unit that does not run or was started again its own.
    """

    restarts: tuple[dt.datetime, ...] = ()
    failures: tuple[dt.datetime, ...] = ()
    last: tuple[str, ...] = ()


class Unit(Model):
    """One systemd unit, as ``systemctl show`` tells it.

    Attributes:
        asked: The name that was asked for, which may be an alias.
        id: The unit's own name.
        started: When it became active (UTC); ``None`` where it is not.
        starts_at_boot: Whether a reboot brings it up; apart from ``unit_file_state``, since an
            umbrella, a timer or a dependency can start what is not enabled itself.
        why_at_boot: What ``starts_at_boot`` was concluded from.
        readings: Two readings, a settling window apart, oldest first.
        window_s: The time between them, in seconds.
        process_state: State letter and word of the main process (``/proc/PID/stat``), such as
            ``S (sleeping)``; a unit can be active while its process is ``T (stopped)``.
        pids: Every process of the unit's control group.
        members: For an umbrella unit (active, exited): the units that it stands for, with state.
        triggers: The units that start it when something happens (sockets, timers, paths), with
            state.
        exit_code: How the main process last ended, ``CLD_…`` of ``waitid(2)``: 1 for exited, 2 for
            killed, 3 for dumped; 0 where it did not.
        exit_status: Its exit status, or the signal that ended it.
        watchdog_s: How often it has to tell systemd that it is well; ``None`` where it need not.
        watchdog_ago_s: How long ago it last did so, in seconds.
        warnings: What systemd said of the unit file that it accepted in part only.
    """

    asked: str
    id: str
    load_state: str
    active_state: str
    sub_state: str
    result: str
    unit_file_state: str
    starts_at_boot: Fact[bool]
    why_at_boot: str
    need_daemon_reload: bool
    fragment_path: str
    drop_ins: tuple[str, ...]
    control_group: str
    main_pid: int
    started: dt.datetime | None
    readings: tuple[UnitReading, UnitReading]
    window_s: float
    process_state: Fact[str]
    pids: Fact[tuple[int, ...]]
    executable: Fact[str]
    members: tuple[tuple[str, str], ...] = ()
    triggers: tuple[tuple[str, str], ...] = ()
    journal: Fact[Journal]
    exit_code: int = 0
    exit_status: int = 0
    watchdog_s: float | None = None
    watchdog_ago_s: float | None = None
    warnings: tuple[str, ...] = ()


class Listener(Model):
    """One listening TCP socket.

    Attributes:
        address: Without brackets; ``0.0.0.0`` and ``::`` are the wildcards.
        family: ``ipv4`` or ``ipv6``.
        v6only: For IPv6 wildcards: whether IPv4 is refused; ``None`` where it cannot be told.
        pids: Processes that hold it, ascending.
        units: Units whose control group (or main process's descendants) hold it.
        uid: Owner of the socket.
    """

    address: str
    port: int
    family: Literal["ipv4", "ipv6"]
    v6only: bool | None
    pids: Fact[tuple[int, ...]]
    units: Fact[tuple[str, ...]]
    uid: int | None


class Path(Model):
    """One path of the host.

    Attributes:
        type: As GNU ``stat`` names it: ``directory``, ``regular file``, ``symbolic link``, ...;
            links are followed, ``resolved`` tells where to.
        mode: Four octal digits, such as ``0755``.
        free_bytes: Space that is free to ordinary users on its file system.
    """

    path: str
    resolved: str
    type: str
    owner: str
    group: str
    mode: str
    free_bytes: Fact[int]


class Process(Model):
    """A process that a unit or a listener named.

    Attributes:
        started: When it was started (UTC).
        cwd: Its working directory, which tells the release that it runs.
        command: Its command line, redacted.
    """

    pid: int
    parent: int
    user: str
    started: dt.datetime
    state: str
    executable: Fact[str]
    cwd: Fact[str]
    command: str


class Identity(Model):
    """Which machine this is and how it was looked at.

    Attributes:
        clock: The host's own time of the look (UTC).
        booted: When the host came up (UTC).
        init: The name of PID 1, ``systemd`` on a host that the gate is made for.
        privileges: ``root``, ``sudo`` or ``user``: with what rights the look was done.
    """

    hostname: str
    user: str
    os: str
    kernel: str
    init: str
    clock: dt.datetime
    booted: dt.datetime
    privileges: Literal["root", "sudo", "user"]

    @property
    def has_systemd(self) -> bool:
        """Whether PID 1 is systemd, so that control groups are units."""
        return self.init == "systemd"


class HostFacts(Model):
    """Everything that one look at the host answered; keys are what was asked for."""

    identity: Identity
    units: dict[str, Fact[Unit]]
    listeners: Fact[tuple[Listener, ...]]
    unsure_ports: dict[int, str] = {}
    """Ports of which ``ss`` and the kernel do not say the same, with what they say."""
    processes: dict[int, Process]
    paths: dict[str, Fact[Path]]
    outputs: dict[str, Fact[str]]
    """Standard output of each asked command, by the key it was asked under."""
    packages: dict[str, Fact[str]]
    """Version of each asked Python package, by the key it was asked under."""
    tools: dict[str, Fact[str]]
    """Where each asked command was found."""
    files: dict[str, Fact[dict[str, str]]]
    """Text of the files of each asked folder (``*.py``), by folder, then by file name."""
    probes: dict[str, Probed] = {}
    """What each probe of a kind told, by its name."""


class HostQuestions(Model):
    """What to ask of a host in one look.

    Attributes:
        units: Unit names.
        paths: Absolute paths on the host.
        outputs: Commands to run as they are (argument lists), by key.
        packages: Python packages as ``(environment folder, distribution name)``, by key.
        tools: Command names to find on the PATH.
        folders: Folders whose ``*.py`` files are read whole (migrations).
        committed: Folders whose ``*.py`` files are read whole as they are in a commit of the
            git repository around them, as ``(folder, commit or tag)``, by key.
        probes: What kinds ask by probes of their own, by the probe's name.
        window_s: Settling window for units, in seconds.
        deployed: When the deployment was begun, in seconds since 1970, where that is known.
    """

    units: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    outputs: dict[str, tuple[str, ...]] = {}
    packages: dict[str, tuple[str, str]] = {}
    tools: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    committed: dict[str, tuple[str, str]] = {}
    probes: dict[str, pydantic.InstanceOf[Asked]] = {}
    window_s: float = 1.0
    deployed: float | None = None
