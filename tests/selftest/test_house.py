"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

from gate.contract.rehearsal import Alembic
from gate.errors import ContractError
from gate.toml import parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINE = sorted((ROOT / "gate").rglob("*.py"))
PLUGIN = [file for file in ENGINE if file.is_relative_to(ROOT / "gate" / "plugin")]
GATE = [file for file in ENGINE if file not in PLUGIN]
FIXTURES = [*PLUGIN, *sorted((ROOT / "fixtures").rglob("*.py"))]
TESTS = sorted((ROOT / "tests").glob("test_*.py"))


def _name(file: pathlib.Path) -> str:
    return str(file.relative_to(ROOT))


def _imports(file: pathlib.Path) -> set[str]:
    """First names of everything that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("file", GATE, ids=_name)
def test_the_machinery_stands_alone(file: pathlib.Path) -> None:
    """It knows nothing of pytest, of the plugins, of the tests, or of the sandbox."""
    assert _imports(file) & {"pytest", "_pytest", "fixtures", "tests", "sandbox"} == set()


@pytest.mark.parametrize("file", FIXTURES, ids=_name)
def test_fixtures_observe_and_never_judge(file: pathlib.Path) -> None:
    """They assert nothing, and lean on the machinery only."""
    tree = ast.parse(file.read_text("utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []
    assert _imports(file) & {"tests", "sandbox"} == set()


@pytest.mark.parametrize("file", TESTS, ids=_name)
def test_tests_compare_and_never_look(file: pathlib.Path) -> None:
    """A chapter's test holds no command, no SQL and no address: the contract says what."""
    assert _imports(file) & {"subprocess", "psycopg", "httpx", "testinfra", "os"} == set()
    text = file.read_text("utf-8")
    assert "SELECT" not in text
    assert "http" not in text


@pytest.mark.parametrize("file", [*ENGINE, *FIXTURES[len(PLUGIN) :]], ids=_name)
def test_nothing_is_swallowed(file: pathlib.Path) -> None:
    """No bare ``except``, and none that passes over an error in silence."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{_name(file)}:{node.lineno}: bare except"
            swallows = all(isinstance(one, ast.Pass) for one in node.body)
            assert not swallows, f"{_name(file)}:{node.lineno}: an error is passed over"


def test_conftest_is_a_list_of_plugins() -> None:
    """And nothing else."""
    tree = ast.parse((ROOT / "conftest.py").read_text("utf-8"))
    kinds = {type(node) for node in tree.body}
    assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign, ast.AnnAssign}


SYSTEM = re.compile(
    r"atum(?!-desk-gate|_gate_sentinel|_sandbox)|tickets?(?![a-z])|copilot|phase[34]|"
    r"hnsw index on|enhancement",
    re.IGNORECASE,
)
"""Words of the system that the suite guards; the distribution's name and two variables are ours."""


@pytest.mark.parametrize(
    "file",
    sorted(one for one in (ROOT / "gate").rglob("*") if one.suffix in (".py", ".jinja", ".toml")),
    ids=_name,
)
def test_the_engine_knows_no_system(file: pathlib.Path) -> None:
    """What the suite guards is known to its contract, targets and template, never to the engine."""
    assert [line for line in file.read_text("utf-8").splitlines() if SYSTEM.search(line)] == []


ROOMS = ("target", "contract", "catalog", "sources", "kinds", "account", "report", "run", "plugin")
"""Packages of the engine in the order in which they may import: each only what stands before it."""


def test_dependencies_point_one_way() -> None:
    """No room imports one that stands behind it, so there is no cycle between rooms."""
    wrong = []
    for file in ENGINE:
        room = file.relative_to(ROOT / "gate").parts[0].removesuffix(".py")
        if room not in ROOMS:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gate."):
                other = (node.module or "").split(".")[1]
                if other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
                    wrong.append(f"{_name(file)}:{node.lineno} imports {node.module}")
    assert wrong == []


def test_modules_and_functions_are_small() -> None:
    """No module over 300 lines; nine of ten functions within 25."""
    long = {
        _name(file): lines
        for file in ENGINE
        if (lines := len(file.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}
    sizes = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for file in ENGINE
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    assert sizes[int(len(sizes) * 0.9)] <= 25


def test_each_history_of_the_bench_says_how_alembic_is_run(tmp_path: pathlib.Path) -> None:
    """Nobody else reads the table but the bench, which takes hours."""
    own = {"packages", "files", "live", "before", "restores", "reaches"}
    text = (ROOT / "tests" / "bench" / "histories.toml").read_text("utf-8")
    placed = re.sub(r"\{(venv|site|beside)\}", "/place", text)
    (tmp_path / "histories.toml").write_text(placed, "utf-8")
    histories = parse(tmp_path / "histories.toml", ContractError)
    for name, keys in histories.items():
        assert keys["packages"], name
        assert keys.get("before", {}).keys() <= {"packages", "command"}, name
        Alembic.model_validate({key: keys[key] for key in keys.keys() - own})
    assert len(histories) > 50
