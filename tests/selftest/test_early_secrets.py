"""A secret whose variable sounds like none: not told by a mistake before the target is read."""

from __future__ import annotations

import pathlib
import sys

import pytest

from tests.selftest import runs

WORD, USER = "kX9-vq!mmoos7", "noone-knows-him"
ROLES = """
[api]
base = "http://127.0.0.1:9"
[api.roles.clerk]
user_env = "WHO"
password_env = "WORD"
"""
SOUND = 'title = "A desk"\nhost = "local://"\n'
PATH = '[path.kept]\ntitle = "x"\nsource = "s"\npath = "/"\npurpose = "p"\n'
INLINE = """
[api]
base = 'http://127.0.0.1:9'
roles = { clerk = { user_env = 'WHO', password_env = 'WORD' } }
"""
PROJECT = """
[tool.pytest]
gate_contract = "contract"
gate_targets = "."
gate_target = "desk"
"""
MISTAKES = {
    "target-malformed": (f'{SOUND}{ROLES}note = "{WORD}\n', PATH, ()),
    "target-key": (f"{SOUND}{ROLES}{WORD[:3]} = 1\n'{WORD}' = '{USER}'\n", PATH, ()),
    "target-value": (f'title = "A desk"\nhost = "{WORD}://{USER}"\n{ROLES}', PATH, ()),
    "contract": (SOUND + ROLES, f'{PATH}"{WORD}" = "{USER}"\n', ()),
    "option": (SOUND + ROLES, PATH, (f"--contract=/nowhere/{WORD}/{USER}",)),
    "target-name": (SOUND + ROLES, PATH, (f"--target={WORD}{USER}",)),
    "inline": (f"{SOUND}note = '{WORD} {USER}'\n{INLINE}", PATH, ()),
}


@pytest.mark.parametrize("way", ["pytest", "check", "record", "lint"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_nothing_is_told(tmp_path: pathlib.Path, way: str, mistake: str) -> None:
    """Whatever is wrong is told without the values of the roles' variables."""
    target, contract, options = MISTAKES[mistake]
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "paths.toml").write_text(contract, "utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, "utf-8")
    (tmp_path / "desk.toml").write_text(target, "utf-8")
    words = [sys.executable, "-m", "gate", way, *(["predeploy"] if way == "check" else [])]
    if way == "pytest":
        words = [sys.executable, "-m", "pytest", "-m", "predeploy", "-p", "gate.plugin"]
        words += ["-p", "gate.plugin.short_names"]
    env = {"WHO": USER, "WORD": WORD, "PYTHONPATH": str(runs.ROOT)}
    done = runs.run_in(tmp_path, [*words, *options], **env)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert said.strip()
    assert "Traceback" not in said
    assert WORD not in said
    assert USER not in said
