"""What a unit went through: how often it was started again, and what it failed of."""

from __future__ import annotations

import datetime as dt

from gate.errors import ObservationError
from gate.sources.fact import Absent, Seen, known
from gate.sources.host.facts import Unit
from gate.sources.host.spans import ending

WINDOW_S = 600.0
"""Within so many seconds restarts are counted where an item says nothing of it.

A crash every 30 s is seen without waiting.
"""


RELOADING = "reloading"
FRESH_S = 10.0
"""A unit that restarted and is younger than this has not settled."""


def unsettled(unit: Unit, clock: dt.datetime) -> list[str]:
    """Why a unit that runs may not stay so, by two readings and the journal; empty where it may."""
    first, second = unit.readings
    if first.active_state == RELOADING:  # since then that has ended
        first = first.model_copy(update={"active_state": "active"})
    if first != second:
        text = (
            f"not settled: within {unit.window_s:.1f} s the main PID went from {first.main_pid} to "
            f"{second.main_pid}, restarts from {first.restarts} to {second.restarts}, "
            f"{first.active_state} to {second.active_state}"
        )
        return [text]
    young = unit.started and (clock - unit.started).total_seconds() < FRESH_S
    # Who exits well and is started again as planned has settled as far as it ever will. A journal
    # that knows nothing of the restart knows nothing of a failure either.
    told = unit.journal.value if isinstance(unit.journal, Seen) else None
    well = told is not None and told.restarts and not told.failures
    if second.restarts and young and not well:
        return [f"not settled: came up just now after {second.restarts} restarts"]
    return []


def again_and_again(
    at_most: int, unit: Unit, clock: dt.datetime, within_s: float = WINDOW_S
) -> list[str]:
    """Why a unit does not stay up, by the journal; empty where it does.

    ``NRestarts`` counts for as long as the unit is loaded, and tells no time: it only tells whether
    there is anything to find.

    Args:
        at_most: How often systemd may have started it again within that time.
        unit: The unit.
        clock: The host's clock.
        within_s: That time, in seconds, up to now.

    Raises:
        ObservationError: It came up a short while ago after restarts, and the journal that would
            tell when they were cannot be read, or knows nothing of them.
    """
    restarts = max(one.restarts for one in unit.readings)
    up_s = (clock - unit.started).total_seconds() if unit.started else 0.0
    times: tuple[dt.datetime, ...] = ()
    if isinstance(unit.journal, Seen):
        times = unit.journal.value.restarts
    late = [one for one in times if (clock - one).total_seconds() <= within_s]
    if len(late) > at_most:
        every_s = (late[0] - late[-1]).total_seconds() / (len(late) - 1 or 1)
        ago_s = (clock - late[0]).total_seconds()
        often = f"about every {every_s:.0f} s" if len(late) > 1 else f"{ago_s:.0f} s ago"
        return [f"systemd started it again {len(late)} times within {within_s / 60:g} min, {often}"]
    # Fewer are known than there were, and all of them are young: more may have been within it.
    cut = len(late) == len(times) < restarts
    if restarts > at_most and up_s < within_s and cut:
        why = (
            f"it tells of {len(times) or 'none'}"
            if isinstance(unit.journal, Seen)
            else unit.journal
        )
        said = why if isinstance(why, str) else getattr(why, "reason", "")
        raise ObservationError(
            f"cannot tell (upstream): it was started again {restarts} times, is up for "
            f"{up_s:.0f} s, and when that was the journal does not tell: {said}"
        )
    return []


def causes(unit: Unit) -> list[str]:
    """What systemd, the unit's file and the journal say of a unit that is not as it should be."""
    found = []
    if unit.load_state not in ("loaded", ""):
        found.append(f"its unit file is {unit.load_state}")
    if unit.result not in ("success", ""):
        found.append(f"systemd's result is {unit.result}")
    ended = ending(unit.exit_code, unit.exit_status)
    if ended and (unit.active_state != "active" or unit.result not in ("success", "")):
        found.append(ended)
    found += [f"systemd on its unit file: {one}" for one in unit.warnings[:3]]
    if isinstance(unit.journal, Seen) and unit.journal.value.last:
        found.append(f"last in the journal: {' | '.join(unit.journal.value.last)}")
    return found


def watchdog(wanted: bool, unit: Unit) -> list[str]:  # noqa: FBT001 - one shape for all
    """Whether systemd watches over it, where that is wanted, and hears of it."""
    if unit.watchdog_s is None or unit.watchdog_ago_s is None:
        return ["systemd does not watch over it: it has no WatchdogSec"] if wanted else []
    if unit.watchdog_ago_s <= unit.watchdog_s:
        return []
    ago, every = f"{unit.watchdog_ago_s:.1f} s", f"{unit.watchdog_s:g} s"
    return [f"its last ping to the watchdog was {ago} ago, and one is due every {every}"]


def is_reloaded(state: str, unit: Unit) -> bool:
    """Whether a unit that is promised to be active is being reloaded."""
    return state.startswith("active (") and unit.active_state == RELOADING


def reloaded(state: str, unit: Unit) -> list[str]:
    """Nothing is wrong with a unit for being reloaded.

    Raises:
        ObservationError: It is: nobody knows yet whether that succeeds.
    """
    if is_reloaded(state, unit):
        raise ObservationError("cannot tell (upstream): it is being reloaded just now")
    return []


def stopped(unit: Unit) -> list[str]:
    """A unit stays active (running) while its process is stopped or a zombie."""
    if not unit.main_pid:
        return []
    state = known(unit.process_state)
    if isinstance(state, Absent):
        return [f"its main process {unit.main_pid} is gone ({state.proof})"]
    return [f"its main process {unit.main_pid} is in state {state}"] if state[:1] in "TtZX" else []
