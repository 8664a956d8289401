"""What one look tells of units and listeners, where real systems are more than active or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gate.connection.carrier import open_carrier
from gate.sources.fact import Absent, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts, HostQuestions, Unit
from tests.machine.trial import Machine

UNITS = {
    "crash.service": "[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=100ms\n"
    "[Unit]\nStartLimitIntervalSec=0\n",
    "failed.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
    "odd.service": "[Service]\nExecStart=relative/path\n",
    "wrapper.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
    "[Unit]\nWants=wrapped.service\n[Install]\nWantedBy=multi-user.target\n",
    "wrapped.service": "[Service]\nExecStart=/bin/sleep infinity\n[Unit]\nPartOf=wrapper.service\n",
    "part.service": "[Service]\nExecStart=/bin/sleep infinity\n[Unit]\nPartOf=wrapper.service\n",
    "changed.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "tick.timer": "[Timer]\nOnActiveSec=1h\n[Install]\nWantedBy=timers.target\n",
    "tick.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "each@.service": "[Service]\nExecStart=/bin/sleep infinity\n[Install]\n"
    "WantedBy=multi-user.target\n",
    "six.service": "[Service]\nExecStart=/usr/bin/python3 -c 'import socket, signal; "
    's = socket.create_server(("::", 7006), family=socket.AF_INET6); '
    't = socket.create_server(("::1", 7007), family=socket.AF_INET6); '
    'u = socket.create_server(("", 7008), family=socket.AF_INET6, dualstack_ipv6=True); '
    "signal.pause()'\n",
    "loud.service": "[Service]\nExecStart=/bin/sh -c 'echo \"<3>it hurts\"; exec sleep infinity'\n",
    "frozen.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "partly.service": "[Service]\nExecStart=/bin/sleep infinity\nMemoryMaxx=4G\n",
    "moved.service": "[Service]\nExecStart=/opt/old/program\n",
}
START = """
mkdir /etc/systemd/system/partly.service.d
printf '[Service]\\nRestart=sometimes\\n' > '/etc/systemd/system/partly.service.d/a b.conf'
systemctl daemon-reload
systemctl -q enable wrapper tick.timer each@one.service
systemctl start --no-block crash
systemctl start failed || :
systemctl start wrapper part changed tick.timer each@one six loud frozen partly
systemctl kill -s STOP frozen
echo '# changed' >> /etc/systemd/system/changed.service
mkdir /etc/systemd/system/loud.service.d
printf '[Service]\\nNice=1\\n' > /etc/systemd/system/loud.service.d/nice.conf
sleep 1
"""
ASKED = (
    *(name for name in UNITS if name != "each@.service"),
    "each@one.service",
    "each@two.service",
    "redis.service",
    "postgresql.service",
    "postgresql@17-main.service",
    "fstrim.timer",
    "systemd-journald.service",
    "no-such.service",
)


@pytest.fixture(scope="module")
def facts(machine: Machine) -> Iterator[HostFacts]:
    """One look at a machine full of odd units."""
    lay = "".join(
        f"cat > '/etc/systemd/system/{name}' <<'UNIT'\n{text}UNIT\n" for name, text in UNITS.items()
    )
    clean = "".join(f"rm -rf /etc/systemd/system/'{name}'*\n" for name in UNITS)
    names = " ".join(name for name in UNITS if "@" not in name)
    try:
        machine.run(lay + START)
        target = machine.target()
        with open_carrier(target) as carrier:
            found = host.look(target, HostQuestions(units=ASKED), carrier)
        assert isinstance(found, Seen), found
        yield found.value
    finally:
        machine.run(
            f"systemctl kill -s CONT frozen; systemctl -q stop {names} each@one || :\n"
            "systemctl -q disable wrapper tick.timer each@one.service\n"
            f"{clean}systemctl daemon-reload; systemctl reset-failed"
        )


def unit(facts: HostFacts, name: str) -> Unit:
    """A unit that is there."""
    found = facts.units[name]
    assert isinstance(found, Seen), found
    return found.value


def boots(facts: HostFacts, name: str) -> bool:
    """Whether a reboot brings a unit up."""
    found = unit(facts, name).starts_at_boot
    assert isinstance(found, Seen), found
    return found.value


def test_alias(facts: HostFacts) -> None:
    """An alias leads to the unit itself."""
    found = unit(facts, "redis.service")
    assert (found.asked, found.id) == ("redis.service", "redis-server.service")
    assert (found.active_state, boots(facts, "redis.service")) == ("active", True)


def test_umbrella(facts: HostFacts) -> None:
    """An umbrella is active (exited) and says what it stands for."""
    found = unit(facts, "postgresql.service")
    assert (found.active_state, found.sub_state, found.main_pid) == ("active", "exited", 0)
    assert found.members == (("postgresql@17-main.service", "active (running)"),)


def test_generated_template_instance_boots_by_its_umbrella(facts: HostFacts) -> None:
    """What only a service pulls in, and no target, is up after a reboot as well."""
    assert unit(facts, "postgresql@17-main.service").unit_file_state == "enabled-runtime"
    assert boots(facts, "postgresql@17-main.service")
    assert boots(facts, "wrapped.service")


def test_stopped_together_is_not_started_together(facts: HostFacts) -> None:
    """PartOf an enabled unit starts nothing."""
    assert unit(facts, "part.service").active_state == "active"
    assert not boots(facts, "part.service")


def test_template_instances(facts: HostFacts) -> None:
    """One instance is enabled, the other one only thinkable."""
    assert boots(facts, "each@one.service")
    assert not boots(facts, "each@two.service")


def test_timer_and_what_it_starts(facts: HostFacts) -> None:
    """A timer comes with a reboot, its service does not."""
    assert unit(facts, "tick.timer").sub_state == "waiting"
    assert boots(facts, "tick.timer")
    assert not boots(facts, "tick.service")


def test_static_unit(facts: HostFacts) -> None:
    """A static unit is not enabled and starts all the same."""
    assert unit(facts, "systemd-journald.service").unit_file_state == "static"
    assert boots(facts, "systemd-journald.service")


def test_masked_and_absent(facts: HostFacts) -> None:
    """A masked unit is there; one without a file is absent."""
    assert unit(facts, "fstrim.timer").load_state == "masked"
    assert not boots(facts, "fstrim.timer")
    assert isinstance(facts.units["no-such.service"], Absent)


def test_restarting_in_a_loop(facts: HostFacts) -> None:
    """Two readings of a unit in a restart loop differ."""
    first, second = unit(facts, "crash.service").readings
    assert second.restarts > first.restarts


def test_failed(facts: HostFacts) -> None:
    """A failed unit says with what result."""
    found = unit(facts, "failed.service")
    assert (found.active_state, found.result) == ("failed", "exit-code")


def test_file_that_systemd_does_not_accept(facts: HostFacts) -> None:
    """What systemd thinks of a bad unit file is kept."""
    found = unit(facts, "odd.service")
    assert found.load_state == "bad-setting"
    assert found.warnings


def test_file_that_systemd_accepts_in_part(facts: HostFacts) -> None:
    """What it ignores is told with file and line, of drop-ins too; nothing is said of others."""
    file = "/etc/systemd/system/partly.service"
    found = unit(facts, "partly.service")
    assert (found.load_state, found.drop_ins) == ("loaded", (f"{file}.d/a b.conf",))
    unread, unknown = sorted(found.warnings)
    assert unread.startswith(f"{file}.d/a b.conf:2: ")
    assert "Restart=sometimes" in unread
    assert unknown.startswith(f"{file}:3: ")
    assert "MemoryMaxx" in unknown
    assert unit(facts, "frozen.service").warnings == ()


def test_file_that_names_a_program_that_is_gone(facts: HostFacts) -> None:
    """The next start of the unit would fail."""
    (warning,) = unit(facts, "moved.service").warnings
    assert "/opt/old/program is not executable: No such file" in warning


def test_file_changed_since_reload(facts: HostFacts) -> None:
    """A unit whose file is newer than what runs says so; others do not."""
    assert unit(facts, "changed.service").need_daemon_reload
    assert not unit(facts, "frozen.service").need_daemon_reload


def test_stopped_process(facts: HostFacts) -> None:
    """To systemd a stopped process is running; the process table knows better."""
    found = unit(facts, "frozen.service")
    assert (found.sub_state, found.process_state) == ("running", Seen("T (stopped)"))


def test_what_the_journal_says(facts: HostFacts) -> None:
    """Systemd's restarts of a unit are counted with their times, for that unit alone."""
    crash = unit(facts, "crash.service").journal
    assert isinstance(crash, Seen)
    assert crash.value.restarts
    assert crash.value.failures
    quiet = unit(facts, "frozen.service").journal
    assert isinstance(quiet, Seen)
    assert (quiet.value.restarts, quiet.value.failures) == ((), ())


def test_listeners_by_family_and_reach(facts: HostFacts) -> None:
    """IPv6 wildcard, loopback and dual-stack are told apart, each with unit and process."""
    assert isinstance(facts.listeners, Seen)
    found = {one.port: one for one in facts.listeners.value if 7006 <= one.port <= 7008}
    main = unit(facts, "six.service").main_pid
    assert [(found[port].address, found[port].v6only) for port in sorted(found)] == [
        ("::", True),
        ("::1", None if found[7007].v6only is None else True),
        ("::", False),
    ]
    assert {one.family for one in found.values()} == {"ipv6"}
    assert {one.units for one in found.values()} == {Seen(("six.service",))}
    assert {one.pids for one in found.values()} == {Seen((main,))}


def test_unit_processes_are_those_of_its_control_group(facts: HostFacts) -> None:
    """A unit's processes are told by its control group."""
    found = unit(facts, "six.service")
    assert found.control_group == "/system.slice/six.service"
    assert found.pids == Seen((found.main_pid,))
    assert isinstance(found.executable, Seen)
    assert found.executable.value.startswith("/usr/bin/python3")
