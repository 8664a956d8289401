"""A contract of all kinds of a host together, and the host that keeps every promise of it.

A container is left out: a machine in a box has none to show.
"""

from __future__ import annotations

import pathlib
from typing import Any

import tomli_w

from gate.kinds.registry import kinds
from tests.machine.trial import Machine

TCP, TLS = 20_000, 22_000
"""First ports; UDP has the numbers of TCP."""
HERE = "/opt/kinds"
Keys = dict[str, Any]

ONCE: dict[str, Keys] = {
    "kernel.host": {"untainted": None},
    "load.host": {"memory_free_mb": 1},
    "time.host": {"zone": "Etc/UTC"},
    "clock.host": {"of": "host", "within_s": 60},
    "service.sockets": {"unit": "kinds-sockets.service", "state": "active (running)"},
    "runtime.sudo": {"label": "sudo", "command": ["sudo", "--version"], "version": "1"},
}
"""Those of which a host has one."""


def items(n: int, packages: list[str], sysctls: list[tuple[str, str]]) -> dict[str, Keys]:
    """One item of each kind of which there can be many; no two numbers ask the same."""
    unit, file, name = f"kinds-{n}.service", f"{HERE}/file-{n}", f"kinds-{n}.example"
    path = {"path": file, "type": "regular file", "purpose": "data"}
    allow = [f"tcp dport {TCP + n} accept"]
    key, value = sysctls[n]
    found: dict[str, Keys] = {
        "service": {"unit": unit, "state": "active (running)", "starts_at_boot": False},
        "process": {"unit": unit, "release": f"{HERE}/v1", "user": f"kinds{n}", "config": [file]},
        "log": {"unit": unit, "never": ["errors"], "since": "start"},
        "timer": {"timer": f"kinds-{n}.timer", "starts": f"kinds-job-{n}.service"},
        "cron": {"command": f"kinds-job {n}", "user": "root", "schedule": "@daily"},
        "port": {"port": TCP + n, "service": f"number {n}", "owner": "kinds-sockets.service"},
        "resolve": {"name": name, "addresses": ["127.0.0.1"]},
        "firewall": {"table": "inet kinds", "chain": f"chain{n}", "rules": allow},
        "path": {**path, "owner": f"kinds{n}", "mode": "0640"},
        "file": {"path": file, "names": ["SECRET"], "lines": [f"number = {n}"], "mode": "0640"},
        "mount": {"path": f"/mnt/kinds-{n}", "type": "tmpfs", "free_percent": 1},
        "user": {"user": f"kinds{n}", "groups": [f"kinds{n}"]},
        "group": {"group": f"kinds{n}"},
        "sysctl": {"key": key, "value": value},
        "package": {"package": packages[n]},
        "check": {"command": ["cat", file], "reads": "it prints", "matches": [f"number = {n}"]},
    }
    named = {f"{kind}.number-{n}": keys for kind, keys in found.items()}
    return named | {
        f"socket.udp-{n}": {"udp": TCP + n},
        f"socket.unix-{n}": {"unix": f"/run/kinds/{n}"},
        f"certificate.file-{n}": {"file": f"{HERE}/cert", "days_left": 30 + n, "names": [name]},
        f"certificate.port-{n}": {"port": TLS + n, "days_left": 30, "name": name},
        f"path.writable-{n}": {**path, "writable_by": [unit]},
    }


SERVES = """
import socket, ssl, sys, threading
most, kept = int(sys.argv[1]), []
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("/opt/kinds/cert", "/opt/kinds/key")
def serve(one):
    while True:
        try:
            with one.accept()[0] as peer:
                peer.settimeout(5)
                tls.wrap_socket(peer, server_side=True).close()
        except OSError:
            pass
for n in range(most):
    kept.append(socket.create_server(("127.0.0.1", 20000 + n)))
    kept.append(socket.create_server(("127.0.0.1", 22000 + n)))
    threading.Thread(target=serve, args=(kept[-1],), daemon=True).start()
    kept.append(socket.socket(type=socket.SOCK_DGRAM))
    kept[-1].bind(("127.0.0.1", 20000 + n))
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].bind(f"/run/kinds/{n}")
    kept[-1].listen()
print("ready", flush=True)
threading.Event().wait()
"""
SET_UP = r"""
cd /opt/kinds; mkdir -p v1 /etc/cron.d; cp /bin/sleep v1/worker
names=; for n in $(seq 0 $((most - 1))); do names="$names,DNS:kinds-$n.example"; done
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 900 -subj /CN=kinds.example \
  -addext "subjectAltName=${names#,}" 2>/dev/null
started= timers=; : > /etc/cron.d/kinds; nft add table inet kinds
units=/etc/systemd/system
for n in $(seq 0 $((most - 1))); do
  useradd -M kinds$n
  printf 'number = %s\nSECRET=x\n' $n > file-$n; chown kinds$n:kinds$n file-$n; chmod 640 file-$n
  echo "127.0.0.1 kinds-$n.example" >> /etc/hosts
  echo "@daily root /bin/true kinds-job $n" >> /etc/cron.d/kinds
  nft add chain inet kinds chain$n
  nft add rule inet kinds chain$n tcp dport $((20000 + n)) accept
  mkdir -p /mnt/kinds-$n; mount -t tmpfs -o size=1m kinds /mnt/kinds-$n
  printf '[Service]\nExecStart=/opt/kinds/v1/worker infinity\nUser=kinds%s\n' $n \
    > $units/kinds-$n.service
  printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' > $units/kinds-job-$n.service
  printf '[Timer]\nOnCalendar=daily\nUnit=%s\n[Install]\nWantedBy=timers.target\n' \
    kinds-job-$n.service > $units/kinds-$n.timer
  started="$started kinds-$n.service kinds-$n.timer" timers="$timers kinds-$n.timer"
done
printf '[Service]\nExecStart=python3 /opt/kinds/serves %s\nRuntimeDirectory=kinds\n' $most \
  > $units/kinds-sockets.service
systemctl daemon-reload; systemctl enable -q $timers; systemctl start $started kinds-sockets
timeout 60 sh -c 'until journalctl -q -o cat -u kinds-sockets | grep -q ready; do sleep 0.1; done'
"""


def populate(machine: Machine, most: int) -> None:
    """Have the machine keep what is promised of so many numbers."""
    machine.run(f"mkdir -p {HERE}; cat > {HERE}/serves <<'END'\n{SERVES}END\nmost={most}\n{SET_UP}")


def write(folder: pathlib.Path, machine: Machine, each: int) -> int:
    """Write the contract; returns how many items it has."""
    listed = machine.run("dpkg-query -W -f '${Package} ${Status}\\n'").splitlines()
    packages = [one.split()[0] for one in listed if one.endswith("install ok installed")]
    said = machine.run("sysctl -a 2>/dev/null | grep -E '^kernel[.][a-z_]+ = [0-9]+$'")
    pairs = (one.partition(" = ") for one in sorted(said.splitlines()))
    sysctls = [(key, value) for key, _, value in pairs if "last" not in key]
    found = {id_: {**keys} for id_, keys in ONCE.items()}
    found["kernel.host"] = {"release": machine.run("uname -r").strip()}
    for number in range(each):
        found |= items(number, packages, sysctls)
    chapters: dict[str, dict[str, dict[str, Keys]]] = {}
    for id_, keys in found.items():
        kind, _, name = id_.partition(".")
        tables = chapters.setdefault(kinds()[kind].chapter, {}).setdefault(kind, {})
        tables[name] = {"title": "It is as it was", "source": "handbook", **keys}
    folder.mkdir()
    for chapter, tables_of in chapters.items():
        (folder / f"{chapter}.toml").write_text(tomli_w.dumps(tables_of), "utf-8")
    return len(found)
