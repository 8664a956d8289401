"""What is installed: one package, of use in any folder, and silent where nobody asks for it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import zipfile
from typing import Any

import pytest

from tests.selftest import runs

PATHS = '[path.root]\ntitle = "There is a root"\nsource = "us"\npath = "/"\npurpose = "all"\n'
TARGET = 'title = "Here"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\n'


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The wheel of this tree, built from a copy."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "gate"):
        (source / name).symlink_to(runs.ROOT / name)
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", str(folder), str(source)),
        cwd=folder,
    )
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: pathlib.Path) -> pathlib.Path:
    """A folder that the wheel is unpacked into, beside a well-known package called fixtures."""
    folder = wheel.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (folder / "fixtures").mkdir()
    (folder / "fixtures/__init__.py").write_text("MINE = True\n", "utf-8")
    (folder / "embedded_like.py").write_text(
        'def pytest_addoption(parser):\n    parser.addoption("--target", default="esp32")\n'
        "def pytest_report_header(config):\n"
        '    return "embedded target " + config.getoption("--target")\n',
        "utf-8",
    )
    return folder


def _run(*words: str, cwd: pathlib.Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own wheel
        words,
        cwd=cwd,
        env=runs.environ(PIP_DISABLE_PIP_VERSION_CHECK="1", **environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=runs.WITHIN_S * 2,
    )


def run(
    installed: pathlib.Path, folder: pathlib.Path, *words: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of the installed tree in a folder."""
    return _run(sys.executable, "-m", *words, cwd=folder, PYTHONPATH=str(installed), **environ)


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a contract and a target, and no Python file at all."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "targets").mkdir()
    (tmp_path / "contract/paths.toml").write_text(PATHS, "utf-8")
    (tmp_path / "targets/here.toml").write_text(TARGET, "utf-8")
    return tmp_path


def test_the_wheel_holds_one_package(wheel: pathlib.Path) -> None:
    """And everything that is no Python in it: scripts, templates, the mark of types."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"gate"}
    kept = {one for one in names if not one.endswith(".py")}
    data = [
        one.relative_to(runs.ROOT).as_posix()
        for one in (runs.ROOT / "gate").rglob("*")
        if one.is_file() and one.suffix not in (".py", ".pyc")
    ]
    assert sorted(set(data) - kept) == []


def test_a_contract_is_enough(installed: pathlib.Path, project: pathlib.Path) -> None:
    """``pytest -m`` and ``gate check`` agree, and a promise is an item of its file."""
    done = run(installed, project, "pytest", "-m", "predeploy", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "contract/paths.toml::path.root" in done.stdout
    tested = _verdict(project)
    done = run(installed, project, "gate", "check", "predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _verdict(project) == tested


def _verdict(project: pathlib.Path) -> dict[str, Any]:
    file = project / "reports/here/predeploy/verdict.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return {
        "verdict": found["verdict"],
        "items": [(one["id"], one["outcome"]) for one in found["items"]],
        "contract": found["contract"]["sha256"],
    }


def test_the_version(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """It is told."""
    done = run(installed, tmp_path, "gate", "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("atum-desk-gate ")


@pytest.mark.parametrize("contract", ["absent", "there"])
def test_a_foreign_project_is_not_changed(
    installed: pathlib.Path, project: pathlib.Path, contract: str
) -> None:
    """Its own tests run as before, also beside another plugin with --target and its fixtures."""
    if contract == "absent":
        (project / "contract/paths.toml").unlink()
        (project / "contract").rmdir()
    (project / "test_it.py").write_text(
        "import fixtures\n\ndef test_it(pytestconfig):\n"
        '    assert fixtures.MINE\n    assert pytestconfig.getoption("--target") == "uno"\n',
        "utf-8",
    )
    done = run(installed, project, "pytest", "-p", "embedded_like", "--target=uno")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "embedded target uno" in done.stdout
    assert "gate target" not in done.stdout
    assert "1 passed" in done.stdout
    assert not (project / "reports").exists()


def test_beside_another_target(installed: pathlib.Path, project: pathlib.Path) -> None:
    """The long names are the gate's whoever has the short one."""
    words = ("pytest", "-p", "embedded_like", "-m", "predeploy", "--gate-target=here")
    done = run(installed, project, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "embedded target esp32" in done.stdout
    assert "verdict: PROMOTE" in done.stdout


def test_a_nearly_named_moment(installed: pathlib.Path, project: pathlib.Path) -> None:
    """A typo beside a contract ends with 4 at once."""
    done = run(installed, project, "pytest", "-m", "predploy")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "did you mean predeploy?" in done.stderr
    assert not (project / "reports").exists()


def test_it_loads_next_to_nothing(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Where nobody thinks of a deployment, nothing of the engine is imported."""
    code = (
        "import sys, pytest; pytest.main(['-q', '--collect-only']);"
        "print(sorted(one for one in sys.modules if one.startswith('gate')"
        " or one in ('pydantic', 'psycopg', 'httpx')))"
    )
    done = _run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=os.fspath(installed))
    last = done.stdout.strip().splitlines()[-1]
    assert last == "['gate', 'gate.plugin', 'gate.plugin.inactive']", done.stdout + done.stderr
