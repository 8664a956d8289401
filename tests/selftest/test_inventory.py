"""An Ansible inventory leads to one host, by a way that can be carried, or says why it does not.

Ansible itself is not needed: a program stands in for its own and prints what that would print. The
real one leads to a machine in ``tests/machine/test_ways.py``.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
from typing import Any

import pytest
import testinfra

from gate.connection import inventory
from gate.connection.carrier import open_carrier
from gate.errors import TargetError
from tests.selftest.hosts import target

WITHIN_S = 20.0
PROGRAM = """#!/bin/sh
[ "$1 $2" = "--list -i" ] || exit 2
[ -x "$3" ] && exec "$3"
cat -- "$3"
"""
HOSTS: dict[str, dict[str, str]] = {
    "hera": {
        "ansible_host": "192.0.2.1",
        "ansible_port": "2222",
        "ansible_user": "navi",
        "ansible_ssh_pass": "never/shown@all",
    },
    "twin": {},
    "box": {
        "ansible_connection": "containers.podman.podman",
        "ansible_host": "desk-box",
        "ansible_user": "root",
    },
    "crate": {"ansible_connection": "community.docker.docker"},
    "here": {"ansible_connection": "ansible.builtin.local"},
    "windows": {"ansible_connection": "winrm"},
    "torn": {"ansible_ssh_common_args": "-o 'ProxyCommand=x"},
}
GROUPS = {"desk": ["hera"], "pair": ["hera", "twin"], "odd": [*HOSTS][2:]}


def printed(hosts: dict[str, dict[str, str]], groups: dict[str, list[str]]) -> str:
    """What Ansible prints of an inventory."""
    found: dict[str, Any] = {name: {"hosts": members} for name, members in groups.items()}
    whole = {"all": {"children": ["ungrouped", *groups]}, "_meta": {"hostvars": hosts}}
    return json.dumps(found | whole)


@pytest.fixture(autouse=True)
def ansible(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Have a stand-in for Ansible's program on the PATH; return the folder that it is in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ansible-inventory").write_text(PROGRAM)
    (folder / "ansible-inventory").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> pathlib.Path:
    """An inventory with hosts of all kinds."""
    file = tmp_path / "hosts"
    file.write_text(printed(HOSTS, GROUPS))
    return file


def native(name: str, file: pathlib.Path, deadline_s: float = WITHIN_S) -> Any:
    """The backend that an inventory describes."""
    backend = testinfra.get_host(f"ansible://{name}?ansible_inventory={file}").backend
    return inventory.native(backend, deadline_s=deadline_s)


def test_host_by_its_group(hosts: pathlib.Path) -> None:
    """A group of one host is that host; a password of the inventory is not taken along."""
    found = native("desk", hosts)
    assert found.get_connection_type() == "ssh"
    assert (found.host.name, found.host.port, found.host.user) == ("192.0.2.1", "2222", "navi")
    assert found.host.password is None


@pytest.mark.parametrize(
    ("name", "way"), [("box", "podman"), ("crate", "docker"), ("here", "local")]
)
def test_ways(hosts: pathlib.Path, name: str, way: str) -> None:
    """What Ansible calls a way in full is the same way."""
    assert native(name, hosts).get_connection_type() == way


def test_container_of_an_inventory(hosts: pathlib.Path) -> None:
    """A container is asked by its own name, as the inventory's user."""
    found = native("box", hosts)
    assert (found.name, found.user) == ("desk-box", "root")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pair", "pair means 2 hosts: name one of hera, twin"),
        ("nobody", "neither a host nor a group nobody; its hosts: box, crate, hera, here, torn"),
        ("windows", "the ansible_connection of windows is 'winrm': not one of docker, local"),
        ("torn", "No closing quotation"),
    ],
)
def test_leads_nowhere(hosts: pathlib.Path, name: str, words: str) -> None:
    """A name that means no host, or many, or one that cannot be reached, is told as that."""
    with pytest.raises(ValueError, match=words):
        native(name, hosts)


def test_empty_inventory_names_the_target(tmp_path: pathlib.Path) -> None:
    """Of an inventory that it cannot read Ansible prints an empty one: nothing is looked at."""
    file = tmp_path / "hosts"
    file.write_text(printed({}, {}))
    words = "target desk: host 'ansible://hera.*its inventory holds no host"
    with (
        pytest.raises(TargetError, match=words),
        open_carrier(target(f"ansible://hera?ansible_inventory={file}")),
    ):
        pass


def test_program_fails(tmp_path: pathlib.Path) -> None:
    """What it said is told."""
    with pytest.raises(ValueError, match=r"exited with 1: .*No such file"):
        native("hera", tmp_path / "hosts")


def test_inventory_that_is_a_program_and_hangs(tmp_path: pathlib.Path) -> None:
    """It is ended when its time is up, with all that it started."""
    file, mark = tmp_path / "hosts.sh", tmp_path / "pid"
    file.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > '{mark}'\nwait\n")
    file.chmod(0o755)
    with pytest.raises(ValueError, match="ansible-inventory: no answer within 1 s"):
        native("hera", file, 1)
    process, until = pathlib.Path("/proc", mark.read_text().strip()), time.monotonic() + WITHIN_S
    while process.exists():
        assert time.monotonic() < until, "the inventory still runs"
        time.sleep(0.05)


def test_program_is_missing(hosts: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Ansible, what to install is said."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ValueError, match="neither on the PATH nor in /nowhere: install ansible"):
        native("desk", hosts)


def test_program_beside_the_gate(
    hosts: pathlib.Path, ansible: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that is not activated has its own Ansible all the same."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(ansible / "python"))
    assert native("desk", hosts).host.name == "192.0.2.1"
