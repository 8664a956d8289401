"""Other ways to a host than ssh:// itself: an inventory that leads there, and a container."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest

from gate.connection.carrier import open_carrier
from gate.connection.obstacle import CarrierError
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts, HostQuestions
from gate.target import Target
from tests.machine import container
from tests.machine.container import Container
from tests.machine.trial import Machine, Result

INVENTORY = """\
all:
  children:
    desk:
      hosts:
        hera:
          ansible_host: {address}
          ansible_user: navi
          ansible_ssh_private_key_file: {key}
          ansible_ssh_common_args: {arguments}
          ansible_become: true
"""
HOST = ("service", "port", "path", "runtime")
NO_KEYS = {"ssh_identity_file": None, "ssh_known_hosts": None}
"""What a target file says of ssh; with an inventory, that says it."""
PORT = 7100
LISTEN = (
    "import os, socket, signal; one = socket.create_server(('127.0.0.1', 7100)); "
    "os.fork() and os._exit(0); signal.pause()"
)
MANY = 3000
NO_SYSTEMD = "PID 1 is sleep, not systemd"


def inventory(machine: Machine, folder: pathlib.Path, arguments: str) -> str:
    """Write an inventory that leads to the machine; return the host spec of its only group."""
    file, target = folder / "hosts.yml", machine.target()
    file.write_text(
        INVENTORY.format(address=machine.address, key=target.ssh_identity_file, arguments=arguments)
    )
    return f"ansible://desk?ansible_inventory={file}"


def told(result: Result) -> dict[str, tuple[str, str]]:
    """What was promised and seen of the host, but for the room on its disk, by item."""
    return {
        id_: (one["promised"], re.sub(r"[\d,]+ MB free", "free", one["seen"]))
        for id_, one in result.items.items()
        if id_.startswith(HOST)
    }


def test_inventory_leads_to_the_machine(machine: Machine, tmp_path: pathlib.Path) -> None:
    """Over an Ansible inventory all is seen as over ssh, through forwards too."""
    known = machine.target().ssh_known_hosts
    way = inventory(machine, tmp_path, f"-o UserKnownHostsFile={known}")
    over = machine.gate("predeploy", machine.plain(), host=way, **NO_KEYS)
    assert (over.exit_status, over.odd()) == (0, {}), over.output
    straight = machine.gate("predeploy", machine.plain())
    assert told(over) == told(straight)
    assert {id_.split(".")[0] for id_ in told(over)} == set(HOST)


def test_inventory_cannot_loosen_what_ssh_checks(machine: Machine, tmp_path: pathlib.Path) -> None:
    """A host key that nobody vouches for is refused, whatever the inventory says."""
    loose = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    way = inventory(machine, tmp_path, loose)
    result = machine.gate("predeploy", machine.plain(), host=way, **NO_KEYS)
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert "Host key verification failed" in result.items["service.api"]["reason"]


def test_inventory_that_is_not_there(machine: Machine, tmp_path: pathlib.Path) -> None:
    """Ansible takes a missing inventory for an empty one: nothing is looked at, and told so."""
    way = f"ansible://hera?ansible_inventory={tmp_path / 'none'}"
    result = machine.gate("predeploy", machine.plain(), host=way, **NO_KEYS)
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert "its inventory holds no host" in result.items["service.api"]["reason"]
    assert "Traceback" not in result.output


@pytest.fixture(scope="module")
def box(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container on the machine's Debian, with a listener."""
    with container.started(machine.record.layers[-1], tmp_path_factory.mktemp("box")) as box:
        box.run(f'python3 -c "{LISTEN}"')
        yield box


def target(machine: Machine, spec: str) -> Target:
    """The machine's target, with another host."""
    return machine.target(host=spec, **NO_KEYS)


def looked(target: Target, questions: HostQuestions) -> Fact[HostFacts]:
    """Look at a host."""
    with open_carrier(target) as carrier:
        return host.look(target, questions, carrier)


def test_container_is_looked_at(machine: Machine, box: Container) -> None:
    """What a container has is seen; of units it can tell nothing, for lack of systemd."""
    asked = HostQuestions(units=("redis-server.service",), paths=("/etc/passwd", "/nowhere"))
    facts = looked(target(machine, f"podman://{box.name}"), asked)
    assert isinstance(facts, Seen), facts
    identity, paths = facts.value.identity, facts.value.paths
    assert (identity.init, identity.user, identity.privileges) == ("sleep", "root", "root")
    assert identity.hostname == box.run("uname -n").strip()
    assert isinstance(paths["/etc/passwd"], Seen)
    assert "No such file" in str(paths["/nowhere"])
    unit = facts.value.units["redis-server.service"]
    assert isinstance(unit, CannotTell)
    assert (unit.cause, unit.reason.startswith(NO_SYSTEMD)) == (Cause.TOOL_MISSING, True)


def test_listener_without_units(machine: Machine, box: Container) -> None:
    """A listener is seen with its process; whose unit it is cannot be told."""
    facts = looked(target(machine, f"podman://{box.name}"), HostQuestions())
    assert isinstance(facts, Seen), facts
    assert isinstance(facts.value.listeners, Seen)
    (one,) = facts.value.listeners.value
    assert (one.address, one.port) == ("127.0.0.1", PORT)
    assert isinstance(one.pids, Seen)
    assert "python3" in facts.value.processes[one.pids.value[0]].command
    assert isinstance(one.units, CannotTell)
    assert NO_SYSTEMD in one.units.reason


def test_another_user_of_a_container(machine: Machine, box: Container) -> None:
    """The user in the host spec is who looks."""
    facts = looked(target(machine, f"podman://nobody@{box.name}"), HostQuestions())
    assert isinstance(facts, Seen), facts
    assert (facts.value.identity.user, facts.value.identity.privileges) == ("nobody", "user")


def test_any_number_of_questions_reaches_a_container(machine: Machine, box: Container) -> None:
    """A script that is longer than a command line may be gets there whole."""
    asked = tuple(f"/nowhere/{number:060}" for number in range(MANY))
    facts = looked(target(machine, f"podman://{box.name}"), HostQuestions(paths=asked))
    assert isinstance(facts, Seen), facts
    assert len(facts.value.paths) == MANY


def test_deadline_ends_the_process_in_a_container(machine: Machine, box: Container) -> None:
    """What outlives its deadline is told so, and does not go on in there."""
    with (
        open_carrier(target(machine, f"podman://{box.name}")) as carrier,
        pytest.raises(CarrierError, match="not done within 1 s") as told,
    ):
        carrier.run("sleep 298.5 & sleep 298.5", deadline_s=1)
    assert told.value.cause is Cause.TIMEOUT
    assert box.run("pgrep -xf 'sleep 298.5' || :") == ""


def test_gate_on_a_container(machine: Machine, box: Container) -> None:
    """Nothing about units is ever green there; what needs a way by ssh says so."""
    result = machine.gate("predeploy", machine.plain(), host=f"podman://{box.name}", **NO_KEYS)
    assert result.exit_status == 1
    assert result.outcomes("services") == result.outcomes("work") == {"INCONCLUSIVE"}
    assert result.outcomes("endpoints") == result.outcomes("database") == {"INCONCLUSIVE"}
    assert NO_SYSTEMD in result.items["service.api"]["reason"]
    assert "only a way by ssh can forward" in result.items["endpoint.health"]["reason"]
    assert result.items["path.api"]["outcome"] == "FAIL"
    assert result.items["clock.host"]["outcome"] == "PASS"
    assert "Traceback" not in result.output


def test_container_that_is_dead(machine: Machine, box: Container) -> None:
    """A container that was stopped, or is not there, can be told nothing of, and that is said."""
    box.podman("stop", "--time=0", box.name)
    result = machine.gate("predeploy", machine.plain(), host=f"podman://{box.name}", **NO_KEYS)
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert "exec sessions on running containers" in result.items["service.api"]["reason"]
    gone = looked(target(machine, "podman://nowhere"), HostQuestions())
    assert isinstance(gone, CannotTell)
    assert (gone.cause, "no such container" in gone.reason) == (Cause.UNREACHABLE, True)
