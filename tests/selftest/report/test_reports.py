"""The list of reports: one module each, added to from outside, and none at another one's cost."""

from __future__ import annotations

import ast
import json
import pathlib
import types
from collections.abc import Callable, Iterator, Mapping

import pytest

from gate.errors import GateError
from gate.report import reports as listed
from gate.report.account import Account
from gate.report.report import Report
from gate.report.reports import reports
from gate.report.write import write_all
from gate.secrets.redactor import Redactor

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in (ROOT / "gate" / "report").rglob("*.py")
}
ABOVE_KINDS = ("risk", "waiver")
"""Kinds that are told of the whole account."""
Render = Callable[[Account, Mapping[str, bytes]], Mapping[str, bytes]]


def imported(file: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Modules that a module imports, with the name that is taken from each."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, one.name) for one in node.names)


def within(file: pathlib.Path) -> set[str]:
    """What of the reports' own modules a module imports."""
    names = {f"{module}.{name}" for module, name in imported(file)}
    return (names | {module for module, _ in imported(file)}) & set(MODULES)


def test_the_tree_is_walked_without_coming_back() -> None:
    """No module of the reports imports what imports it, however far away."""
    graph = {name: within(file) - {name, "gate.report"} for name, file in MODULES.items()}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & set(graph)}
        assert leaves, f"a cycle among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


@pytest.mark.parametrize("name", MODULES)
def test_no_report_knows_a_kind(name: str) -> None:
    """Reports take the models of no kind, but for what the account as a whole is about."""
    kinds = {module for module, _ in imported(MODULES[name]) if module.startswith("gate.kinds.")}
    assert kinds <= {f"gate.kinds.{one}" for one in ("kind", "registry", "scene", *ABOVE_KINDS)}


def test_each_has_a_name_of_its_own() -> None:
    """And the protocol's shape."""
    names = [one.name for one in reports()]
    assert len(names) == len(set(names))
    assert all(isinstance(one, Report) for one in reports())


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Render], None]]:
    """A function that adds a report as an installed package would."""

    def beside(render: Render) -> None:
        report = types.SimpleNamespace(name="mine", render=render)
        monkeypatch.setattr(listed, "_from_outside", lambda: (report,))
        reports.cache_clear()

    yield beside
    monkeypatch.undo()
    reports.cache_clear()


def test_a_report_from_outside_is_cleaned_and_attested_to(
    told: Callable[..., Account], tmp_path: pathlib.Path, beside: Callable[[Render], None]
) -> None:
    """It sees the reports before it; its files have no secret, and are named by the attestation."""
    beside(
        lambda account, already: {
            "mine.txt": f"{account.moment} s3cret-value {sorted(already)[:1]}".encode(),
            "folder/deep/x.bin": b"\xff\xfe",
        }
    )
    written = write_all(tmp_path, told(), Redactor(["s3cret-value"]))
    text = written["mine.txt"].read_text("utf-8")
    assert text.startswith("predeploy ")
    assert "s3cret-value" not in text
    assert (tmp_path / "folder" / "deep" / "x.bin").read_bytes() == b"\xff\xfe"
    statement = json.loads(written["attestation.intoto.json"].read_text("utf-8"))
    assert "mine.txt" in {one["name"] for one in statement["subject"]}


@pytest.mark.parametrize("name", ["../up.txt", "/etc/x", "a//b", ".hidden", "verdict.json", ""])
def test_a_report_that_fails_costs_no_other(
    told: Callable[..., Account],
    tmp_path: pathlib.Path,
    beside: Callable[[Render], None],
    name: str,
) -> None:
    """It is named in an error; everything else is written, the verdict too, and nothing outside."""
    beside(lambda _account, _already: {name: b"x"})
    with pytest.raises(GateError, match="report 'mine': GateError"):
        write_all(tmp_path / "run", told(), Redactor([]))
    assert json.loads((tmp_path / "run" / "verdict.json").read_text())["verdict"] == "PROMOTE"
    assert (tmp_path / "run" / "report.html").is_file()
    assert [one.name for one in tmp_path.iterdir()] == ["run"]
