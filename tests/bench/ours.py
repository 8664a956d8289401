"""The gate, as a whole process and as its look alone."""

from __future__ import annotations

import itertools
import json
import re
import sys
import time

import tomli_w

from gate.connection.carrier import open_carrier
from gate.sources.fact import Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostQuestions
from tests.bench.checks import MODE, OWNER, Checks
from tests.bench.tools import PYTEST, WINDOW_S, Tool, Verdict, timed
from tests.machine.trial import ROOT


class Gate(Tool):
    """The gate over SSH: pytest, contract, look, comparison and every report."""

    title = "gate over SSH, whole process"
    numbers = itertools.count()

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
        # Each time a folder of its own, as on a fresh checkout.
        reports = self.folder / f"reports-{next(self.numbers)}"
        line = [*PYTEST, "-m", "predeploy", f"--target={self.file}"]
        line += [f"--contract={self.folder / 'contract'}", f"--reports={reports}"]
        took, done = timed(line, ROOT, self.machine.environ)
        file = reports / "bench" / "predeploy" / "verdict.json"
        assert file.is_file(), done.stdout + done.stderr
        found = {one["id"]: one["outcome"] for one in json.loads(file.read_text())["items"]}
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


def _key(name: str) -> str:
    return re.sub(r"\W", "_", name.strip("/"))
