"""A machine full of units, listeners and paths of every kind that a real host has."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tests.machine.trial import Machine

SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
LISTEN = """\
import signal, socket as s
four = [s.create_server((at, port)) for at, port in (("0.0.0.0", 7101), ("127.0.0.1", 7102))]
six = [s.create_server((at, port), family=s.AF_INET6) for at, port in (("::", 7103), ("::1", 7104))]
both = s.create_server(("", 7105), family=s.AF_INET6, dualstack_ipv6=True)
pair = [s.create_server(("0.0.0.0", 7106)), s.create_server(("::", 7106), family=s.AF_INET6)]
signal.pause()
"""
"""Every kind of listener; on 7106 there are two, and nobody is on 7107."""

UNITS = {
    "running.service": SLEEP + INSTALL,
    "stopped.service": SLEEP + INSTALL,
    "failed.service": f"[Service]\nType=oneshot\nExecStart=/bin/false\n{INSTALL}",
    "once.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    "masked.service": SLEEP,
    "loop.service": "[Service]\nType=oneshot\nExecStart=/bin/false\nRestart=on-failure\n"
    "RestartSec=50ms\n[Unit]\nStartLimitIntervalSec=0\n",
    "flapping.service": "[Service]\nExecStart=/bin/sleep 0.9\nRestart=always\nRestartSec=1ms\n"
    "[Unit]\nStartLimitIntervalSec=0\n",
    "frozen.service": SLEEP,
    "static.service": SLEEP,
    "puller.service": f"{SLEEP}{INSTALL}[Unit]\nWants=pulled.service\n",
    "pulled.service": SLEEP + INSTALL,
    "aside.service": f"{SLEEP}[Install]\nWantedBy=rescue.target\n",
    "for-now.service": SLEEP + INSTALL,
    "real-name.service": f"{SLEEP}{INSTALL}Alias=other-name.service\n",
    "each@.service": SLEEP + INSTALL,
    "tick.timer": "[Timer]\nOnActiveSec=1h\n[Install]\nWantedBy=timers.target\n",
    "tick.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "listen.service": "[Service]\nExecStart=/usr/bin/python3 /opt/varied-listen.py\n",
}
START = """
systemctl daemon-reload
systemctl -q enable running puller aside real-name tick.timer each@one
systemctl -q enable --runtime for-now
systemctl -q mask --runtime fstrim.service
systemctl start running once flapping frozen static puller for-now real-name each@one tick.timer
systemctl start failed || :
systemctl start --no-block loop
systemctl start listen
systemd-run -q --unit=transient sleep infinity
systemctl kill -s STOP frozen
mv /etc/systemd/system/masked.service /opt/; ln -s /dev/null /etc/systemd/system/masked.service
systemctl daemon-reload
sleep 1
"""
STOP = """
systemctl kill -s CONT frozen || :
systemctl -q stop {started} each@one transient || :
systemctl -q disable running puller aside real-name tick.timer each@one || :
systemctl -q disable --runtime for-now || :
systemctl -q unmask --runtime fstrim.service || :
rm -f {files} /opt/masked.service /opt/varied-listen.py
rm -rf /opt/varied
systemctl daemon-reload; systemctl reset-failed
"""
SERVICES = (
    *(name for name in UNITS if name != "each@.service"),
    "each@one.service",
    "each@two.service",
    "other-name.service",
    "transient.service",
    "fstrim.service",
    "redis.service",
    "redis-server.service",
    "postgresql.service",
    "postgresql@17-main.service",
    "atum-desk-api.service",
    "ssh.service",
    "systemd-journald.service",
    "multi-user.target",
    "no-such.service",
    "redis-ser",
    "redis.server.service",
)
"""What is asked for; a name without a suffix is a service's, to systemd as to the gate."""

PORTS = (22, 5432, 6379, 7101, 7102, 7103, 7104, 7105, 7106, 7107, 8000)

VARIED = "/opt/varied"
PATHS = {
    f"{VARIED}/plain": "echo plain > {}; chmod 640 {}",
    f"{VARIED}/with space": "touch {}",
    f'{VARIED}/it\'s "quoted" `$HOME` \\n *': "touch {}",
    f"{VARIED}/-n": "touch {}",
    f"{VARIED}/two\nlines": "mkdir {}",
    f"{VARIED}/schön-路": "touch {}",
    f"{VARIED}/folder": "mkdir {}; chown navi:navi {}; chmod 1777 {}",
    f"{VARIED}/set-id": "touch {}; chmod 6755 {}",
    f"{VARIED}/link": f"ln -s {VARIED}/plain {{}}",
    f"{VARIED}/dangling": f"ln -s {VARIED}/nowhere {{}}",
    f"{VARIED}/circle": f"ln -s {VARIED}/circle {{}}",
    f"{VARIED}/unreadable": "echo secret > {}; chmod 000 {}",
    f"{VARIED}/closed": "mkdir {}; echo in > {}/inside; chmod 700 {}",
    f"{VARIED}/closed/inside": "",
    f"{VARIED}/nobody's": "touch {}; chown 4242:4242 {}",
    f"{VARIED}/pipe": "mkfifo {}",
    f"{VARIED}/absent": "",
    f"{VARIED}/plain/below": "",
    "/data/ATUM DESK/atum-desk/api": "",
    "/dev/null": "",
    "/proc/1/exe": "",
}
"""Every path that is asked for, and how it is made."""


@contextmanager
def varied(machine: Machine) -> Iterator[Machine]:
    """Make a machine varied, and what it was again."""
    try:
        machine.run(_script())
        yield machine
    finally:
        names = [name for name in UNITS if "@" not in name and name != "masked.service"]
        files = [shlex.quote(f"/etc/systemd/system/{name}") for name in UNITS]
        machine.run(STOP.format(started=" ".join(names), files=" ".join(files)))


def _script() -> str:
    lay = "".join(_file(f"/etc/systemd/system/{name}", text) for name, text in UNITS.items())
    lay += _file("/opt/varied-listen.py", LISTEN)
    made = "".join(f"{how.replace('{}', shlex.quote(path))}\n" for path, how in PATHS.items())
    return f"{lay}{START}\nmkdir {VARIED}\n{made}"


def _file(path: str, text: str) -> str:
    return f"cat > {shlex.quote(path)} <<'END'\n{text}END\n"
