"""The tools that the gate is compared with."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from xml.etree import ElementTree as ET

from tests.bench.checks import MODE, OWNER, Checks
from tests.bench.tools import PYTEST, Tool, Verdict, timed


class Testinfra(Tool):
    """testinfra's own modules over SSH as they come: a connection for every command."""

    __test__ = False
    title = "testinfra's modules over SSH, whole process"
    most = 300
    once = 100
    multiplexed = ""

    TESTS = """\
import pytest
SERVICES = {services!r}
PATHS = {paths!r}

@pytest.mark.parametrize("name", SERVICES)
def test_service(host, name):
    service = host.service(name)
    assert service.is_running
    assert service.is_enabled

@pytest.mark.parametrize("path", PATHS)
def test_path(host, path):
    file = host.file(path)
    assert file.exists
    assert file.mode == {mode}
    assert file.user == {owner!r}
"""

    def prepare(self, wanted: Checks) -> None:
        """Write tests."""
        text = self.TESTS.format(
            services=wanted.services, paths=wanted.paths, mode=f"0o{MODE}", owner=OWNER
        )
        (self.folder / "test_host.py").write_text(text)
        # The command line has no option that reaches the fixture; ssh's own configuration does.
        given = (self.machine.record.folder / "ssh_config").read_text()
        (self.folder / "ssh_config").write_text(self.multiplexed.format(self.folder) + given)

    def run(self) -> tuple[float, Verdict]:
        """Run them, and close the connection afterwards: the next run has its own."""
        alias, junit = f"hera-{self.machine.record.name}", self.folder / "junit.xml"
        config = str(self.folder / "ssh_config")
        line = [*PYTEST, "-p", "no:cacheprovider"]
        line += [f"--hosts=ssh://{alias}", f"--ssh-config={config}"]
        line += [f"--junitxml={junit}", f"--rootdir={self.folder}", "test_host.py"]
        took, _ = timed(line, self.folder, dict(os.environ))
        if self.multiplexed:
            leave = ["ssh", "-F", config, "-O", "exit", alias]
            subprocess.run(leave, check=True, capture_output=True, timeout=10)  # noqa: S603
        found = {}
        for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314 - pytest's own
            subject = re.search(rf"\[ssh://{alias}-(.+)\]$", case.attrib["name"])
            assert subject is not None, case.attrib
            found[subject[1]] = len(case) == 0
        return took, found

    def version(self) -> str:
        """As installed."""
        return version("pytest-testinfra")


class Multiplexed(Testinfra):
    """The same over one connection, which ssh's own configuration has to ask for."""

    title = "testinfra's modules over one SSH connection (ControlPath), whole process"
    multiplexed = "Host *\n    ControlMaster auto\n    ControlPath {}/c\n    ControlPersist 60s\n"


class Goss(Tool):
    """Goss, on the machine itself."""

    title = "Goss on the machine, without SSH"

    def prepare(self, wanted: Checks) -> None:
        """Write a gossfile (JSON is YAML)."""
        rules = {
            "service": {name: {"enabled": True, "running": True} for name in wanted.services},
            "file": {path: {"exists": True, "mode": MODE, "owner": OWNER} for path in wanted.paths},
        }
        self.write("/tmp/goss.json", json.dumps(rules))  # noqa: S108

    def run(self) -> tuple[float, Verdict]:
        """Validate."""
        took, output = self.inside("goss -g /tmp/goss.json validate --format json 2>/dev/null")
        results = json.loads(output)["results"]
        pairs = ((one["resource-id"], bool(one["successful"])) for one in results)
        return took, _all(pairs)

    def version(self) -> str:
        """As packaged."""
        return _package(self, "goss")


class Serverspec(Tool):
    """Serverspec, on the machine itself."""

    title = "Serverspec on the machine (exec), without SSH"
    most = 300
    once = 300

    SPEC = """\
require 'serverspec'
set :backend, :exec
%s.each do |name|
  describe service(name) do
    it { should be_running }
    it { should be_enabled }
  end
end
%s.each do |path|
  describe file(path) do
    it { should exist }
    it { should be_mode %s }
    it { should be_owned_by '%s' }
  end
end
"""

    def prepare(self, wanted: Checks) -> None:
        """Write a spec."""
        names = json.dumps(wanted.services), json.dumps(wanted.paths)
        self.write("/tmp/host_spec.rb", self.SPEC % (*names, MODE.lstrip("0"), OWNER))  # noqa: S108

    def run(self) -> tuple[float, Verdict]:
        """Run it."""
        took, output = self.inside("cd /tmp; rspec --format json host_spec.rb 2>/dev/null")
        examples = json.loads(output[output.index('{"version"') :].splitlines()[0])["examples"]
        pairs = []
        for one in examples:
            subject = re.match(r'(?:Service|File) "(.+?)"', one["full_description"])
            assert subject is not None, one
            pairs.append((subject[1], one["status"] == "passed"))
        return took, _all(pairs)

    def version(self) -> str:
        """As packaged."""
        return _package(self, "ruby-serverspec")


def _all(pairs: Iterable[tuple[str, bool]]) -> Verdict:
    """A subject is well where all that was asked of it is."""
    found: Verdict = {}
    for name, well in pairs:
        found[name] = found.get(name, True) and well
    return found


def _package(tool: Tool, name: str) -> str:
    return tool.machine.run(f"dpkg-query -W -f '${{Version}}' {name}").strip()
