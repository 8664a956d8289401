"""What is recorded of a firewall: in a network of its own, as nftables and iptables tell it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome
from gate.contract.model import Contract
from gate.kinds.firewall import Firewall
from gate.kinds.kind import Which
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.recorder.live import record
from gate.target import Target
from tests.selftest.networks import with_rules, within
from tests.selftest.promised import check, lying

NOTHING = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
NFT = """
table inet shop {
 set good { type ipv4_addr; elements = { 192.0.2.1, 198.51.100.7 } }
 set lately { type ipv4_addr; flags dynamic,timeout; timeout 1h; elements = { 192.0.2.9 } }
 chain input { type filter hook input priority 0; policy drop;
 iif "lo" accept
 tcp dport { 80, 443 } counter jump web
 }
 chain web {
 ip saddr @good accept
 ip saddr @lately drop
 ip saddr 192.0.2.0/24 drop
 accept
 }
 chain unused {
 accept
 }
 chain output { type filter hook output priority 0; policy accept;
 }
}
table inet f2b-table {
 chain f2b-chain { type filter hook input priority -1; policy accept;
 tcp dport 22 ip saddr 192.0.2.7 reject
 }
}
"""
GOOD, LATELY = "ip saddr @good accept", "ip saddr @lately drop"
IPTABLES = """
iptables -P FORWARD DROP
iptables -N DOCKER
iptables -N ours
iptables -A ours -p tcp -m tcp --dport 22 -j ACCEPT
iptables -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
iptables -A INPUT -p tcp -j ours
iptables -A INPUT -j DROP
iptables -A DOCKER -d 172.17.0.2/32 -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER
iptables -A FORWARD -p icmp -j ACCEPT
"""


@pytest.fixture
def network() -> Iterator[str]:
    """A network of its own with a firewall in it: the words that lead into it."""
    with with_rules(NFT) as inside:
        yield inside


def host(network: str, folder: pathlib.Path) -> Target:
    """This host, whose tools tell of the network."""
    tools = ("nft", "iptables", "iptables-save", "ip6tables", "ip6tables-save")
    return lying(folder, **{one: f'exec {network} /usr/sbin/{one} "$@"' for one in tools})


def recorded(
    target: Target, folder: pathlib.Path, which: Which = "usual"
) -> tuple[Contract, str, list[str]]:
    """What is recorded as a contract, its text, and what is missing."""
    chapters, missing = record(target, NOTHING, ("network",), which=which)
    place = folder / f"recorded-{which}"
    place.mkdir()
    (place / "network.toml").write_text(chapters["network"], "utf-8")
    return load_contract(place), chapters["network"], missing


def reasons(contract: Contract, target: Target) -> dict[str, str]:
    """Of each item that does not hold, why."""
    observed = look(contract, target, "predeploy")
    scene = Scene(contract=contract, target=target, moment="predeploy", observed=observed)
    results = {one.id: judge(one, scene).result for one in contract.at("predeploy")}
    return {id_: one.reason for id_, one in results.items() if one.outcome is not Outcome.PASS}


def test_what_is_recorded(network: str, tmp_path: pathlib.Path) -> None:
    """What packets pass, and what that leads to; nothing that an engine or a jail writes."""
    for line in IPTABLES.strip().splitlines():
        done = within(network, line)
        assert done.returncode == 0, done.stderr
    target = host(network, tmp_path)
    contract, text, missing = recorded(target, tmp_path)
    assert missing == []
    found = {
        one.name: item
        for one in contract.promises.values()
        if isinstance(item := one.at("predeploy"), Firewall)
    }
    assert {*found} == {
        *("nft inet shop input", "nft inet shop web"),
        *("iptables filter INPUT", "iptables filter ours", "iptables filter FORWARD"),
    }
    web, forward = found["nft inet shop web"], found["iptables filter FORWARD"]
    assert (web.rules, web.only) == ((GOOD, LATELY, "ip saddr 192.0.2.0/24 drop", "accept"), True)
    assert {**web.sets} == {"good": ("192.0.2.1", "198.51.100.7")}
    assert (forward.policy, forward.rules) == ("DROP", ("-p icmp -j ACCEPT",))
    assert not forward.only
    for one in ("inet f2b-table that change by themselves: f2b-chain", "themselves: DOCKER"):
        assert f"{one} (--all writes them)" in text
    assert '[firewall."iptables filter DOCKER"]' in recorded(target, tmp_path, "all")[1]


def test_it_is_green_at_once_and_red_behind_a_change(network: str, tmp_path: pathlib.Path) -> None:
    """Each of the chains that were recorded is judged by what was recorded."""
    for line in IPTABLES.strip().splitlines():
        within(network, line)
    target = host(network, tmp_path)
    contract, _, _ = recorded(target, tmp_path)
    assert reasons(contract, target) == {}
    within(network, "iptables -I ours -p tcp -m tcp --dport 23 -j ACCEPT")
    within(network, "nft flush chain inet shop web")
    check(
        reasons(contract, target),
        {
            "firewall.iptables filter ours": "not promised: '-p tcp -m tcp --dport 23 -j ACCEPT'",
            "firewall.nft inet shop web": "no rule 'accept'",
        },
    )


@pytest.mark.parametrize(
    ("saves", "says"),
    [
        ("echo 'iptables: Permission denied (you must be root)' >&2; exit 4", "permission"),
        ("echo '*filter'; echo ':INPUT DROP [0:0]'", "an odd answer"),
        ("echo hello", "an odd answer"),
        ("exec sleep 30", "did not end in time"),
    ],
    ids=["denied", "cut", "odd", "hangs"],
)
def test_what_cannot_be_told(saves: str, says: str, tmp_path: pathlib.Path) -> None:
    """It is said, and nothing is recorded of it."""
    none = 'echo \'{"nftables": [{"metainfo": {}}]}\''
    nft = f'case "$*" in *-j*) {none} ;; esac'
    tools = {"nft": nft, "iptables-save": saves, "ip6tables-save": "exit 0"}
    chapters, missing = record(lying(tmp_path, **tools), NOTHING, ("network",))
    assert "firewall" not in chapters.get("network", "")
    assert says in " ".join([*missing, *chapters.values()])
