"""Chains of a firewall: what the tools' words say of them, and which of them are recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gate.kinds.firewall import MOST_ELEMENTS, _sets
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.recorded_firewall import FIREWALL_THERE, THERE, Chains
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.firewall import FIREWALL, ChainFacts, SetFacts
from gate.sources.host.probe import Probed, key
from tests.selftest.given import host, parted, scene, unclear

INSIDE = "\ttype filter hook input priority filter; policy drop;"
NFT = f"""\
table inet shop {{ # progname shopd
\tchain input {{
\t\tcomment "what comes in: {{"
\t{INSIDE}
\t\tct state {{ established,
\t\t\t    related }} counter packets 3 bytes 9 accept
\t\tcounter jump web
\t}}

\tchain web {{
\t\tip saddr 192.0.2.0/24 drop
\t}}
}}
"""
INPUT = ChainFacts(policy="drop", rules=("ct state { established, related } accept", "jump web"))
WEB = ChainFacts(policy="", rules=("ip saddr 192.0.2.0/24 drop",))


def listing(*chains: str, meta: bool = True) -> str:
    """The same chains as JSON."""
    of = {"family": "inet", "table": "shop"}
    head = [{"metainfo": {"version": "1.0.6"}}] if meta else []
    return json.dumps({"nftables": [*head, *({"chain": {**of, "name": one}} for one in chains)]})


BOTH = listing("input", "web")


@pytest.mark.parametrize(
    ("text", "objects", "rc", "found"),
    [
        (NFT, BOTH, {}, INPUT),
        (NFT, listing("input", "web", meta=False), {}, "it has no metainfo"),
        (NFT, listing("input"), {}, "nft tells other chains as text than as JSON"),
        (NFT, "[]", {}, "an odd answer"),
        ("", listing(), {}, Absent("nft: there is no chain input in the table inet shop")),
        ("\fOperation not permitted", BOTH, {"nft": 1}, "nft list: Operation not permitted"),
        (NFT, "\fit is old", {"json": 1}, "nft list: it is old"),
    ],
)
def test_a_chain_of_nftables(text: str, objects: str, rc: dict[str, int], found: Any) -> None:
    """A set goes on in the next line; a brace in a comment opens none."""
    subject = ("nft", "inet shop", "input")
    one = FIREWALL.read(parted(rc, nft=text, json=objects), [subject])[subject]
    if isinstance(found, str):
        assert isinstance(one, CannotTell), one
        assert found in one.reason
    else:
        assert one == found


SETS = """\
table inet shop {
\tset good {
\t\ttype ipv4_addr
\t\tflags interval
\t\tcomment "who, we know"
\t\telements = { 198.51.100.7 comment "Anna, at home {", 192.0.2.0/24 counter packets 1 bytes 2,
\t\t\t     203.0.113.1-203.0.113.9 }
\t}

\tset lately {
\t\ttype ipv4_addr
\t\tsize 65535
\t\tflags dynamic,timeout
\t\telements = { 192.0.2.9 timeout 1h expires 59m3s420ms }
\t}

\tset nobody {
\t\ttype ipv4_addr
\t}

\tmap ports {
\t\ttype inet_service : verdict
\t\telements = { 80 : accept, 22 : jump web }
\t}

\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\tip saddr @good accept comment "not @nobody"
\t\tadd @lately { ip saddr limit rate 3/minute } accept
\t\ttcp dport vmap @ports
\t}

\tchain web {
\t\taccept
\t}
}
"""


def test_the_sets_of_a_chain() -> None:
    """Those that its rules name, each with what is in it; not what passes of an element."""
    subjects = [("nft", "inet shop", "input"), ("nft", "inet shop", "web")]
    found = FIREWALL.read(parted({}, nft=SETS, json=BOTH), subjects)
    chain, web = (found[one] for one in subjects)
    assert isinstance(chain, ChainFacts)
    assert isinstance(web, ChainFacts)
    assert len(chain.rules) == 3
    good = ("192.0.2.0/24", '198.51.100.7 comment "Anna, at home {"', "203.0.113.1-203.0.113.9")
    assert chain.sets == {
        "good": SetFacts(elements=good),
        "lately": SetFacts(elements=("192.0.2.9 timeout 1h",), passing=True),
        "ports": SetFacts(elements=("22 : jump web", "80 : accept")),
    }
    assert web.sets == {}


def test_sets_that_are_recorded() -> None:
    """What a person writes there: no elements that rules or their age bring, and no long list."""
    many = tuple(map(str, range(MOST_ELEMENTS)))
    sets = {
        "good": SetFacts(elements=many),
        "none": SetFacts(),
        "long": SetFacts(elements=(*many, "x")),
        "lately": SetFacts(passing=True),
    }
    found = ChainFacts(policy="", rules=("a",), sets=sets)
    assert _sets(found) == {"good": list(many), "none": []}
    assert _sets(ChainFacts(policy="", rules=("a",))) is None


RULES = "-P INPUT DROP\n-N ours\n-A INPUT -j ours\n-A ours -p tcp -j ACCEPT"


@pytest.mark.parametrize(
    ("chain", "out", "rc", "found"),
    [
        ("INPUT", RULES, 0, ChainFacts(policy="DROP", rules=("-j ours",))),
        ("ours", RULES, 0, ChainFacts(policy="", rules=("-p tcp -j ACCEPT",))),
        ("our", RULES, 0, Absent("iptables: there is no chain our in the table filter")),
        ("INPUT", RULES, 4, "iptables -t filter -S: exit status 4 without a word"),
        ("INPUT", "-A INPUT -j ours", 0, "iptables -t filter -S: it said nothing of it"),
    ],
)
def test_a_chain_of_iptables(chain: str, out: str, rc: int, found: Any) -> None:
    """A chain is there where it is named, and no table is without any."""
    subject = ("iptables", "filter", chain)
    told = parted({"iptables.filter": rc}, iptables_filter=out)
    one = FIREWALL.read(told, [subject])[subject]
    if isinstance(found, str):
        assert isinstance(one, CannotTell), one
        assert one.reason == found
    else:
        assert one == found


def test_what_is_asked() -> None:
    """Nothing of nftables where no chain of its is promised: its tool need not be there."""
    asked = FIREWALL.script([("iptables", "my table", "INPUT")])
    assert "limited iptables -w 2 -t 'my table' -S" in asked
    assert "nft" not in asked
    assert "nft -s list ruleset" in FIREWALL.script([("nft", "inet shop", "input")])


SAVED = """\
# Generated by iptables-save v1.8.9{} on Sat

*filter
:INPUT DROP [0:0]
:ours - [0:0]
-A INPUT -j ours
-A ours -j ACCEPT
COMMIT
"""
FILTER = (
    ("filter", "INPUT", ChainFacts(policy="DROP", rules=("-j ours",))),
    ("filter", "ours", ChainFacts(policy="", rules=("-j ACCEPT",))),
)


@pytest.mark.parametrize(
    ("has", "saved", "rc", "found"),
    [
        ("there", SAVED.format(""), 0, Chains(chains=FILTER)),
        ("there", SAVED.format(" (nf_tables)"), 0, Chains(chains=FILTER, through_nft=True)),
        ("there", "", 0, Chains(chains=())),
        ("none", "", 0, Absent("there is no iptables")),
        ("", "", 0, "iptables: it said nothing of it"),
        ("there", "\fmust be tried as root", 0, "iptables-save: must be tried as root"),
        ("there", SAVED.format(""), 1, "iptables-save: exit status 1 without a word"),
        ("there", SAVED.removesuffix("COMMIT\n"), 0, "iptables-save: an odd answer"),
        ("there", "*filter\n*nat\nCOMMIT", 0, "iptables-save: an odd answer"),
        ("there", "*filter\n-A gone -j ACCEPT\nCOMMIT", 0, "iptables-save: an odd answer"),
        ("there", ":INPUT DROP [0:0]", 0, "iptables-save: an odd answer"),
        ("there", "COMMIT", 0, "iptables-save: an odd answer"),
    ],
)
def test_what_iptables_saves(has: str, saved: str, rc: int, found: Any) -> None:
    """Half an answer is none, and so is a line that nobody knows."""
    told = parted({"iptables": rc}, iptables_tool=has, iptables=saved)
    one = THERE.read(told, ["iptables"])["iptables"]
    if isinstance(found, str):
        assert isinstance(one, CannotTell), one
        assert one.reason == found
    else:
        assert one == found


def test_what_nft_shows_of_its_own() -> None:
    """As `nft` tells its chains, or cannot."""
    told = parted(nft_tool="there", nft=NFT, json=BOTH)
    both = (("inet shop", "input", INPUT), ("inet shop", "web", WEB))
    assert THERE.read(told, ["nft"]) == {"nft": Chains(chains=both)}
    told = parted({"nft": 1}, nft_tool="there", nft="\fPermission denied", json=BOTH)
    assert THERE.read(told, ["nft"])["nft"] == unclear(
        "nft list: Permission denied", Cause.PERMISSION
    )


def found(which: Which = "usual", **tools: Any) -> list[str]:
    """Names of what is recorded; a ``-`` stands before what is left out, a ``?`` before doubts."""
    facts = {key(one): fact for one, fact in tools.items()}
    for one in ("nft", "iptables", "ip6tables"):
        facts.setdefault(key(one), Absent(f"there is no {one}"))
    probes = {THERE.name: Probed(format=THERE.format, facts=facts)}
    given = scene({"port.x": 'port = 1\nservice = "x"'}, host=host(probes=probes))
    signs = {Recorded: "", LeftOut: "-", CannotTell: "?"}
    there: Discovery = FIREWALL_THERE
    return [
        signs[type(one)]
        + str(getattr(one, "name", "") or getattr(one, "text", "") or getattr(one, "reason", ""))
        for one in there.names(given, which)
    ]


def kept(*chains: tuple[str, str, str, tuple[str, ...]], through_nft: bool = False) -> Any:
    """Chains as a tool told them: table, name, policy, rules."""
    ones = [(at, name, {"policy": policy, "rules": rules}) for at, name, policy, rules in chains]
    return Seen({"chains": ones, "through_nft": through_nft})


PASSES = ("filter", "FORWARD", "DROP", ("-j DOCKER", "-g ours", "-j gone", "-j ours"))
LEADS = (("filter", "DOCKER", "", ()), ("filter", "ours", "", ("-j FORWARD",)))


@pytest.mark.parametrize(
    ("tools", "which", "names"),
    [
        ({}, "usual", []),
        (
            {"nft": unclear("nft list: Permission denied")},
            "usual",
            ["?nft list: Permission denied"],
        ),
        # What packets pass, and what that leads to, each once; an engine's chains are left out.
        (
            {"iptables": kept(PASSES, *LEADS, ("filter", "unused", "", ("-j ACCEPT",)))},
            "usual",
            [
                "iptables filter FORWARD",
                "iptables filter ours",
                "-chains of iptables filter that change by themselves: DOCKER (--all writes them)",
            ],
        ),
        (
            {"iptables": kept(PASSES, *LEADS)},
            "all",
            ["iptables filter FORWARD", "iptables filter DOCKER", "iptables filter ours"],
        ),
        # A chain that lets everything pass decides nothing; with a rule it does.
        ({"nft": kept(("inet a", "out", "accept", ()))}, "usual", []),
        ({"nft": kept(("inet a", "out", "accept", ("drop",)))}, "usual", ["nft inet a out"]),
        (
            {"nft": kept(("inet f2b-table", "f2b-chain", "accept", ("drop",)))},
            "usual",
            [
                "-chains of nft inet f2b-table that change by themselves: f2b-chain"
                " (--all writes them)"
            ],
        ),
        # A table that iptables keeps in nftables is told once; one of its own by either.
        (
            {
                "iptables": kept(("filter", "INPUT", "DROP", ()), through_nft=True),
                "nft": kept(
                    ("ip filter", "INPUT", "drop", ()), ("ip6 filter", "INPUT", "drop", ())
                ),
            },
            "usual",
            ["iptables filter INPUT", "nft ip6 filter INPUT"],
        ),
        (
            {
                "ip6tables": kept(("filter", "INPUT", "DROP", ())),
                "nft": kept(("ip6 filter", "INPUT", "drop", ())),
            },
            "usual",
            ["ip6tables filter INPUT", "nft ip6 filter INPUT"],
        ),
    ],
)
def test_what_is_recorded(tools: dict[str, Any], which: Which, names: list[str]) -> None:
    """Nothing that changes by itself; what cannot be told is said."""
    assert found(which, **tools) == names
