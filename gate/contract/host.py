"""What can be promised of a host: its units, ports, paths, versions and clocks."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Name, Port, Seconds


class Service(Item):
    """A systemd unit.

    Attributes:
        label: Its name in the snapshot's table; the unit's where empty.
        state: ``ActiveState (SubState)``, such as ``active (running)``.
        starts_at_boot: Whether a reboot must bring it up; ``None`` promises nothing.
        restarted: After the deployment: whether it must (not) have been restarted by it.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"label", "restarted"}

    unit: Name
    state: Annotated[str, pydantic.Field(pattern=r"^[a-z-]+ \([a-z-]+\)$")]
    label: str = ""
    starts_at_boot: bool | None = None
    restarted: bool | None = None

    @property
    def changes_by_itself(self) -> bool:
        """A restart leaves the same state, since another time."""
        return bool(self.restarted)


class ListeningPort(Item):
    """A TCP port.

    Attributes:
        service: Name in the snapshot's table.
        owner: Unit that must hold it; ``None`` promises nothing.
        processes: How many worker processes must hold it; ``None`` promises nothing.
        reach: ``loopback`` (nothing wider), ``any`` (a wildcard), or ``None``.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"service"}

    port: Port
    service: Name
    owner: str | None = None
    processes: Annotated[int, pydantic.Field(gt=0)] | None = None
    reach: Literal["loopback", "any"] | None = None


class KeyPath(Item):
    """A path of the host; ``purpose`` stands in the snapshot's table."""

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"purpose"}

    path: AbsolutePath
    purpose: Name
    type: Literal["directory", "regular file", "symbolic link", "socket"] = "directory"
    owner: str | None = None
    group: str | None = None
    mode: Annotated[str, pydantic.Field(pattern=r"^[0-7]{4}$")] | None = None
    free_mb: Annotated[int, pydantic.Field(gt=0)] | None = None


class Runtime(Item):
    """A version; exactly one of ``command``, ``package``, ``server``, ``extension`` says whose.

    Attributes:
        label: Its name in the snapshot.
        version: What the version must be; ``16`` is met by 16.11 and not by 160.
        command: Argument list whose output holds the version.
        pattern: Regular expression whose first group is the version in that output.
        package: Python package as ``[environment folder, distribution]``.
        server: ``postgresql``: the server that answers the gate.
        extension: A PostgreSQL extension of the database.
        remark: What the snapshot adds in parentheses.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"label", "remark"}

    label: Name
    version: str = ""
    command: tuple[str, ...] | None = None
    pattern: str = r"(\d+(?:\.\d+)*)"
    package: tuple[str, str] | None = None
    server: Literal["postgresql"] | None = None
    extension: str | None = None
    remark: str = ""

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Runtime:
        given = [self.command, self.package, self.server, self.extension]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of command, package, server, extension")
        if not self.version and not self.absent:
            raise ValueError('needs a version (or `before`/`after` = "absent")')
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError("pattern needs exactly one group")
        return self


class Clock(Item):
    """A clock that tells the gate's own time.

    Attributes:
        of: Whose clock: the host's, or the database server's.
        within_s: How far it may be from the gate's, in seconds.
    """

    of: Literal["host", "database"]
    within_s: Seconds

    @pydantic.model_validator(mode="after")
    def _is_there(self) -> Clock:
        if self.absent:
            raise ValueError("a clock cannot be promised to be absent")
        return self
