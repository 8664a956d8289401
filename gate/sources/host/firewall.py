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
COUNTER = re.compile(r"\scounter(?: packets \d+ bytes \d+)?(?=[\s,]|$)")
NFT_TABLE = re.compile(r"table (\S+ \S+) \{(?: #.*)?")
"""Behind it stands the program that owns the table, where one does."""
NFT_CHAIN = re.compile(r"\tchain (\S+) \{")
NFT_SET = re.compile(r"\t(?:set|map) (\S+) \{")
NFT_FLAGS = re.compile(r"flags (.+)")
NFT_ELEMENTS = re.compile(r"elements = \{(.*)\}")
NAMED = re.compile(r"@(\w[\w./-]*)")
"""A set in a rule."""
LATELY = re.compile(r"\sexpires \S+|\slast used [^,]+")
"""What of an element is another at each look."""
NFT_HOOK = re.compile(r"type \S+ hook (\S+) .*?priority [^;]+;(?: policy (\w+);)?")


QUOTED = re.compile(r'"[^"]*"')
"""A comment or a name: what stands in it means nothing."""


class SetFacts(Model):
    """A named set or map of nftables.

    Attributes:
        elements: As the tool prints them, without counters, sorted.
        passing: Whether elements come and go by rules, or by their age.
    """

    elements: tuple[str, ...] = ()
    passing: bool = False


class ChainFacts(Model):
    """A chain of a table.

    Attributes:
        policy: What becomes of what no rule decides; empty where it is no base chain.
        rules: As the tool prints them, without counters, in order.
        sets: Those of its table that its rules name.
    """

    policy: str
    rules: tuple[str, ...]
    sets: dict[str, SetFacts] = {}


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
    sets: dict[tuple[str, str], SetFacts] = {}
    table, chain, set_, rest = "", "", "", ""
    for line in text.splitlines():
        if match := NFT_TABLE.fullmatch(line):
            table = match[1]
        elif match := NFT_CHAIN.fullmatch(line):
            chain = match[1]
            found[table, chain] = ChainFacts(policy="", rules=())
        elif match := NFT_SET.fullmatch(line):
            set_ = match[1]
            sets[table, set_] = SetFacts()
        elif line == "\t}":
            chain = set_ = rest = ""
        elif (chain or set_) and line.startswith("\t\t"):
            rest = f"{rest} {line}" if rest else line
            bare = QUOTED.sub("", rest)
            if bare.count("{") > bare.count("}"):
                continue  # a set of many elements goes on in the next line
            said, rest = plain(rest), ""
            if set_:
                sets[table, set_] = _with_line(sets[table, set_], said)
            elif not said.startswith('comment "'):  # the chain's own
                found[table, chain] = _with_rule(found[table, chain], said)
    return {
        (table, chain): one.model_copy(update={"sets": _named(one, table, sets)})
        for (table, chain), one in found.items()
    }


def _with_rule(one: ChainFacts, rule: str) -> ChainFacts:
    if hook := NFT_HOOK.fullmatch(rule):
        return one.model_copy(update={"policy": hook[2] or "accept"})
    return one.model_copy(update={"rules": (*one.rules, rule)})


def _with_line(one: SetFacts, line: str) -> SetFacts:
    if match := NFT_ELEMENTS.fullmatch(line):
        return one.model_copy(update={"elements": tuple(sorted(elements(match[1])))})
    match = NFT_FLAGS.fullmatch(line)
    passing = match is not None and {"dynamic", "timeout"} & {*re.split(r"[,\s]+", match[1])}
    return one.model_copy(update={"passing": one.passing or bool(passing)})


def _named(
    chain: ChainFacts, table: str, sets: Mapping[tuple[str, str], SetFacts]
) -> dict[str, SetFacts]:
    names = sorted({one for rule in chain.rules for one in NAMED.findall(QUOTED.sub("", rule))})
    return {one: sets[table, one] for one in names if (table, one) in sets}


def elements(text: str) -> list[str]:
    """What stands between commas, but those in a comment; without what passes."""
    hidden = QUOTED.sub(lambda one: one[0].replace(",", "\0"), text)
    words = (plain(LATELY.sub("", one.replace("\0", ","))) for one in hidden.split(","))
    return [one for one in words if one]


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
