"""A testinfra host whose commands go over the gate's own connection."""

from __future__ import annotations

from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from gate.connection.carrier import Carrier


class CarriedBackend(BaseBackend):  # type: ignore[misc] # testinfra has no types
    """Runs what testinfra's modules ask for through a carrier; it opens nothing itself."""

    NAME = "gate"

    def __init__(self, carrier: Carrier, hostname: str, deadline_s: float) -> None:
        """Take over a carrier.

        Args:
            carrier: The way to the host.
            hostname: What the host is called in messages.
            deadline_s: How long one command may take, in seconds.
        """
        super().__init__(hostname=hostname)
        self._carrier = carrier
        self._deadline_s = deadline_s

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a command to its end.

        Raises:
            ObservationError: The host was not reached, or the command took too long.
        """
        del kwargs
        output = self._carrier.run(self.get_command(command, *args), deadline_s=self._deadline_s)
        return self.result(output.rc, self.encode(command), output.stdout, output.stderr)


def carried(carrier: Carrier, hostname: str, deadline_s: float) -> Host:
    """The host that a carrier leads to, as testinfra's ``host``."""
    backend = CarriedBackend(carrier, hostname, deadline_s)
    host = Host(backend)
    backend.set_host(host)
    return host
