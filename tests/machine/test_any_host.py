"""A web server on a booted machine, promised as any host: each of its faults is named."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gate.kinds.scene import Scene
from gate.sources.fact import Seen
from tests.machine import extra
from tests.machine.trial import Machine
from tests.selftest.promised import CANNOT, check, scene, told

LOG = logging.getLogger(__name__)
SET_UP = r"""
mkdir -p /opt/front/v1 /opt/front/v2 /var/backups/front /etc/front
ln -sfn v1 /opt/front/current
cp /bin/sleep /opt/front/v1/worker; cp /bin/sleep /opt/front/v2/worker
printf 'DATABASE_URL=postgresql://x\nSECRET_KEY=y\n' > /etc/front/env; chmod 640 /etc/front/env
cat > /etc/systemd/system/front.service <<'END'
[Service]
ExecStart=/opt/front/current/worker infinity
WorkingDirectory=/opt/front/current
EnvironmentFile=/etc/front/env
User=nobody
LimitNOFILE=4096
END
cat > /etc/systemd/system/front-backup.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'date > /var/backups/front/backup.dump'
END
cat > /etc/systemd/system/front-backup.timer <<'END'
[Timer]
OnCalendar=daily
[Install]
WantedBy=timers.target
END
openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/front/key -out /etc/front/cert -days 60 \
  -subj /CN=front.example.org -addext subjectAltName=DNS:front.example.org 2>/dev/null
cat > /etc/nginx/conf.d/front.conf <<'END'
server { listen 8443 ssl; server_name front.example.org;
  ssl_certificate /etc/front/cert; ssl_certificate_key /etc/front/key; return 200 "fine\n"; }
END
nft -f - <<'END'
table inet front {
 chain input { type filter hook input priority 0; policy accept;
 tcp dport 8443 accept
 }
}
END
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl start front.service
systemctl enable -q --now front-backup.timer
systemctl start front-backup.service
systemctl restart nginx
"""
ITEMS = {
    "package.nginx": 'package = "nginx-light"',
    "service.nginx": 'unit = "nginx.service"\nstate = "active (running)"',
    "process.nginx": 'unit = "nginx.service"\nexecutable = "/usr/sbin/nginx"\n'
    'config = ["/etc/nginx", "/etc/front/cert"]\ncommand = ["nginx"]\nuser = "root"',
    "check.nginx": 'reads = "it tests the files"\ncommand = ["/usr/sbin/nginx", "-t"]\n'
    'matches = ["test is successful"]',
    "certificate.front": 'port = 8443\nname = "front.example.org"\ndays_left = 30',
    "certificate.file": 'file = "/etc/front/cert"\ndays_left = 30',
    "file.env": 'path = "/etc/front/env"\nmode = "0640"\nnames = ["DATABASE_URL", "SECRET_KEY"]',
    "file.backup": 'path = "/var/backups/front"\nnewest = "*.dump"\nyounger_than_s = 3600\n'
    "at_least_bytes = 10",
    "timer.backup": 'timer = "front-backup.timer"\nstarts = "front-backup.service"',
    "process.front": 'unit = "front.service"\nrelease = "/opt/front/current"\nuser = "nobody"\n'
    'executable = "/opt/front/current/worker"\nenvironment = ["DATABASE_URL", "SECRET_KEY"]\n'
    'limits = { "max open files" = 4096 }\ndrop_ins = []',
    "firewall.front": 'table = "inet front"\nchain = "input"\npolicy = "accept"\n'
    'rules = ["tcp dport 8443 accept"]\nonly = true',
    "mount.root": 'path = "/"\nfree_percent = 1',
    "user.navi": 'user = "navi"\ngroups_not = ["root"]',
    "group.root": 'group = "root"\ngid = 0',
    "sysctl.type": 'key = "kernel.ostype"\nvalue = "Linux"',
    "kernel.host": 'release = "{release}"',
    "load.host": "memory_free_mb = 1",
    "time.host": 'zone = "Etc/UTC"',
    "resolve.localhost": 'name = "localhost"',
}


@pytest.fixture(scope="module")
def front(machine: Machine) -> Machine:
    """The machine with a web server in it."""
    policy = "/usr/sbin/policy-rc.d"  # nothing is started before its files are right
    machine.run(f"printf '#!/bin/sh\\nexit 101\\n' > {policy}; chmod 755 {policy}")
    extra.install(machine.record, "nginx-light", "nftables", "openssl")
    machine.run(f"rm {policy}")
    machine.run(SET_UP)
    return machine


def items() -> dict[str, str]:
    """What is promised, about the kernel that runs."""
    return {id_: keys.replace("{release}", os.uname().release) for id_, keys in ITEMS.items()}


def look(machine: Machine, promised: dict[str, str]) -> Scene:
    """What one look over SSH sees of some items."""
    folder = machine.folder / "front"
    folder.mkdir(exist_ok=True)
    found = scene(folder, promised, machine.target(api=None, database=None))
    assert isinstance(found.observed.host, Seen), found.observed.host
    return found


@contextmanager
def fault(machine: Machine, do: str, undo: str) -> Iterator[None]:
    """Do something to the machine, and undo it."""
    machine.run(do)
    try:
        yield
    finally:
        machine.run(undo)


def broken(machine: Machine) -> dict[str, str]:
    """The items that do not hold, and why."""
    return {id_: words for id_, words in told(look(machine, items())).items() if words}


def test_all_is_well(front: Machine) -> None:
    """Every item holds, in one command over one connection."""
    assert broken(front) == {}


CONF = "/etc/nginx/conf.d/front.conf"
FAULTS = {
    "nginx file changed and not reloaded": (
        f"echo '# new' >> {CONF}", "systemctl reload nginx", {"process.nginx": "after it was"}),
    "nginx file broken": (
        f"cp -p {CONF} /var/tmp/kept; echo broken >> {CONF}",
        f"cp -p /var/tmp/kept {CONF}; systemctl restart nginx",
        {"check.nginx": "exit status 1", "process.nginx": "after it was started"}),
    "expired certificate": (
        ("cp -p /etc/front/cert /var/tmp/cert; cp -p /etc/front/key /var/tmp/key; "
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/front/key -out /etc/front/cert "
        "-days 1 -subj /CN=front.example.org -addext subjectAltName=DNS:front.example.org "
        "2>/dev/null; systemctl restart nginx"),
        ("cp -p /var/tmp/cert /etc/front/cert; cp -p /var/tmp/key /etc/front/key; "
        "systemctl restart nginx"),
        {"certificate.front": "good for only", "certificate.file": "good for only"}),
    "backup failing with an old dump left": (
        ("touch -d '2 days ago' /var/backups/front/backup.dump; "
        "mkdir -p /etc/systemd/system/front-backup.service.d; "
        "printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' "
        "> /etc/systemd/system/front-backup.service.d/x.conf; systemctl daemon-reload; "
        "systemctl start front-backup.service || :"),
        ("rm -r /etc/systemd/system/front-backup.service.d; systemctl daemon-reload; "
        "systemctl start front-backup.service"),
        {"timer.backup": "ended with exit-code", "file.backup": "it was written"}),
    "a line of an env file lost": (
        "cp -p /etc/front/env /var/tmp/env; sed -i s/^SECRET/#SECRET/ /etc/front/env",
        "cp -p /var/tmp/env /etc/front/env",
        {"file.env": "nothing gives SECRET_KEY a value"}),
    "the port dropped by the firewall": (
        "nft insert rule inet front input tcp dport 8443 drop",
        ("nft delete rule inet front input handle $(nft -a list chain inet front input | "
        "sed -n 's/.*drop # handle //p')"),
        {"firewall.front": "not promised: 'tcp dport 8443 drop'", "certificate.front": CANNOT}),
    "old process after the upgrade": (
        "ln -sfn v2 /opt/front/current", "ln -sfn v1 /opt/front/current",
        {"process.front": "v1/worker"}),
    "program swapped under a living process": (
        "cp /bin/true /opt/front/v1/new; mv /opt/front/v1/new /opt/front/v1/worker",
        ("cp /bin/sleep /opt/front/v1/new; mv /opt/front/v1/new /opt/front/v1/worker; "
        "systemctl restart front.service"),
        {"process.front": "which was deleted or replaced"}),
    "a drop-in that runs it as root": (
        ("mkdir -p /etc/systemd/system/front.service.d; printf '[Service]\\nUser=root\\n' > "
        "/etc/systemd/system/front.service.d/x.conf; systemctl daemon-reload; "
        "systemctl restart front.service"),
        ("rm -r /etc/systemd/system/front.service.d; systemctl daemon-reload; "
        "systemctl restart front.service"),
        {"process.front": "user is root; /etc/systemd/system/front.service.d/x.conf changes"}),
    "timer switched off": (
        "systemctl disable -q --now front-backup.timer",
        "systemctl enable -q --now front-backup.timer",
        {"timer.backup": "it is inactive"}),
    "no dpkg-query": (
        "mv /usr/bin/dpkg-query /usr/bin/dpkg-query.kept",
        "mv /usr/bin/dpkg-query.kept /usr/bin/dpkg-query",
        {"package.nginx": CANNOT}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, front: Machine) -> None:
    """It turns its own items, and nothing else; undone, all is well again."""
    do, undo, expected = FAULTS[name]
    with fault(front, do, undo):
        said = broken(front)
    assert set(said) == set(expected), said
    check(said, expected)
    assert broken(front) == {}


def test_three_hundred_items(front: Machine) -> None:
    """All kinds together, in one look; how long it took is logged, and not judged here."""
    many = {f"{id_}-{n}": keys for n in range(16) for id_, keys in items().items()}
    for promised in (items(), many, many):
        began = time.monotonic()
        found = look(front, promised)
        said = told(found)
        seconds = time.monotonic() - began
        host_s = found.observed.seconds["host"]
        LOG.info("%d items: %.2f s, of which the host %.2f s", len(said), seconds, host_s)
        assert {id_: words for id_, words in said.items() if words} == {}
