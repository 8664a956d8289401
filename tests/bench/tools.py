"""Tools that do the checks: each is prepared, then run and timed as a whole process."""

from __future__ import annotations

import abc
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

import tomli_w

from gate.facts.fact import Seen
from gate.facts.host import HostQuestions
from gate.observe import host
from gate.observe.carrier import open_carrier
from sandbox.machine import access
from tests.bench.checks import MODE, OWNER, Checks
from tests.machine.trial import ROOT, Machine

WINDOW_S = 0.1
"""The gate's settling window here; no other tool waits for a service to settle."""
WITHIN_S = 900.0
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:pytest_alembic")
"""Without a plugin that another benchmark wants and that takes half a second to import."""
Verdict = dict[str, bool]
"""Whether all is well, by service and path."""


class Tool(abc.ABC):
    """A way to do the checks.

    Attributes:
        title: For the table.
        most: The largest size that it is run at.
        once: From this size on it is run a single time.
    """

    title: str
    most = 1_000_000
    once = 1_000_000

    def __init__(self, machine: Machine, folder: pathlib.Path) -> None:
        """Take a machine, and a folder for files of one's own."""
        self.machine = machine
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @abc.abstractmethod
    def prepare(self, wanted: Checks) -> None:
        """Write down the checks, as this tool wants them."""

    @abc.abstractmethod
    def run(self) -> tuple[float, Verdict]:
        """Do the checks; return how long it took, in seconds, and what came of it."""

    @abc.abstractmethod
    def version(self) -> str:
        """The tool's version."""

    def inside(self, command: str) -> tuple[float, str]:
        """Run a command on the machine, timed by the machine's own clock."""
        timed = f"from=$(date +%s%N); {command} || :; echo; echo $(($(date +%s%N) - from))"
        done = subprocess.run(  # noqa: S603
            access.ssh(self.machine.record, timed),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=WITHIN_S,
        )
        output, _, took = done.stdout.rstrip().rpartition("\n")
        return int(took) / 1e9, output

    def write(self, path: str, text: str) -> None:
        """Write a file on the machine."""
        subprocess.run(  # noqa: S603
            access.ssh(self.machine.record, f"cat > {path}"),
            input=text,
            text=True,
            check=True,
            timeout=WITHIN_S,
        )


class Gate(Tool):
    """The gate over SSH: pytest, contract, look, comparison and every report."""

    title = "gate over SSH, whole process"

    def prepare(self, wanted: Checks) -> None:
        """Write a contract and a target."""
        contract = self.folder / "contract"
        contract.mkdir(exist_ok=True)
        services = {
            _key(name): {
                "title": f"{name} runs",
                "source": "benchmark",
                "unit": name,
                "state": "active (running)",
                "starts_at_boot": True,
            }
            for name in wanted.services
        }
        paths = {
            _key(path): {
                "title": f"{path} is there",
                "source": "benchmark",
                "path": path,
                "purpose": "benchmark",
                "type": "regular file",
                "owner": OWNER,
                "mode": MODE,
            }
            for path in wanted.paths
        }
        (contract / "services.toml").write_text(tomli_w.dumps({"service": services}))
        (contract / "paths.toml").write_text(tomli_w.dumps({"path": paths}))
        self.names = {f"service.{_key(one)}": one for one in wanted.services}
        self.names |= {f"path.{_key(one)}": one for one in wanted.paths}
        deadlines = {"window_s": WINDOW_S, "host_s": 120.0}
        target = self.machine.target_file(differs=[], deadlines=deadlines, name="bench")
        self.file = self.folder / "bench.toml"
        self.file.write_text(target.read_text())

    def run(self) -> tuple[float, Verdict]:
        """Run it as a user does."""
        reports = self.folder / "reports"
        line = [*PYTEST, "-m", "predeploy", f"--target={self.file}"]
        line += [f"--contract={self.folder / 'contract'}", f"--reports={reports}"]
        took, output = _timed(line, ROOT, self.machine.environ)
        file = reports / "bench" / "predeploy" / "verdict.json"
        assert file.is_file(), output
        found = {one["id"]: one["outcome"] for one in json.loads(file.read_text())["items"]}
        file.unlink()
        return took, {name: found[id_] == "PASS" for id_, name in self.names.items()}

    def version(self) -> str:
        """The version of Python that it runs on."""
        return f"Python {sys.version.split()[0]}"


class Look(Tool):
    """The gate's look at the host alone: connection, script, facts; nothing is judged."""

    title = "gate over SSH, the look alone"

    def prepare(self, wanted: Checks) -> None:
        """Put the questions."""
        self.wanted = wanted
        self.questions = HostQuestions(units=wanted.services, paths=wanted.paths, window_s=WINDOW_S)
        self.target = self.machine.target(deadlines={"window_s": WINDOW_S, "host_s": 120.0})

    def run(self) -> tuple[float, Verdict]:
        """Look; the verdict is what any reader of the facts would say."""
        began = time.monotonic()
        with open_carrier(self.target) as carrier:
            facts = host.look(self.target, self.questions, carrier)
        took = time.monotonic() - began
        assert isinstance(facts, Seen), facts
        found: Verdict = {}
        for name, unit in facts.value.units.items():
            state = unit.value.active_state if isinstance(unit, Seen) else ""
            found[name] = state == "active"
        for name, path in facts.value.paths.items():
            found[name] = isinstance(path, Seen) and (path.value.owner, path.value.mode) == (
                OWNER,
                MODE,
            )
        return took, found

    def version(self) -> str:
        """Part of the gate."""
        return ""


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
        took, _ = _timed(line, self.folder, dict(os.environ))
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
        from importlib.metadata import version  # noqa: PLC0415

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


def _key(name: str) -> str:
    return re.sub(r"\W", "_", name.strip("/"))


def _timed(line: list[str], folder: pathlib.Path, environ: dict[str, Any]) -> tuple[float, str]:
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603
        line,
        cwd=folder,
        env={key: one for key, one in environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    return time.monotonic() - began, done.stdout + done.stderr
