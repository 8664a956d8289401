"""Chains of the firewall: their policy and their rules, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import Item, Name
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.recorded_firewall import FIREWALL_THERE, leads_to_passing
from gate.kinds.scene import Scene
from gate.rule import Filled, Is, Not, Rule, Some
from gate.sources.host.firewall import FIREWALL, ChainFacts, plain
from gate.target import Target

Word = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)?$")]

MOST_ELEMENTS = 64
"""Of a set that is recorded: a longer one is some program's list."""


class Firewall(Item):
    """A chain of the host's firewall, as its tool prints it.

    What really gets through is shown by an ``endpoint`` that is asked for from outside.

    Attributes:
        tool: What tells of it.
        table: Of ``nft`` family and name, such as ``inet filter``; of iptables a name alone.
        chain: The chain's name.
        policy: What becomes of what no rule decides, as the tool writes it.
        rules: Rules that must be in it, in this order; of iptables without ``-A`` and the chain.
        rules_not: Rules that must not be in it.
        sets: Of nft: elements that must be in sets which its rules name, as ``{good =
            ["192.0.2.0/24"]}`` for ``@good``.
        only: It has no rule but ``rules``, and these sets have no other elements.
    """

    tool: Literal["nft", "iptables", "ip6tables"] = "nft"
    table: Word
    chain: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    policy: Literal["accept", "drop", "ACCEPT", "DROP"] | None = None
    rules: tuple[Name, ...] = ()
    rules_not: tuple[Name, ...] = ()
    sets: dict[Name, tuple[Name, ...]] = {}
    only: bool = False

    RULES = (
        Rule(Some(Not(Is("only", True)), Filled("rules")), "only goes with rules"),
        Rule(
            Some(Not(Filled("sets")), Not(Some(Is("tool", "iptables"), Is("tool", "ip6tables")))),
            "sets goes with nft",
        ),
    )


def _differs(item: Firewall, found: ChainFacts, scene: Scene) -> Iterator[str]:
    del scene
    if item.policy is not None and item.policy.lower() != found.policy.lower():
        yield f"its policy is {found.policy or 'none: it is no base chain'}"
    wanted = [plain(one) for one in item.rules]
    rules = [*found.rules]
    missing = [one for one in wanted if one not in rules]
    yield from (f"no rule {one!r}" for one in missing)
    if not missing and not _in_order(wanted, rules):
        yield f"its rules have another order: {'; '.join(one for one in rules if one in wanted)}"
    yield from (f"a rule {one!r}" for one in map(plain, item.rules_not) if one in rules)
    if item.only:
        extra = [*rules]
        for one in wanted:
            if one in extra:
                extra.remove(one)
        yield from (f"a rule that is not promised: {one!r}" for one in extra)

    for name, elements in item.sets.items():
        yield from _differs_in_set(name, {plain(one) for one in elements}, found, only=item.only)


def _differs_in_set(name: str, wanted: set[str], found: ChainFacts, *, only: bool) -> Iterator[str]:
    there = found.sets.get(name)
    if there is None:
        yield f"no rule of it names a set @{name} of its table"
        return
    yield from (f"@{name} has no {one!r}" for one in sorted(wanted.difference(there.elements)))
    if only:
        extra = sorted(set(there.elements) - wanted)
        yield from (f"@{name} has {one!r}, which is not promised" for one in extra)


def _in_order(wanted: list[str], rules: list[str]) -> bool:
    rest = iter(rules)
    return all(one in rest for one in wanted)


def _text(found: ChainFacts) -> str:
    policy = f"policy {found.policy}" if found.policy else "no base chain"
    return f"{policy}, {len(found.rules)} rules: {'; '.join(found.rules) or 'none'}"


def _look(item: Firewall, target: Target) -> str:
    del target
    if item.tool == "nft":
        return f"nft list chain {item.table} {item.chain}"
    return f"{item.tool} -t {item.table} -S {item.chain}"


def _keys(item: Firewall, found: ChainFacts) -> Mapping[str, Any]:
    return {
        "tool": item.tool,
        "table": item.table,
        "chain": item.chain,
        "policy": found.policy or None,
        "rules": list(found.rules) or None,
        "sets": _sets(found),
        "only": True if found.rules else None,
    }


def _sets(found: ChainFacts) -> dict[str, list[str]] | None:
    """Those whose elements a person writes: neither rules nor their age do, nor a program many."""
    kept = {
        name: list(one.elements)
        for name, one in found.sets.items()
        if not one.passing and len(one.elements) <= MOST_ELEMENTS
    }
    return kept or None


def _discovered(item: Firewall, found: ChainFacts, scene: Scene) -> Mapping[str, Any]:
    """Without the rules that an engine or a jail wrote: beside those there can be others."""
    del scene
    rules = [one for one in found.rules if not leads_to_passing(one)]
    whole = len(rules) == len(found.rules)
    return {
        **_keys(item, found),
        "rules": rules or None,
        "only": True if rules and whole else None,
    }


KIND = HostKind(
    name="firewall",
    chapter="network",
    rank=23,
    model=Firewall,
    probe=FIREWALL,
    subject=lambda item, _: (item.tool, item.table, item.chain),
    called=lambda item: f"chain {item.chain} of {item.table}",
    promised=lambda item: listed(
        policy=item.policy,
        rules="; ".join(item.rules),
        without="; ".join(item.rules_not),
        sets="; ".join(f"@{name}: {', '.join(held)}" for name, held in item.sets.items()),
        no_other=item.only,
    ),
    differs=_differs,
    text=_text,
    columns={"Policy": lambda one: one.policy or "-", "Rules": lambda one: "; ".join(one.rules)},
    look=_look,
    keys=_keys,
    discover=FIREWALL_THERE,
    discovered=_discovered,
    severity="critical",
).kind
