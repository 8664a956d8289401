"""The checks that every tool does, and the machine that they are done on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tests.machine.trial import Machine

FOLDER = "/opt/bench"
OWNER, MODE = "navi", "0640"
UNIT = (
    "[Service]\nExecStart=/bin/sleep infinity\n"
    "[Install]\nWantedBy=multi-user.target\n"
    "[Unit]\nStartLimitIntervalSec=0\n"
)
BATCH = 100
"""Units that are started by one command."""


@dataclasses.dataclass(frozen=True)
class Checks:
    """Services that run and are enabled, and files with a mode and an owner.

    Attributes:
        services: Names of units, with suffix.
        paths: Absolute paths.
        broken: Subjects of the checks that must fail.
    """

    services: tuple[str, ...]
    paths: tuple[str, ...]

    @property
    def broken(self) -> set[str]:
        """One service is stopped; one file has another mode, one is gone."""
        return {self.services[1], self.paths[1], self.paths[2]}

    def differing(self, verdict: Mapping[str, bool]) -> dict[str, bool | None]:
        """Where a tool came to another verdict than it must, and to which."""
        found = {one: verdict.get(one) for one in (*self.services, *self.paths)}
        return {one: well for one, well in found.items() if well != (one not in self.broken)}


def checks(services: int, paths: int) -> Checks:
    """The checks of a size."""
    return Checks(
        tuple(f"bench@{number:04}.service" for number in range(services)),
        tuple(f"{FOLDER}/file-{number:04}" for number in range(paths)),
    )


def populate(machine: Machine, wanted: Checks) -> None:
    """Have the machine hold what is checked, and break what is to be found broken.

    What a smaller size made stays; the machine grows from size to size.
    """
    machine.run(f"mkdir -p {FOLDER}; cat > /etc/systemd/system/bench@.service <<'END'\n{UNIT}END")
    machine.run("systemctl daemon-reload")
    for at in range(0, len(wanted.services), BATCH):
        batch = " ".join(wanted.services[at : at + BATCH])
        machine.run(f"systemctl -q enable {batch}; systemctl start {batch}")
    files = " ".join(wanted.paths)
    machine.run(f"touch {files}; chown {OWNER}:{OWNER} {files}; chmod {MODE} {files}")
    machine.run(
        f"systemctl stop {wanted.services[1]}; chmod 0600 {wanted.paths[1]}; rm {wanted.paths[2]}"
    )
