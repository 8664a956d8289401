"""The drill's faults of host and API, put to Goss, Serverspec and testinfra: who says no?

Writes ``reports/bench/drill_others.json``, which ``gate drill --others`` shows beside its own.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import time
from collections.abc import Callable, Collection
from importlib.metadata import version
from xml.etree import ElementTree as ET

import pytest

from gate.drill.fault import Fault
from gate.drill.host import Host
from gate.drill.load import load_faults, scripts_of
from tests.bench import asks, equal
from tests.bench.tools import PYTEST, timed
from tests.machine import extra
from tests.machine.conftest import boot_machine
from tests.machine.trial import ROOT, Machine

__all__ = ["boot_machine"]
REPORT = ROOT / "reports/bench/drill_others.json"
CHAPTERS = ("services", "ports", "paths", "endpoints", "access")
SETTLED_S = 60.0
FAULT_FILE = "/data/ATUM DESK/atum-desk/data/fault"
FAULTS = {
    name: one
    for name, one in load_faults(ROOT / "tests/faults").by_name.items()
    if one.chapter in CHAPTERS
    and one.moment == "predeploy"
    and one.inject
    and ("machine" in one.where or "$PREFIX/../fault" in str(one.inject))
}


class Others:
    """The three tools at a machine, with the equal promises."""

    def __init__(self, machine: Machine, folder: pathlib.Path) -> None:
        """Write the promises down, as each tool wants them."""
        self.machine, self.folder = machine, folder
        values = machine.target().api.values
        self.asks = asks.api(values["ticket"], values["foreign_ticket"])
        self.asks |= asks.host(equal.SERVICES, equal.ROOM)
        self._put("/tmp/goss.json", equal.goss(self.asks))  # noqa: S108 - the machine's
        self._put("/tmp/equal.json", equal.data(self.asks))  # noqa: S108
        self._put("/tmp/equal_spec.rb", equal.SPEC)  # noqa: S108
        self._put("/usr/local/bin/ask", asks.ASK)
        self._put("/etc/equal.env", self._logins())
        machine.run("chmod 755 /usr/local/bin/ask; chmod 600 /etc/equal.env")
        (folder / "equal.json").write_text(equal.data(self.asks), "utf-8")
        (folder / "test_equal.py").write_text(equal.TESTS, "utf-8")
        given = (machine.record.folder / "ssh_config").read_text()
        multiplexed = f"Host *\n ControlMaster auto\n ControlPath {folder}/c\n ControlPersist 5s\n"
        (folder / "ssh_config").write_text(multiplexed + given)

    def _put(self, path: str, text: str) -> None:
        self.machine.run(f"cat >{path} <<'END_OF_IT'\n{text}\nEND_OF_IT")

    def _logins(self) -> str:
        given = self.machine.environ
        lines = [
            f"{role}={shlex.quote(given[f'ATUM_GATE_{word}_USER'])}"
            for role, word in (
                *((one, one.upper()) for one in ("agent", "customer", "manager")),
                ("foreign_agent", "FOREIGN"),
            )
        ]
        return "\n".join([*lines, f"password={shlex.quote(given['ATUM_GATE_AGENT_PASSWORD'])}"])

    def fresh(self, ask: Callable[[], set[str]]) -> set[str]:
        """Ask a tool, with logins of its own."""
        self.machine.run("rm -f /run/equal.*")
        return ask()

    def goss(self) -> set[str]:
        """What Goss finds broken."""
        said = self.machine.run("goss -g /tmp/goss.json validate --format json 2>/dev/null || :")
        results = json.loads(said)["results"]
        return {one["resource-id"] for one in results if not one["successful"]}

    def serverspec(self) -> set[str]:
        """What Serverspec finds broken."""
        said = self.machine.run("cd /tmp; rspec --format json equal_spec.rb 2>/dev/null || :")
        examples = json.loads(said[said.index('{"version"') :].splitlines()[0])["examples"]
        return {one["full_description"] for one in examples if one["status"] != "passed"}

    def testinfra(self) -> set[str]:
        """What testinfra finds broken."""
        alias, junit = f"hera-{self.machine.record.name}", self.folder / "junit.xml"
        line = [*PYTEST, "-p", "no:cacheprovider", f"--hosts=ssh://{alias}"]
        line += [f"--ssh-config={self.folder / 'ssh_config'}", f"--junitxml={junit}"]
        timed([*line, f"--rootdir={self.folder}", "test_equal.py"], self.folder, dict(os.environ))
        cases = ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - pytest's own
        return {one.attrib["name"] for one in cases if len(one)}

    @property
    def tools(self) -> dict[str, Callable[[], set[str]]]:
        """By name and version."""
        package = "dpkg-query -W -f '${Version}' "
        goss, serverspec = (self.machine.run(package + one) for one in ("goss", "ruby-serverspec"))
        return {
            f"Goss {re.sub('-.*', '', goss)}": self.goss,
            f"Serverspec {re.sub('-.*', '', serverspec)}": self.serverspec,
            f"testinfra {version('pytest-testinfra')}": self.testinfra,
        }


@pytest.fixture(scope="module")
def others(
    boot_machine: Callable[[str], Machine], tmp_path_factory: pytest.TempPathFactory
) -> Others:
    """A machine with the tools, whose API has faults on demand as the sandbox's has."""
    machine = boot_machine("others")
    extra.install(machine.record, "goss", "ruby-serverspec")
    machine.run(f"ln -s /fault '{FAULT_FILE}'")  # where the faults of a sandbox's API put it
    return Others(machine, tmp_path_factory.mktemp("equal"))


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, str]]:
    """Answers by fault and tool; what another run found of other faults stays."""
    found: dict[str, dict[str, str]] = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    return found


def word(fault: Fault, broken: set[str], known: Collection[str]) -> str:
    """What a tool made of a fault."""
    if broken:
        return "caught"
    there = equal.PROMISED | set(known)
    return "missed" if there & fault.expect.keys() else "cannot be promised"


def test_all_of_them_are_green_where_nothing_is_done(others: Others) -> None:
    """Promises that do not hold would catch everything."""
    assert [one for ask in others.tools.values() for one in others.fresh(ask)] == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(others: Others, table: dict[str, dict[str, str]], name: str) -> None:
    """Each tool is asked while its effect is proven; it is undone, and they are green again."""
    fault, target = FAULTS[name], others.machine.target()
    host, scripts = Host(target, f"others-{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    tools = others.tools
    try:
        assert host.do(name, scripts.do) == ""
        assert host.wait(name, scripts.ready, fault.ready_s) == ""
        table[name] = {
            tool: word(fault, others.fresh(ask), others.asks) for tool, ask in tools.items()
        }
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    finally:
        assert host.undo(host.whole_undo(name, scripts.undo)) == ""
    until = time.monotonic() + SETTLED_S
    while left := others.fresh(others.goss):
        assert time.monotonic() < until, left
        time.sleep(0.5)
