"""Canaries on the target itself: let fly when the look is over, by a run that may write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gate.connection import forward
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.sources.api.promised import PromisedExchange
from gate.sources.binding import belonging
from gate.sources.canary.facts import CanaryFacts
from gate.sources.canary.questions import AskCanary, AskLeft
from gate.sources.fact import Absent, Fact, Seen
from gate.sources.source import Looking, Source
from gate.target import Target

if TYPE_CHECKING:
    import psycopg  # where no canary flies, it is not loaded

SESSION_S = 15.0
AFTER = ("host", "database", "api")
"""What is looked at in peace, before anything is written."""
UNASKED = "no canary flew in this run"


def look(looking: Looking) -> Fact[CanaryFacts]:
    """Find what earlier runs left; then let each fly, one after the other."""
    flying = [one for one in looking.asked if isinstance(one, AskCanary)]
    left = [one for one in looking.asked if isinstance(one, AskLeft)]
    if not flying and not left:
        return Absent(UNASKED)
    from gate.sources.canary.flight import fly  # noqa: PLC0415 - where none flies: not loaded
    from gate.sources.canary.place import Place  # noqa: PLC0415
    from gate.sources.canary.removal import left_by_others  # noqa: PLC0415

    target, carrier = looking.target, looking.carrier
    place = Place(
        target=target,
        logins=logins_of(looking.contract, target, looking.moment),
        open=_opener(looking),
        ways=forward.to_bases(target, carrier, {"", *target.api.bases}),
        carrier=carrier,
        works=True,
        interrupted=carrier.interrupted,
    )
    found: dict[str, dict[str, Any]] = {"flown": {}, "left": {}}

    def all_of_them() -> None:
        for one in left:
            told = left_by_others(one.canary, place, may_remove=looking.writes)
            found["left"][one.id] = told
        if flying and looking.writes:
            for name in AFTER:
                looking.of(name)
            for ask in flying:
                if not carrier.interrupted.is_set():
                    found["flown"][ask.id] = Seen(fly(ask.canary, place))

    _to_its_end(all_of_them)
    return Seen(CanaryFacts(**found))


def _to_its_end(do: Callable[[], None]) -> None:
    """Do something in a thread that the end of the process waits for: a canary is taken away."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            do()
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run, name="canary", daemon=False)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def logins_of(
    contract: Contract | None, target: Target, moment: Moment
) -> dict[str, PromisedExchange]:
    """The endpoints that a target's roles log in by, by item id."""
    promises = contract.promises if contract else {}
    ids = [f"endpoint.{name}" for name in sorted(target.api.logins)]
    found: dict[str, object] = {id_: promises[id_].at(moment) for id_ in ids if id_ in promises}
    return {id_: one for id_, one in found.items() if isinstance(one, PromisedExchange)}


def _opener(looking: Looking) -> Callable[[threading.Event], psycopg.Connection[Any]]:
    """Sessions with the target's database, which can only read."""
    from gate.connection.postgres import Guard, connect  # noqa: PLC0415 - where none flies
    from gate.sources.database.look import IN_UTC, session_parameters  # noqa: PLC0415

    target = looking.target
    if not target.database.service:

        def none(_: threading.Event) -> psycopg.Connection[Any]:
            raise ObservationError("cannot tell: the target names no [database]")

        return none
    overrides = forward.to_database(target, looking.carrier)

    def opened(stop: threading.Event) -> psycopg.Connection[Any]:
        guard = Guard(SESSION_S, stop)
        parameters = session_parameters(target, overrides)
        session = connect(guard, target.deadlines.connect_s, **parameters)
        session.execute(IN_UTC)
        return session

    return opened


def _belonging(facts: CanaryFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> CanaryFacts:
    return facts.model_copy(
        update={
            "flown": belonging(facts.flown, was, asked),
            "left": belonging(facts.left, was, asked),
        }
    )


SOURCE = Source(
    name="canary",
    rank=45,
    format=1,
    facts=CanaryFacts,
    look=look,
    unasked=UNASKED,
    after=AFTER,
    belonging=_belonging,
)
