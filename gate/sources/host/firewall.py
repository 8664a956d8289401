"""Chains of the host's firewall with their rules, as nftables or iptables tell them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

Subject = tuple[str, str, str]
"""Tool, table and chain."""
NFT = "nft"
RULE_SET = {"nft": "limited nft -s list ruleset", "json": "limited nft -j list chains"}
"""What nftables is asked, by the name of the part: `nft_chains` reads both answers."""
NO_TABLE = ("does not exist", "No chain/target/match by that name", "can't initialize")
COUNTER = re.compile(r"\scounter(?: packets \d+ bytes \d+)?(?=\s|$)")
NFT_TABLE = re.compile(r"table (\S+ \S+) \{(?: #.*)?")
"""Behind it stands the program that owns the table, where one does."""
NFT_CHAIN = re.compile(r"\tchain (\S+) \{")
NFT_HOOK = re.compile(r"type \S+ hook (\S+) .*?priority [^;]+;(?: policy (\w+);)?")


QUOTED = re.compile(r'"[^"]*"')
"""A comment or a name: what stands in it means nothing."""


class ChainFacts(Model):
    """A chain of a table.

    Attributes:
        policy: What becomes of what no rule decides; empty where it is no base chain.
        rules: As the tool prints them, without counters, in order.
    """

    policy: str
    rules: tuple[str, ...]


def script(subjects: Sequence[Subject]) -> str:
    """The whole rule set of nftables, and the rules of each of iptables' tables."""
    commands: dict[str, str] = {}
    if any(tool == NFT for tool, *_ in subjects):
        commands |= RULE_SET
    for tool, table, _ in subjects:
        if tool != NFT:
            commands[f"{tool}.{table}"] = f"limited {tool} -w 2 -t {shlex.quote(table)} -S"
    return parts(commands)


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, ChainFacts | Absent | CannotTell]:
    """What is said of each chain."""
    told = read_parts(section)
    chains = nft_chains(told["nft"], told["json"])
    found: dict[Subject, ChainFacts | Absent | CannotTell] = {}
    for one in subjects:
        tool, table, chain = one
        if tool != NFT:
            found[one] = _iptables(one, told[f"{tool}.{table}"])
        elif isinstance(chains, CannotTell):
            found[one] = chains
        else:
            missing = Absent(f"nft: there is no chain {chain} in the table {table}")
            found[one] = chains.get((table, chain), missing)
    return found


def nft_chains(text: Section, listing: Section) -> dict[tuple[str, str], ChainFacts] | CannotTell:
    """Chains by table and name; both of the tool's answers have to name the same ones.

    Source:
        ``nft(8)`` of nftables 0.9 to 1.1: an empty rule set prints nothing, and one object as JSON.
    """
    if text.rc or listing.rc:
        return cannot_tell(text if text.rc else listing, "nft list")
    try:
        objects = json.loads(listing.text)["nftables"]
        if not any("metainfo" in one for one in objects):
            raise ValueError("it has no metainfo")  # noqa: TRY301 - told below
        known = {
            (f"{one['chain']['family']} {one['chain']['table']}", one["chain"]["name"])
            for one in objects
            if "chain" in one
        }
    except (ValueError, KeyError, TypeError) as error:
        return CannotTell(f"nft -j list chains: an odd answer: {error}", Cause.UPSTREAM)
    found = _nft_text(text.text)
    if known != found.keys():
        return CannotTell("nft tells other chains as text than as JSON", Cause.UPSTREAM)
    return found


def _nft_text(text: str) -> dict[tuple[str, str], ChainFacts]:
    found: dict[tuple[str, str], ChainFacts] = {}
    table, chain, rest = "", "", ""
    for line in text.splitlines():
        if match := NFT_TABLE.fullmatch(line):
            table = match[1]
        elif match := NFT_CHAIN.fullmatch(line):
            chain = match[1]
            found[table, chain] = ChainFacts(policy="", rules=())
        elif line == "\t}":
            chain = rest = ""
        elif chain and line.startswith("\t\t"):
            rest = f"{rest} {line}" if rest else line
            bare = QUOTED.sub("", rest)
            if bare.count("{") > bare.count("}"):
                continue  # a set of many elements goes on in the next line
            rule, rest = plain(rest), ""
            if rule.startswith('comment "'):
                continue  # the chain's own
            one, hook = found[table, chain], NFT_HOOK.fullmatch(rule)
            found[table, chain] = (
                one.model_copy(update={"policy": hook[2] or "accept"})
                if hook
                else one.model_copy(update={"rules": (*one.rules, rule)})
            )
    return found


def plain(rule: str) -> str:
    """A rule without what it has counted, its blanks made one."""
    return " ".join(COUNTER.sub(" ", rule).split())


def _iptables(subject: Subject, section: Section) -> ChainFacts | Absent | CannotTell:
    """``-P`` and ``-N`` name the chains, ``-A`` their rules; no table is without any of them."""
    tool, table, chain = subject
    lines = section.text.splitlines()
    policies = {
        words[1]: words[2] if words[0] == "-P" else ""
        for words in map(str.split, lines)
        if (words[:1], len(words)) in ((["-P"], 3), (["-N"], 2))
    }
    if section.rc or not policies:
        return cannot_tell(section, f"{tool} -t {table} -S")
    if chain not in policies:
        return Absent(f"{tool}: there is no chain {chain} in the table {table}")
    begin = f"-A {chain} "
    rules = tuple(one.removeprefix(begin) for one in lines if one.startswith(begin))
    return ChainFacts(policy=policies[chain], rules=rules)


FIREWALL = Probe[Subject, ChainFacts](
    name="gate.firewall", model=ChainFacts, script=script, read=read
)
