"""Faults done by hand to the machine: each turns exactly the items that it concerns."""

from __future__ import annotations

import contextlib
import pathlib
import shlex
import socket
import subprocess
from collections.abc import Iterator

import pytest

from sandbox.machine import access
from tests.machine import extra
from tests.machine.trial import Machine

DESK = "/data/ATUM DESK/atum-desk"
LOGS = dict.fromkeys(("log.api", "log.rag_worker", "log.sla_worker", "work.sla"), "INCONCLUSIVE")
"""Who may not read the journal cannot tell what units log."""
SESSIONS = dict.fromkeys(
    (
        *("session.api", "session.rag_worker", "session.sla_worker", "session.job_worker"),
        *("work.rag", "risk.new-worker-service"),
    ),
    "INCONCLUSIVE",
)
"""Without ``ss`` nobody tells which sockets are a unit's."""
UPLOADS = f"{DESK}/data/uploads"
SILENCE_S = 15.0
"""How long a whole run against a host that never answers may take."""


@contextlib.contextmanager
def fault(machine: Machine, do: str, undo: str, *, is_logged: bool = False) -> Iterator[None]:
    """Do something to the machine as root; undo it and wait until all is well again.

    Args:
        machine: The machine.
        do: Shell script.
        undo: Shell script.
        is_logged: Whether the journal goes on telling of it.
    """
    try:
        machine.run(do)
        yield
    finally:
        machine.run(undo)
        machine.begin_anew() if is_logged else machine.settle()


def failed(*items: str) -> dict[str, str]:
    """Items that FAIL, and nothing else."""
    return dict.fromkeys(items, "FAIL")


def test_worker_killed_again_and_again(machine: Machine) -> None:
    """A worker that systemd restarts each time is not settled."""
    unit = "atum-desk-rag-worker.service"
    kill = f"while :; do systemctl kill -s KILL {unit}; sleep 0.4; done"
    start = f"systemd-run -q --unit=killer sh -c '{kill}'; sleep 2"
    stop = f"systemctl stop killer; systemctl reset-failed {unit} || :; systemctl restart {unit}"
    with fault(machine, start, stop, is_logged=True):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    sure = failed("service.rag_worker")
    perhaps = failed("log.rag_worker", "work.rag", "session.rag_worker")
    assert sure.items() <= result.odd().items() <= {**sure, **perhaps}.items(), result.odd()


def test_masked_unit(machine: Machine) -> None:
    """A unit that runs and is masked would not come back at a reboot."""
    with fault(machine, "systemctl mask redis-server", "systemctl unmask redis-server"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.redis", "risk.redis-disable")


def test_api_started_by_hand(machine: Machine) -> None:
    """An API outside of systemd answers every request, and is found out all the same."""
    start = (
        f"systemctl stop atum-desk-api; cd '{DESK}/api'; set -a; . '{DESK}/api/.env'; set +a; "
        "setsid runuser -u navi -- .venv/bin/python -m uvicorn app.main:app --host 0.0.0.0 "
        "--port 8000 --workers 4 >/dev/null 2>&1 </dev/null & "
        "until curl -sf http://127.0.0.1:8000/health; do sleep 0.1; done"
    )
    stop = "pkill -u navi -f '[u]vicorn app.main'; sleep 1; systemctl start atum-desk-api; sleep 2"
    with fault(machine, start, stop, is_logged=True):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("service.api", "port.api", "session.api")


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
    assert result.odd() == {"path.exports": "INCONCLUSIVE", **LOGS}
    assert "Permission denied" in result.items["path.exports"]["reason"]


def test_unreadable_migrations_without_sudo(machine: Machine) -> None:
    """A folder whose files cannot be read holds no chain that is told to be empty.

    To git a file that cannot be read is one that was changed, and it does not say which: the
    release is not the promised one as far as anybody can see.
    """
    folder = f"{DESK}/api/migrations/versions"
    with fault(machine, f"chmod 000 '{folder}'", f"chmod 755 '{folder}'"):
        result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert result.exit_status == 1
    told = ("migration.head", "migration.pending", "migration.chain", "risk.schema-migration")
    unclear = {**dict.fromkeys(told, "INCONCLUSIVE"), **LOGS}
    assert result.odd() == {**unclear, "runtime.release": "FAIL"}
    for told_of in ("migration.head", "migration.chain"):
        assert "Permission denied" in result.items[told_of]["reason"]


def test_without_ss(machine: Machine) -> None:
    """Without ``ss`` the listeners are read from ``/proc``; only sessions cannot be told."""
    with fault(machine, "mv /usr/bin/ss /usr/bin/ss.gone", "mv /usr/bin/ss.gone /usr/bin/ss"):
        result = machine.gate("predeploy", machine.plain())
    assert (result.exit_status, result.odd()) == (10, SESSIONS), result.output


def test_without_sudo(machine: Machine) -> None:
    """Without sudo the owners of ports are told by their control groups; logs cannot be told."""
    result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert (result.exit_status, result.odd()) == (10, LOGS), result.output
    assert "(permission)" in result.items["log.api"]["reason"]


def test_without_sudo_in_the_journals_group(machine: Machine) -> None:
    """Who belongs to ``systemd-journal`` needs no sudo for the logs."""
    join, leave = "gpasswd -a navi systemd-journal", "gpasswd -d navi systemd-journal"
    with fault(machine, join, leave):
        result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert (result.exit_status, result.odd()) == (0, {}), result.output


def test_hidden_processes_without_sudo(machine: Machine) -> None:
    """Where ``/proc`` hides the processes of others, only what hangs on them cannot be told."""
    hide = "mount -o remount,hidepid={} /proc"
    with fault(machine, hide.format(2), hide.format(0)):
        result = machine.gate("predeploy", machine.plain(), sudo=False)
    assert result.exit_status == 10
    others = ("service.postgresql", "service.redis", "risk.redis-disable")
    assert result.odd() == {**dict.fromkeys(others, "INCONCLUSIVE"), **LOGS}
    assert "is not shown to the user navi" in result.items["service.redis"]["reason"]


def test_sudo_wants_a_password(machine: Machine) -> None:
    """The gate never waits at a prompt; what needs rights cannot be told, and says why."""
    machine.sudo("password")
    try:
        result = machine.gate("predeploy", machine.plain())
    finally:
        machine.sudo("passwordless")
    assert (result.exit_status, result.odd()) == (10, LOGS), result.output


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
    assert result.odd() == {**dict.fromkeys(others, "INCONCLUSIVE"), **LOGS, **SESSIONS}
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
    alone = ("service.", "port.", "path.")
    assert not [id_ for id_ in result.odd() if id_.startswith(alone)]


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


@pytest.fixture(scope="module")
def equipped(machine: Machine) -> Machine:
    """The machine with other shells, and a locale that is not English."""
    extra.install(machine.record, "fish", "tcsh", "locales")
    machine.run("localedef -i de_DE -f UTF-8 de_DE.UTF-8")
    return machine


@pytest.mark.parametrize("shell", ["fish", "csh"])
def test_login_shell_of_another_kind(equipped: Machine, shell: str) -> None:
    """What is asked goes to ``sh``, whatever the user's own shell is."""
    other = f"usermod --shell /bin/{shell} navi"
    with fault(equipped, other, "usermod --shell /bin/bash navi"):
        shown = subprocess.run(  # noqa: S603
            access.ssh(equipped.record, "echo $version"),
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        assert shown.stdout.strip(), f"the login shell is no {shell}"
        result = equipped.gate("predeploy", equipped.plain())
    assert (result.exit_status, result.odd()) == (0, {}), result.output


def test_locale_not_english(equipped: Machine) -> None:
    """A host that speaks German is understood: what is absent there is absent, not unclear."""
    start = (
        "cp -p /home/navi/.bashrc /home/navi/.bashrc.kept; "
        "sed -i '1i export LC_ALL=de_DE.UTF-8 LANGUAGE=de' /home/navi/.bashrc; "
        "echo LANG=de_DE.UTF-8 > /etc/locale.conf; mv /opt/atum-desk/data /opt/atum-desk/gone"
    )
    stop = (
        "mv /home/navi/.bashrc.kept /home/navi/.bashrc; rm /etc/locale.conf; "
        "mv /opt/atum-desk/gone /opt/atum-desk/data"
    )
    with fault(equipped, start, stop):
        assert "nicht gefunden" in equipped.run("stat /nowhere 2>&1 || :")
        result = equipped.gate("predeploy", equipped.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("path.exports")
    assert "there is no /opt/atum-desk/data" in result.items["path.exports"]["reason"]


def test_file_names_that_are_no_text(machine: Machine) -> None:
    """Names that are no UTF-8, in a promised folder and among the migrations, harm nothing."""
    versions = f"{DESK}/api/migrations/versions"
    name = "$(printf 'b\\303d \\377')"
    start = f"touch '{UPLOADS}'/\"{name}\"; echo '# nothing' > '{versions}'/\"{name}.py\""
    stop = f"rm '{UPLOADS}'/\"{name}\" '{versions}'/\"{name}.py\""
    with fault(machine, start, stop):
        assert machine.run(f"ls -b '{UPLOADS}' '{versions}'").count("b\\303d\\ \\377") == 2
        result = machine.gate("predeploy", machine.plain())
    assert (result.exit_status, result.odd()) == (0, {}), result.output


@pytest.mark.parametrize("there", ["there", ""])
def test_promised_path_with_a_newline(machine: Machine, there: str) -> None:
    """A path of two lines is one path, there or not, and its neighbours keep their own facts."""
    path = "/opt/atum-desk/two\nlines \"and\" 'quotes'"
    quoted = shlex.quote(path)
    differs = [*machine.target().differs]
    own = {"item": "path.exports", "set": {"path": path}, "reason": "a name that is allowed"}
    changes = [*(one.model_dump() for one in differs), own]
    made = f"install -d -m 755 -o navi -g navi {quoted}" if there else ":"
    with fault(machine, made, f"rm -rf {quoted}"):
        result = machine.gate("predeploy", machine.plain(), differs=changes)
    assert result.exit_status == (0 if there else 1), result.output
    assert result.odd() == ({} if there else failed("path.exports"))


def test_full_disk(machine: Machine) -> None:
    """A promised folder without room fails; the look itself needs no room anywhere."""
    small = "size=64k,nr_inodes=8,mode=755,uid=1000,gid=1000"
    fill = "head -c 1M /dev/zero"
    data = "/opt/atum-desk/data"
    start = "".join(
        f"mount -t tmpfs -o {small} none {place}; {fill} > {place}/full 2>/dev/null || :; "
        for place in (data, "/tmp", "/var/tmp")  # noqa: S108 - the machine's
    )
    with fault(machine, start, f"umount {data} /tmp /var/tmp"):
        result = machine.gate("predeploy", machine.plain())
    assert result.exit_status == 1
    assert result.odd() == failed("path.exports")
    assert "free" in result.items["path.exports"]["reason"]
