"""A machine whose clock is an hour ahead: every promise about a clock fails, and none beside it.

The machine shares this host's clock, so its programs are told another time: Debian's libfaketime
stands in ``/etc/ld.so.preload``, where every program that starts from then on loads it, whatever
becomes of its environment. What runs already keeps the right time, as far as the gate can see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.machine import extra
from tests.machine.trial import Machine, Result

HOUR_S = 3600.0
SLACK_S = 60.0
"""How long a look may take at most: what it took is taken off the skew."""
LIBRARY = "/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1"
AHEAD = f"echo +1h > /etc/faketimerc; echo {LIBRARY} > /etc/ld.so.preload"
UNDO = "rm -f /etc/ld.so.preload /etc/faketimerc"
LOGS = ("log.api", "log.rag_worker", "log.sla_worker", "work.sla")
UNCLEAR = dict.fromkeys(LOGS, "INCONCLUSIVE")
"""Since when a unit runs is told by a clock that its journal was not written by."""
POSTGRESQL = "postgresql@17-main.service"
REDIS = {
    "item": "runtime.redis",
    "set": {
        "command": ["dpkg-query", "-W", "-f", "${Version}", "redis-server"],
        "pattern": r":(\d+(?:\.\d+)*)",
    },
    "reason": "Redis' allocator waits for ever in libfaketime, so dpkg is asked for the version",
}


@pytest.fixture(scope="module")
def ahead(boot_machine: Callable[[str], Machine]) -> Iterator[Machine]:
    """A machine of its own, since what its database writes is dated an hour ahead."""
    machine = boot_machine("clock")
    extra.install(machine.record, "libfaketime")
    try:
        machine.run(AHEAD)
        yield machine
    finally:
        machine.run(UNDO)


def gate(machine: Machine) -> Result:
    """The gate's word on the machine as it is."""
    differs = [*(one.model_dump() for one in machine.target().differs), REDIS]
    return machine.gate("predeploy", machine.plain(), differs=differs)


def skew_s(result: Result, id_: str) -> float:
    """By how much a clock is told to be ahead, in seconds."""
    found = re.search(r"at least ([\d,.]+) s ahead of the gate's", result.items[id_]["reason"])
    assert found, result.items[id_]
    return float(found[1].replace(",", ""))


def test_host_an_hour_ahead(ahead: Machine) -> None:
    """The host's clock fails alone: what runs since before is still right."""
    result = gate(ahead)
    odd = {"clock.host": "FAIL", **UNCLEAR}
    assert (result.exit_status, result.odd()) == (1, odd), result.output
    assert HOUR_S - SLACK_S < skew_s(result, "clock.host") <= HOUR_S
    assert "date -u; timedatectl" in result.output  # over ssh, as it is pasted


def test_database_an_hour_ahead(ahead: Machine) -> None:
    """A database server that was restarted on such a host fails beside it, and all work goes on.

    The workers' proofs hold: their ages are reckoned by the very clock that dates them.
    """
    ahead.run(f"systemctl restart {POSTGRESQL}")
    ahead.settle()
    ahead.await_cycle()  # until its next one the worker rests, and does not know that it is cut off
    result = gate(ahead)
    odd = {"clock.host": "FAIL", "clock.database": "FAIL", **UNCLEAR}
    assert (result.exit_status, result.odd()) == (1, odd), result.output
    assert HOUR_S - SLACK_S < skew_s(result, "clock.database") <= HOUR_S


def test_clock_set_right_again(ahead: Machine) -> None:
    """Where the clock is right again, nothing is odd: not even what was dated in the future."""
    ahead.run(f"{UNDO}; systemctl restart {POSTGRESQL}")
    ahead.begin_anew()  # the workers told of the server's restarts
    result = gate(ahead)
    assert (result.exit_status, result.odd()) == (0, {}), result.output
