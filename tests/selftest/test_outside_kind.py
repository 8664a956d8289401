"""A kind of promise from another package: installed, and told wherever the gate's own are."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.selftest import runs, tls

EXAMPLE = runs.ROOT / "examples/certificate"
INSTALL_S = 120.0
NAME = "desk.example.org"
TARGET = """
title = "A host with certificates"
host = "docker://box"
[deadlines]
window_s = 0.05
"""
# Like `docker exec`, but on this very host; every command that is given to it is counted.
PROGRAM = """#!/bin/sh
[ "$1" = exec ] && shift || exit 2
[ "$1" = -i ] && shift || exec </dev/null
echo once >>'{mark}'
shift
exec "$@"
"""
ITEM = """
[handshake.{id}]
title = "The certificate {id}"
source = "a self-test"
port = {port}
name = "{name}"
{more}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the example installed in it, as pip does it, without a network."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run(  # noqa: S603 - pip
        [*(sys.executable, "-m", "pip", "install", "-q", *words), "--target", folder / "lib",
         folder / "source"],
        capture_output=True, text=True, check=False, timeout=INSTALL_S, env=runs.environ(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    modules = [one.name for one in (folder / "lib").iterdir() if "dist-info" not in one.name]
    assert set(modules) - {"__pycache__"} == {"gate_certificate.py"}
    return folder / "lib"


class Desk:
    """A host with certificates, and the gate, which knows of them."""

    def __init__(self, folder: pathlib.Path, site: pathlib.Path, stack: ExitStack) -> None:
        """Make the host's folder."""
        self.folder, self._site, self._stack = folder, site, stack
        self._items: list[str] = []
        (folder / "contract").mkdir()
        (folder / "bin").mkdir()
        (folder / "here.toml").write_text(TARGET, "utf-8")
        program = folder / "bin/docker"
        program.write_text(PROGRAM.format(mark=folder / "commands"), "utf-8")
        program.chmod(0o755)

    def serve(self, file: pathlib.Path | None, word: bytes = b"") -> int:
        """Serve a certificate, or what is none, to the end of the test."""
        return self._stack.enter_context(tls.serving(file, word))

    def certificate(self, id_: str, *names: str, days: float) -> pathlib.Path:
        """Make a certificate."""
        return tls.certificate(self.folder / f"{id_}.pem", names, days)

    def promise(self, id_: str, port: int, more: str = "", name: str = NAME) -> None:
        """Promise something of what is served on a port."""
        self._items.append(ITEM.format(id=id_, port=port, name=name, more=more))
        (self.folder / "contract/handshakes.toml").write_text("".join(self._items), "utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a module of Python with the example at hand."""
        places = f"{self._site}:{runs.ROOT}"
        path = f"{self.folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        return runs.run([sys.executable, "-m", *words], PYTHONPATH=places, PATH=path)

    def test(self, moment: str) -> subprocess.CompletedProcess[str]:
        """``pytest -m MOMENT``."""
        return self.run(*runs.command(self.folder, moment)[2:])

    def commands(self) -> int:
        """How many commands the host was given."""
        return len((self.folder / "commands").read_text("utf-8").splitlines())

    def lines(self, moment: str) -> dict[str, dict[str, Any]]:
        """Items of a moment's verdict by id."""
        return {one["id"]: one for one in runs.verdict(self.folder, moment)["items"]}

    def report(self, moment: str, name: str) -> str:
        """A file of a moment's run."""
        return (self.folder / "reports/here" / moment / name).read_text("utf-8")


@pytest.fixture
def desk(tmp_path: pathlib.Path, site: pathlib.Path) -> Iterator[Desk]:
    """A host without a promise."""
    with ExitStack() as stack:
        yield Desk(tmp_path, site, stack)


def test_told_wherever_the_gates_own_kinds_are(desk: Desk) -> None:
    """Schema, one command, account, terminal, snapshot, Allure, HTML, JUnit; by pytest alone."""
    port = desk.serve(desk.certificate("good", NAME, "*.example.org", days=40.5))
    desk.promise("good", port, f'names = ["www.example.org"]\nissuer = "{tls.ISSUER}"')
    desk.promise("later", port, "days_left = 90")
    done = desk.test("predeploy")
    assert done.returncode == 1, done.stdout + done.stderr
    assert desk.commands() == 1
    lines = desk.lines("predeploy")
    good, later = lines["handshake.good"], lines["handshake.later"]
    assert (good["outcome"], later["outcome"]) == ("PASS", "FAIL")
    assert good["chapter"] == "handshakes"
    assert f"for {NAME}, *.example.org, by {tls.ISSUER}" in good["seen"]
    assert "good for only 40 more days" in later["reason"]
    assert f"openssl s_client -connect 127.0.0.1:{port}" in later["look"]
    assert "FAIL handshake.later: " in done.stdout
    assert "good for only 40 more days" in done.stdout
    snapshot = desk.report("predeploy", "STATE_SNAPSHOT_BEFORE.md")
    assert f"{NAME}:{port}" in snapshot
    assert tls.ISSUER in snapshot
    assert "good for only 40 more days" in desk.report("predeploy", "report.html")
    suite = ET.fromstring(desk.report("predeploy", "junit.xml"))  # noqa: S314 - the gate's own
    failed = [one.get("name") for one in suite.iter("testcase") if one.find("failure") is not None]
    assert any("handshake.later" in (one or "") for one in failed), failed
    _allure(desk, later["title"])
    _observed(desk, port)


def _allure(desk: Desk, title: str) -> None:
    """Severity of the kind, and what was served as evidence."""
    folder = desk.folder / "reports/here/predeploy/allure-results"
    results = [json.loads(one.read_text("utf-8")) for one in folder.glob("*-result.json")]
    (result,) = [one for one in results if title in one["name"]]
    labels = {one["name"]: one["value"] for one in result["labels"]}
    assert (result["status"], labels["severity"]) == ("failed", "critical")
    bodies = [(folder / one["source"]).read_text("utf-8") for one in result["attachments"]]
    assert any(tls.ISSUER in one and NAME in one for one in bodies)


def _observed(desk: Desk, port: int) -> None:
    """What was served is kept, and judged again without a look."""
    assert tls.ISSUER in desk.report("predeploy", "observed.json")
    kept = desk.folder / "reports/here/predeploy/observed.json"
    desk.folder.joinpath("bin/docker").unlink()
    done = desk.run(*runs.command(desk.folder, "predeploy", f"--replay={kept}")[2:])
    assert done.returncode == 1, done.stdout
    assert f":{port}" in done.stdout
    assert desk.lines("predeploy")["handshake.good"]["outcome"] == "PASS"


def test_another_certificate_is_drift(desk: Desk) -> None:
    """The state diff tells what was served before and what is now; `gate check` the same."""
    port = desk.serve(desk.certificate("good", NAME, days=40.5))
    desk.promise("good", port)
    options = [
        f"--target={desk.folder / 'here.toml'}",
        f"--contract={desk.folder / 'contract'}",
        f"--reports={desk.folder / 'reports'}",
    ]
    first = desk.run("gate", "check", "predeploy", *options)
    assert first.returncode == 0, first.stdout + first.stderr
    desk.certificate("good", NAME, "www.example.org", days=400.5)
    second = desk.run("gate", "check", "postdeploy", *options)
    assert desk.lines("postdeploy")["handshake.good"]["outcome"] == "PASS", second.stdout
    diff = desk.report("postdeploy", "STATE_DIFF.md")
    before, line, _ = re.split(r"(?m)^(.* handshake\.good .*)$", diff)
    assert re.findall(r"(?m)^##? (.*)$", before)[-1].endswith("not promised (drift)")
    assert f"for {NAME}, www.example.org, by {tls.ISSUER}" in line


def test_each_outcome_has_its_cause(desk: Desk) -> None:
    """Looked, and it is wrong; or could not look: never one for the other."""
    good = desk.certificate("good", NAME, days=40.5)
    with tls.serving(None) as closed:
        pass
    served = {
        "expired": desk.serve(desk.certificate("expired", NAME, days=-3.5)),
        "other": desk.serve(desk.certificate("other", "other.example.org", days=40.5)),
        "closed": closed,
        "plain": desk.serve(None, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "hangs": desk.serve(None),
        "good": desk.serve(good),
    }
    for id_, port in served.items():
        desk.promise(id_, port)
    desk.promise("none", closed, 'before = "absent"\nafter = "absent"')
    desk.promise("issuer", served["good"], 'issuer = "Somebody else"')
    desk.test("predeploy")
    assert desk.commands() == 1
    lines = desk.lines("predeploy")
    told = {id_.partition(".")[2]: (one["outcome"], one["reason"]) for id_, one in lines.items()}
    for id_, outcome, words in (
        ("expired", "FAIL", "expired 3 days ago"),
        ("other", "FAIL", f"not good for {NAME}, but for other.example.org"),
        ("closed", "FAIL", "connection refused"),
        ("plain", "FAIL", "does not speak TLS"),
        ("issuer", "FAIL", f"issued by {tls.ISSUER}"),
        ("hangs", "INCONCLUSIVE", "no handshake within 4 s"),
        ("good", "PASS", ""),
        ("none", "PASS", ""),
    ):
        assert told[id_][0] == outcome, (id_, told[id_])
        assert words in told[id_][1], (id_, told[id_])


def test_the_schema_knows_it(desk: Desk) -> None:
    """An editor is told the chapter and its keys."""
    done = desk.run("gate", "schema")
    assert done.returncode == 0, done.stderr
    assert "days_left" in done.stdout


def test_a_mistake_names_its_keys(desk: Desk) -> None:
    """The loader tells the keys of a kind from outside as of any other."""
    desk.promise("odd", 443, "days_lft = 3")
    done = desk.test("predeploy")
    assert done.returncode == 4
    assert "days_left" in done.stdout + done.stderr
    assert not (desk.folder / "commands").exists()
