"""Faults done by hand to the machine: each turns exactly the items that it concerns."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
from collections.abc import Iterator

from tests.machine.trial import Machine

DESK = "/data/ATUM DESK/atum-desk"
UPLOADS = f"{DESK}/data/uploads"
SILENCE_S = 15.0
"""How long a whole run against a host that never answers may take."""


@contextlib.contextmanager
def fault(machine: Machine, do: str, undo: str) -> Iterator[None]:
    """Do something to the machine as root; undo it and wait until all is well again."""
    try:
        machine.run(do)
        yield
    finally:
        machine.run(undo)
        machine.settle()


def failed(*items: str) -> dict[str, str]:
    """Items that FAIL, and nothing else."""
    return dict.fromkeys(items, "FAIL")


def test_worker_killed_again_and_again(machine: Machine) -> None:
    """A worker that systemd restarts each time is not settled."""
    unit = "atum-desk-rag-worker.service"
    kill = f"while :; do systemctl kill -s KILL {unit}; sleep 0.4; done"
    start = f"systemd-run -q --unit=killer sh -c '{kill}'; sleep 2"
    stop = f"systemctl stop killer; systemctl reset-failed {unit} || :; systemctl restart {unit}"
    with fault(machine, start, stop):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.rag_worker", "work.rag")


def test_masked_unit(machine: Machine) -> None:
    """A unit that runs and is masked would not come back at a reboot."""
    with fault(machine, "systemctl mask redis-server", "systemctl unmask redis-server"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.redis", "risk.redis-disable")


def test_api_started_by_hand(machine: Machine) -> None:
    """An API outside of systemd answers every request, and is found out all the same."""
    start = (
        f"systemctl stop atum-desk-api; cd '{DESK}/api'; set -a; . '{DESK}/env'; set +a; "
        "setsid runuser -u navi -- .venv/bin/python -m uvicorn app.main:app --host 0.0.0.0 "
        "--port 8000 --workers 4 >/dev/null 2>&1 </dev/null & "
        "until curl -sf http://127.0.0.1:8000/health; do sleep 0.1; done"
    )
    stop = "pkill -u navi -f '[u]vicorn app.main'; sleep 1; systemctl start atum-desk-api; sleep 2"
    with fault(machine, start, stop):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.api", "port.api")


def test_port_bound_by_another_process(machine: Machine) -> None:
    """Somebody else on Redis' port is told by name."""
    python = 'import socket, signal; s = socket.create_server(("127.0.0.1", 6379)); signal.pause()'
    start = (
        "systemctl stop redis-server; "
        f"systemd-run -q --unit=squatter python3 -c '{python}'; sleep 0.5"
    )
    with fault(machine, start, "systemctl stop squatter; systemctl start redis-server"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.redis", "port.redis", "risk.redis-disable")
    assert "squatter.service" in result.items["port.redis"]["reason"]


def test_closed_folder(machine: Machine) -> None:
    """A folder that nobody may enter any more: with sudo its mode is seen and wrong."""
    with fault(machine, f"chmod 000 '{UPLOADS}'", f"chmod 750 '{UPLOADS}'"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("path.uploads")


def test_closed_folder_above_without_sudo(machine: Machine) -> None:
    """What lies behind a closed folder is not absent to a user without rights."""
    with fault(machine, "chmod 000 /opt/atum-desk", "chmod 755 /opt/atum-desk"):
        result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert result.exit_status == 10
    assert result.odd() == {"path.exports": "INCONCLUSIVE"}
    assert "Permission denied" in result.items["path.exports"]["reason"]


def test_unreadable_migrations_without_sudo(machine: Machine) -> None:
    """A folder whose files cannot be read holds no chain that is told to be empty."""
    folder = f"{DESK}/releases/after/migrations/versions"
    with fault(machine, f"chmod 000 '{folder}'", f"chmod 755 '{folder}'"):
        result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert result.exit_status == 10
    told = ("migration.pending", "migration.chain", "risk.schema-migration")
    assert result.odd() == dict.fromkeys(told, "INCONCLUSIVE")
    assert "Permission denied" in result.items["migration.chain"]["reason"]


def test_without_ss(machine: Machine) -> None:
    """Without ``ss`` the listeners are read from ``/proc``; nothing turns."""
    with fault(machine, "mv /usr/bin/ss /usr/bin/ss.gone", "mv /usr/bin/ss.gone /usr/bin/ss"):
        result = machine.gate("predeploy", machine.plain())
    assert (result.exit_status, result.odd()) == (0, {}), result.output


def test_without_sudo(machine: Machine) -> None:
    """Without sudo the owners of ports are told by their control groups; nothing turns."""
    result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert (result.exit_status, result.odd()) == (0, {}), result.output


def test_sudo_wants_a_password(machine: Machine) -> None:
    """The gate never waits at a prompt; what needs rights cannot be told, and says why."""
    machine.sudo("password")
    try:
        result = machine.gate("predeploy", machine.plain())
    finally:
        machine.sudo("passwordless")
    assert (result.exit_status, result.odd()) == (0, {}), result.output


def test_sudo_wants_a_password_without_ss(machine: Machine) -> None:
    """Whose the ports of other users are is not told, rather than told wrong."""
    undo = "mv /usr/bin/ss.gone /usr/bin/ss"
    with fault(machine, "mv /usr/bin/ss /usr/bin/ss.gone", undo):
        machine.sudo("password")
        try:
            result = machine.gate("predeploy", machine.plain())
        finally:
            machine.sudo("passwordless")
    assert result.exit_status == 10
    others = ("port.postgresql", "port.redis", "risk.redis-disable")
    assert result.odd() == dict.fromkeys(others, "INCONCLUSIVE")
    assert "a password is required" in result.items["port.postgresql"]["reason"]


def test_unknown_host_key(machine: Machine, tmp_path: pathlib.Path) -> None:
    """A host that nobody vouches for is not looked at, by no way."""
    known = tmp_path / "known_hosts"
    known.touch()
    result = machine.gate("predeploy", machine.plain(), ssh_known_hosts=str(known))
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert result.outcomes("endpoints") == result.outcomes("database") == {"INCONCLUSIVE"}
    assert "Host key verification failed" in result.items["service.api"]["reason"]


def test_host_that_never_answers(machine: Machine) -> None:
    """A host that accepts and stays silent ends in cannot tell, within the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"ssh://navi@127.0.0.1:{silent.getsockname()[1]}"
        result = machine.gate("predeploy", machine.plain(), host=host, deadlines={"connect_s": 1.0})
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert result.outcomes("services") == result.outcomes("database") == {"INCONCLUSIVE"}
    assert result.seconds < SILENCE_S
    assert "timed out" in result.items["service.api"]["reason"]


def test_api_refuses_behind_the_forward(machine: Machine) -> None:
    """A refused connection at the far end of the forward is the host's own answer: FAIL."""
    with fault(machine, "systemctl stop atum-desk-api", "systemctl start atum-desk-api; sleep 2"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert {result.items[one]["outcome"] for one in ("service.api", "port.api")} == {"FAIL"}
    assert result.items["endpoint.health"]["outcome"] == "FAIL"
    assert "refuses connections to 127.0.0.1:8000" in result.items["endpoint.health"]["reason"]


def test_forwarding_forbidden(machine: Machine) -> None:
    """Where sshd forbids forwards, API and database cannot be told; the host still is."""
    conf = "/etc/ssh/sshd_config.d/forbid.conf"
    start = f"echo 'AllowTcpForwarding no' > {conf}; systemctl reload ssh"
    with fault(machine, start, f"rm {conf}; systemctl reload ssh"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 10
    assert result.outcomes("endpoints") == {"INCONCLUSIVE"}
    assert result.outcomes("database") == {"INCONCLUSIVE"}
    assert "administratively prohibited" in result.items["endpoint.health"]["reason"]
    for chapter in ("services", "ports", "paths"):
        assert result.outcomes(chapter) == {"PASS"}


def test_refused_key(machine: Machine, tmp_path: pathlib.Path) -> None:
    """A key that the host does not take is lack of permission, told once for everything."""
    key = tmp_path / "key"
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(line, check=True, timeout=10)  # noqa: S603
    result = machine.gate("predeploy", machine.plain(), ssh_identity_file=str(key))
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    reason = result.items["service.api"]["reason"]
    assert reason.startswith("(permission)")
    assert "Permission denied (publickey" in reason


def test_host_down(machine: Machine) -> None:
    """Where nobody listens for SSH nothing is told, and the address is named."""
    host = f"ssh://navi@{machine.address}:23"
    result = machine.gate("predeploy", machine.plain(), host=host)
    assert result.exit_status == 10
    assert set(result.odd().values()) == {"INCONCLUSIVE"}
    assert "Connection refused" in result.items["service.api"]["reason"]


def test_login_shell_that_talks(machine: Machine) -> None:
    """What a login shell prints is no answer to any question."""
    shell = "/home/navi/.bashrc"
    do = f"cp {shell} {shell}.kept; sed -i '1i echo welcome; echo to Hera >&2' {shell}"
    with fault(machine, do, f"mv {shell}.kept {shell}"):
        result = machine.gate("predeploy", machine.plain())
    assert (result.exit_status, result.odd()) == (0, {}), result.output
