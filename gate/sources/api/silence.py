"""Tell a firewall that drops from a way that is down: by what else answers on the same host."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from gate.sources.api.facts import Answer
from gate.sources.api.failure import Silent
from gate.sources.api.promised import PromisedExchange
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.target import Target


def dropped(
    target: Target,
    endpoints: Mapping[str, PromisedExchange],
    answers: Mapping[str, Fact[Answer]],
    reached: Collection[str],
) -> dict[str, Fact[Answer]]:
    """What nothing came back from is proven to be dropped where its host is reached otherwise.

    Args:
        target: Where the bases are.
        endpoints: What was asked, by item id.
        answers: What came of it.
        reached: Names of hosts that were reached from here otherwise.
    """
    there = {*reached}
    for id_, fact in answers.items():
        base = target.api.at(endpoints[id_].base)
        if isinstance(fact, Seen) and not base.forward:
            there.add(_host(base.base))
    return {id_: _told(fact, target, endpoints[id_], there) for id_, fact in answers.items()}


def _told(
    fact: Fact[Answer], target: Target, item: PromisedExchange, there: Collection[str]
) -> Fact[Answer]:
    if not isinstance(fact, Silent):
        return fact
    base = target.api.at(item.base).base
    if _host(base) in there:
        return Absent(
            f"{fact.reason}: nothing comes back from {base}, while {_host(base)} is reached "
            f"otherwise: a firewall drops it"
        )
    why = "a firewall drops it, or there is no way from this machine: nothing else answers there"
    return CannotTell(f"{fact.reason}: {why}", fact.cause)


def _host(base: str) -> str:
    return (urlsplit(base).hostname or "").lower()
