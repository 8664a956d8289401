"""A host spec, and an inventory, lead to a host or are refused; nothing in them is ever run."""

from __future__ import annotations

import json
import pathlib

import pydantic
import pytest

from gate.connection import obstacle
from gate.connection.carrier import open_carrier
from gate.connection.obstacle import CarrierError
from gate.errors import GateError, TargetError
from tests.selftest.hosts import target

PIECES = ("$({0})", "`{0}`", "x;{0};", "x|{0}", "x&{0}&", "x\n{0}\n", "'{0}'", '"$({0})"')
SPECS = (
    "ssh://{}",
    "ssh://{}@hera",
    "ssh://hera:{}",
    "ssh://hera?ssh_config={}",
    "ssh://hera?controlpath={}",
    "docker://{}",
    "docker://{}@box",
    "podman://{}",
    "podman://{}@box",
    "ansible://{}?ansible_inventory=hosts",
    "ansible://hera?ansible_inventory={}",
    "kubectl://{}",
    "kubectl://pod?kubeconfig={}",
    "kubectl://pod?context={}",
    "kubectl://pod?namespace={}",
    "kubectl://pod?container={}",
)
FALSE = "#!/bin/sh\nexit 1\n"
INVENTORY = """#!/bin/sh
cat -- "$3"
"""


@pytest.fixture(autouse=True)
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have programs of all ways on the PATH that lead nowhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("docker", "podman", "kubectl"):
        (folder / name).write_text(FALSE)
    (folder / "ansible-inventory").write_text(INVENTORY)
    for program in folder.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)


def _carry(spec: str) -> None:
    """Try to run a script where a spec leads to."""
    try:
        here = target(spec)
    except pydantic.ValidationError:
        return
    with pytest.raises(GateError), open_carrier(here) as carrier:
        carrier.run("true", deadline_s=2)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("blank", [" ", "${IFS}", "\t", "%20"])
def test_no_piece_of_a_spec_is_run(
    tmp_path: pathlib.Path, spec: str, piece: str, blank: str
) -> None:
    """Whatever stands in it, and however it is written."""
    mark = tmp_path / "mark"
    _carry(spec.format(piece.format(f"touch{blank}{mark}")))
    _carry(spec.format(piece.format(f"touch{blank}mark")))
    assert not mark.exists()


@pytest.mark.parametrize(
    "spec",
    [
        "ssh://-oProxyCommand=touch mark",
        "ssh://%2DoProxyCommand=touch%20mark",
        "ssh://navi@-oProxyCommand=x",
        "ssh://-l@hera",
        "ssh://hera:0",
        "ssh://hera:22x",
        "ssh://hera:99999",
        "ssh://",
        "ssh://[::1",
        "docker://-v",
        "docker://",
        "podman://--help",
        "kubectl://--kubeconfig=x",
        "ansible://-x",
        "local://?sudo=true",
        "ssh://navi:word@hera",
        "ftp://hera",
        "hera",
    ],
)
def test_refused_before_anything_is_asked(spec: str) -> None:
    """An option is no host, and what is not known behind the '?' is not passed over."""
    with pytest.raises(pydantic.ValidationError):
        target(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "local://",
        "ssh://hera",
        "ssh://navi@hera.example.org:2222",
        "ssh://navi@[fe80::1%25eth0]:22",
        "ssh://DESK\\navi@192.0.2.1",
        "docker://navi@desk_box-1.web",
        "podman://1000@4f2a",
        "kubectl://deployment/desk?namespace=desk&context=arn:aws:eks:eu:1:cluster/desk",
        "ansible://desk?ansible_inventory=~/hosts",
    ],
)
def test_taken(spec: str) -> None:
    """Names as they really are."""
    assert target(spec).host == spec


HOSTS: dict[str, dict[str, object]] = {
    "option": {"ansible_host": "-oProxyCommand=touch mark"},
    "shell": {"ansible_host": "$(touch mark)"},
    "user": {"ansible_user": "`touch mark`"},
    "flag": {"ansible_user": "-oProxyCommand=touch mark"},
    "port": {"ansible_port": "22 -oProxyCommand='touch mark'"},
    "proxy": {"ansible_ssh_common_args": "-o ProxyCommand='touch mark'"},
    "joined": {"ansible_ssh_extra_args": "-oProxyCommand='touch mark'"},
    "spelt": {"ansible_ssh_extra_args": "-o 'proxycommand touch mark'"},
    "nested": {"ansible_ssh_common_args": "-o ProxyCommand='ssh -oProxyCommand=x -W %h:%p j'"},
    "chained": {"ansible_ssh_common_args": "-o ProxyCommand='ssh -W %h:%p j; touch mark'"},
    "known": {"ansible_ssh_common_args": "-o KnownHostsCommand='touch mark'"},
    "local": {"ansible_ssh_common_args": "-o PermitLocalCommand=yes -o LocalCommand='touch mark'"},
    "library": {"ansible_ssh_common_args": "-I ./mark.so"},
    "log": {"ansible_ssh_common_args": "-E mark"},
    "stray": {"ansible_ssh_common_args": "elsewhere"},
    "args": {"ansible_ssh_common_args": "$(touch mark)"},
    "crate": {"ansible_connection": "docker", "ansible_host": "$(touch mark)"},
    "tick": {"ansible_connection": "docker", "ansible_user": "`touch mark`"},
    "box": {"ansible_connection": "podman", "ansible_host": "x; touch mark"},
    "root": {"ansible_connection": "podman", "ansible_user": "-v"},
    "number": {"ansible_host": 7, "ansible_user": ["touch mark"]},
    "list": {"ansible_connection": ["docker"]},
}


@pytest.mark.parametrize("name", HOSTS)
def test_no_value_of_an_inventory_is_run(tmp_path: pathlib.Path, name: str) -> None:
    """It is refused, with the target's name and what is wrong."""
    listed = {"all": {"children": ["ungrouped"]}, "ungrouped": {"hosts": [*HOSTS]}}
    (tmp_path / "hosts").write_text(json.dumps({**listed, "_meta": {"hostvars": HOSTS}}))
    with (
        pytest.raises(TargetError, match="target desk: host 'ansible://"),
        open_carrier(target(f"ansible://{name}?ansible_inventory=hosts")) as carrier,
    ):
        carrier.run("true", deadline_s=2)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "args",
    [
        "-o ProxyJump=gateway",
        "-J navi@gateway:22 -C",
        "-o ProxyCommand='ssh -W %h:%p -q navi@gateway'",
        "-o ProxyCommand=none -o ServerAliveInterval=30",
        "-F ./ssh.cfg -4",
    ],
)
def test_options_of_an_inventory_that_lead_to_a_host(tmp_path: pathlib.Path, args: str) -> None:
    """Ways through another host are ways."""
    hosts = {"hera": {"ansible_ssh_common_args": args}}
    listed = {"all": {"children": ["ungrouped"]}, "ungrouped": {"hosts": [*hosts]}}
    (tmp_path / "hosts").write_text(json.dumps({**listed, "_meta": {"hostvars": hosts}}))
    with open_carrier(target("ansible://hera?ansible_inventory=hosts")):
        pass


@pytest.mark.parametrize("text", ["[" * 100_000, '{"all": 7}', "[]", '{"_meta": []}', "null"])
def test_an_inventory_that_is_like_none(tmp_path: pathlib.Path, text: str) -> None:
    """Whatever it is that is printed, it is the target that is wrong."""
    (tmp_path / "hosts").write_text(text)
    with (
        pytest.raises(TargetError, match="target desk"),
        open_carrier(target("ansible://hera?ansible_inventory=hosts")),
    ):
        pass


def test_an_inventory_without_end(tmp_path: pathlib.Path) -> None:
    """It is left when it has said more than an inventory may."""
    (tmp_path / "bin/ansible-inventory").write_text("#!/bin/sh\nexec cat /dev/zero\n")
    with (
        pytest.raises(TargetError, match="more than 32 MiB"),
        open_carrier(target("ansible://hera?ansible_inventory=hosts")),
    ):
        pass


def test_program_of_a_way_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and nothing is known."""
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(CarrierError, match="docker: No such file"),
        open_carrier(target("docker://box")) as carrier,
    ):
        carrier.run("true", deadline_s=2)


def test_a_reason_names_no_socket_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a forward leads to is what somebody can act on."""
    socket = "/tmp/gate-x/forward-0/.s.PGSQL.5432"  # noqa: S108 - a name only
    monkeypatch.setitem(obstacle.LED_TO, socket, "127.0.0.1:5432 on the host")
    said = obstacle.first_line(OSError(f'connection to server on socket "{socket}" failed: x'))
    assert said == "connection to server on 127.0.0.1:5432 on the host failed: x"
