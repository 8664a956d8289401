"""The promises of the host and of the API that the other tools can be given, in each one's words.

Of the contract of ATUM DESK before the enhancement, as well as each tool allows: by its own kinds
of resources where it has one, and by a command where not (`tests.bench.asks`). None of them waits
until a unit is settled, asks who holds a port, or sees whether a worker works.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.bench.asks import Ask

DESK = "/data/ATUM DESK/atum-desk"
SERVICES = {
    "service.api": "atum-desk-api.service",
    "service.rag_worker": "atum-desk-rag-worker.service",
    "service.sla_worker": "atum-desk-sla-worker.service",
    "service.ollama": "ollama.service",
    "service.postgresql": "postgresql@17-main.service",
    "service.redis": "redis-server.service",
}
PORTS = {
    "port.api": ("0.0.0.0", 8000),  # noqa: S104 - where it listens
    "port.postgresql": ("127.0.0.1", 5432),
    "port.redis": ("127.0.0.1", 6379),
    "port.ollama": ("127.0.0.1", 11434),
}
CLOSED = {"port.node_exporter": 9100}
PATHS = {
    "path.api": (f"{DESK}/api", "0755"),
    "path.units": (f"{DESK}/infra/systemd", "0755"),
    "path.exports": ("/opt/atum-desk/data", "0755"),
    "path.uploads": (f"{DESK}/data/uploads", "0750"),
}
ROOM = {one: PATHS[one][0] for one in ("path.exports", "path.uploads")}
OWNER = "navi"
PROMISED = {*SERVICES, *PORTS, *CLOSED, *PATHS}
WITHIN_MS = 20_000


def goss(asks: Mapping[str, Ask]) -> str:
    """A gossfile (JSON is YAML)."""
    ports: dict[str, object] = {
        f"tcp:{port}": {"listening": True, "ip": {"consist-of": [address]}}
        for address, port in PORTS.values()
    }
    ports |= {f"tcp:{port}": {"listening": False} for port in CLOSED.values()}
    return json.dumps(
        {
            "service": {one: {"enabled": True, "running": True} for one in SERVICES.values()},
            "port": ports,
            "file": {
                path: {"exists": True, "filetype": "directory", "mode": mode, "owner": OWNER}
                for path, mode in PATHS.values()
            },
            "command": {
                id_: {
                    "exec": one.line,
                    "exit-status": 0,
                    "timeout": WITHIN_MS,
                    "stdout": [f"/{_slashed(text)}/" for text in one.shows]
                    + [f"!/{_slashed(text)}/" for text in one.never],
                }
                for id_, one in asks.items()
            },
        }
    )


def _slashed(text: str) -> str:
    return text.replace("/", r"\/")


SPEC = """\
require 'serverspec'
require 'json'
set :backend, :exec
them = JSON.parse(File.read('/tmp/equal.json'))
them['services'].each do |one|
  describe service(one) do
    it { should be_running }
    it { should be_enabled }
  end
end
them['ports'].each do |at, one|
  describe port(one) do
    it { should be_listening.on(at) }
    ['0.0.0.0', '::'].each do |other|
      it { should_not be_listening.on(other) }
    end unless at == '0.0.0.0'
  end
end
them['closed'].each do |one|
  describe(port(one)) { it { should_not be_listening } }
end
them['paths'].each do |one, mode|
  describe file(one) do
    it { should be_directory }
    it { should be_mode mode }
    it { should be_owned_by 'navi' }
  end
end
them['asks'].each do |id, line, shows, never|
  describe command(line) do
    its(:exit_status) { should eq 0 }
    shows.each { |text| its(:stdout) { should match(Regexp.new(text)) } }
    never.each { |text| its(:stdout) { should_not match(Regexp.new(text)) } }
  end
end
"""

TESTS = """\
import json, pathlib, re
import pytest
THEM = json.loads(pathlib.Path(__file__).with_name("equal.json").read_text())

@pytest.mark.parametrize("name", THEM["services"])
def test_service(host, name):
    service = host.service(name)
    assert service.is_running
    assert service.is_enabled

@pytest.mark.parametrize(("address", "port"), THEM["ports"])
def test_port(host, address, port):
    assert host.socket(f"tcp://{address}:{port}").is_listening
    wide = {f"tcp://0.0.0.0:{port}", f"tcp://:::{port}", f"tcp://[::]:{port}"}
    every = set(host.socket("tcp://0.0.0.0:1").get_listening_sockets())
    assert address == "0.0.0.0" or not wide & every

@pytest.mark.parametrize("port", THEM["closed"])
def test_closed(host, port):
    assert not host.socket(f"tcp://{port}").is_listening

@pytest.mark.parametrize(("path", "mode"), THEM["paths"])
def test_path(host, path, mode):
    file = host.file(path)
    assert file.is_directory
    assert file.mode == int(mode, 8)
    assert file.user == "navi"

@pytest.mark.parametrize(("line", "shows", "never"), [one[1:] for one in THEM["asks"]],
                         ids=[one[0] for one in THEM["asks"]])
def test_ask(host, line, shows, never):
    said = host.run("sudo -n sh -c %s", line)
    assert said.rc == 0
    for text in shows:
        assert re.search(text, said.stdout, re.MULTILINE), text
    for text in never:
        assert not re.search(text, said.stdout, re.MULTILINE), text
"""


def data(asks: Mapping[str, Ask]) -> str:
    """The same promises as data, for specs and tests in a language that has loops."""
    return json.dumps(
        {
            "services": [*SERVICES.values()],
            "ports": [*PORTS.values()],
            "closed": [*CLOSED.values()],
            "paths": [(path, mode.lstrip("0")) for path, mode in PATHS.values()],
            "asks": [(id_, *one) for id_, one in asks.items()],
        }
    )
