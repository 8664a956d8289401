"""The promises of the host and of the API that the other tools can be given, in each one's words.

Of the contract of ATUM DESK before the enhancement, as well as each tool allows: none of them logs
in, waits until a unit is settled, or asks who holds a port.
"""

from __future__ import annotations

import json

DESK = "/data/ATUM DESK/atum-desk"
API = "http://127.0.0.1:8000"
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
OWNER = "navi"
ANSWERS = {
    "endpoint.health": ("/health", 200, '"status":"healthy"'),
    "endpoint.api_health": ("/api/v1/health", 200, '"status":"healthy"'),
    "endpoint.etl_health": ("/api/v1/etl/health", 200, '"version":"1.12.0"'),
    "endpoint.tickets_no_token": ("/api/v1/tickets", 401, '"detail"'),
    "endpoint.search_no_token": ("/api/v1/rag/search?q=x", 401, '"detail"'),
    "endpoint.login_get": ("/api/v1/auth/login", 405, '"detail"'),
    "endpoint.metrics": ("/metrics", 404, ""),
}
COMMANDS = {"runtime.redis": ("redis-server --version", "v=6|v=7|v=8")}
PROMISED = {*SERVICES, *PORTS, *CLOSED, *PATHS, *ANSWERS, *COMMANDS}
WITHIN_S = 5


def goss() -> str:
    """A gossfile (JSON is YAML)."""
    ports: dict[str, object] = {
        f"tcp:{port}": {"listening": True, "ip": [address]} for address, port in PORTS.values()
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
            "http": {
                API + path: {
                    "status": status,
                    "timeout": WITHIN_S * 1000,
                    "body": [text] * bool(text),
                }
                for path, status, text in ANSWERS.values()
            },
            "command": {
                one: {"exit-status": 0, "stdout": [f"/{text}/"]} for one, text in COMMANDS.values()
            },
        }
    )


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
  describe(port(one)) { it { should be_listening.on(at) } }
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
them['answers'].each do |url, status, text|
  describe command("curl -s -m 5 -w '%{http_code}' '#{url}'") do
    its(:stdout) { should match(/#{status}$/) }
    its(:stdout) { should include(text) }
  end
end
them['commands'].each do |line, text|
  describe(command(line)) { its(:stdout) { should match(/#{text}/) } }
end
"""

TESTS = """\
import json, pathlib
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

@pytest.mark.parametrize("port", THEM["closed"])
def test_closed(host, port):
    assert not host.socket(f"tcp://{port}").is_listening

@pytest.mark.parametrize(("path", "mode"), THEM["paths"])
def test_path(host, path, mode):
    file = host.file(path)
    assert file.is_directory
    assert file.mode == int(mode, 8)
    assert file.user == "navi"

@pytest.mark.parametrize(("url", "status", "text"), THEM["answers"])
def test_answer(host, url, status, text):
    said = host.run(f"curl -s -m 5 -w '%{{http_code}}' '{url}'").stdout
    assert said.endswith(str(status))
    assert text in said

@pytest.mark.parametrize(("line", "text"), THEM["commands"])
def test_command(host, line, text):
    import re
    assert re.search(text, host.run(line).stdout)
"""


def data() -> str:
    """The same promises as data, for specs and tests in a language that has loops."""
    return json.dumps(
        {
            "services": [*SERVICES.values()],
            "ports": [*PORTS.values()],
            "closed": [*CLOSED.values()],
            "paths": [(path, mode.lstrip("0")) for path, mode in PATHS.values()],
            "answers": [(API + path, status, text) for path, status, text in ANSWERS.values()],
            "commands": [*COMMANDS.values()],
        }
    )
