"""The documents are true: built strictly, whole, and what they tell to type does what they say."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import types

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from gate import plugin
from gate.account.verdict import EXIT_STATUS, Outcome, Word
from gate.kinds.registry import kinds
from gate.launcher import Instance
from gate.target import Target
from tests.selftest.runs import ROOT, environ

DOCS = ROOT / "docs"
WITHIN_S = 300.0
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def reference() -> types.ModuleType:
    """The generator of the reference."""
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(reference: types.ModuleType) -> dict[str, str]:
    """Every generated page."""
    found: dict[str, str] = reference.pages()
    return found


def test_builds_strictly(tmp_path: pathlib.Path) -> None:
    """No page is left out, no link and no anchor leads nowhere."""
    pytest.importorskip("mkdocs")
    done = subprocess.run(  # noqa: S603 - mkdocs
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=environ(PYTHONPATH=str(ROOT), NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/reference/contract/index.html").read_text("utf-8")
    cells = {len(re.findall("<td", one)) for one in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)}
    assert cells == {0, 4}, "a bar or a tick in a pattern ended its cell"
    assert "<code>^[A-Za-z0-9!#$%&amp;'*+.^_`|~-]+$</code>" in page


def test_every_key_of_every_kind(pages: dict[str, str]) -> None:
    """The reference names each kind, its chapter, each key, and says what each means."""
    page = pages["reference/contract.md"]
    for name, kind in kinds().items():
        assert f"## {kind.chapter}.toml" in page
        section = page.partition(f"### `[{name}.…]`")[2].partition("\n### ")[0]
        for key, field in kind.model.model_fields.items():
            whole = (
                section
                if f"`{field.alias or key}`" in section
                else page.partition("## services")[0]
            )
            assert f"| `{field.alias or key}` |" in whole, (name, key)
    silent = [
        line for text in pages.values() for line in text.splitlines() if line.endswith("|  |")
    ]
    assert silent == []


def test_every_key_of_a_target(pages: dict[str, str]) -> None:
    """Those of the file, and of what a launcher prints."""
    for key in {*Target.model_fields, *Instance.model_fields} - {"file"}:
        assert f"| `{key}` |" in pages["reference/target.md"]


def test_every_option_and_status(pages: dict[str, str]) -> None:
    """Options, ini keys, commands, verdicts and exit statuses."""
    for name in (*plugin.OPTIONS, *plugin.FLAGS):
        assert f"| `--gate-{name}" in pages["reference/commands.md"]
    for key in plugin.INI:
        assert f"| `{key}` |" in pages["reference/commands.md"]
    for word in Word:
        assert f"| {EXIT_STATUS[word]} | {word.value} |" in pages["reference/verdict.md"]
    for one in Outcome:
        assert f"| {one.value} |" in pages["reference/verdict.md"]


def test_examples_name_what_there_is() -> None:
    """Every key of an item in a block of TOML is one of its kind; a target's is a target's."""
    for file in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for language, _, text in BLOCK.findall(textwrap.dedent(file.read_text("utf-8"))):
            if text.startswith("# targets/"):
                base = {"name": "here", "title": "Here", "host": "local://"}
                Target.model_validate({**base, **tomllib.loads(text)})
                continue
            for name, items in tomllib.loads(text).items() if language == "toml" else ():
                fields = kinds()[name].model.model_fields if name in kinds() else {}
                known = {field.alias or key for key, field in fields.items()} | {"before", "after"}
                for item in items.values() if fields else ():
                    if isinstance(item, dict):
                        assert set(item) <= known, (file, name)


def test_every_variable_that_is_read() -> None:
    """Variables that the gate reads by name are told."""
    page = (DOCS / "reference/environment.md").read_text("utf-8")
    for file in (ROOT / "gate").rglob("*.py"):
        for name in re.findall(r'environ(?:\.get\(|\[)"([A-Z]\w+)"', file.read_text("utf-8")):
            assert f"`{name}`" in page, (file, name)


@pytest.mark.parametrize(
    "file",
    [
        *(ROOT.glob("*.md")),
        *(ROOT / "examples").rglob("*.md"),
        *(DOCS).rglob("*.md"),
        ROOT / "reports/README.md",
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_links_lead_somewhere(file: pathlib.Path, pages: dict[str, str]) -> None:
    """Relative links between documents, as GitHub shows them; those of the reference once built."""
    for link in LINK.findall(file.read_text("utf-8")):
        place = link.partition("#")[0]
        if re.match(r"[a-z]+:", link) or not place:
            continue
        there = pathlib.Path(os.path.normpath(file.parent / place))
        generated = there.is_relative_to(DOCS) and str(there.relative_to(DOCS)) in pages
        assert there.exists() or generated, link


def test_the_tutorial_as_typed(tmp_path: pathlib.Path) -> None:
    """Its files are written and its commands typed, one after the other, in an empty folder."""
    (tmp_path / "atum-desk-gate").symlink_to(ROOT)
    shims = tmp_path / "bin"
    shims.mkdir()
    for name, words in {"gate": "-m gate", "pytest": "-m pytest", "python": ""}.items():
        (shims / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', "utf-8")
        (shims / name).chmod(0o755)
    env = environ(PYTHONPATH=str(ROOT), COLUMNS="100")
    env["PATH"] = f"{shims}:{env['PATH']}"
    try:
        typed(tmp_path, (DOCS / "tutorial.md").read_text("utf-8"), env)
    finally:
        subprocess.run(
            [sys.executable, "launcher.py", "down", "--name", "mine"],
            cwd=tmp_path / "tea",
            check=False,
        )


def typed(folder: pathlib.Path, page: str, env: dict[str, str]) -> None:
    """Do what a page tells, in one shell's place and with its variables."""
    here = folder
    for language, title, text in BLOCK.findall(page):
        if title:
            (here / title).parent.mkdir(parents=True, exist_ok=True)
            (here / title).write_text(text, "utf-8")
        if language != "console":
            continue
        for command, expected in commands(text):
            after = f'{command}\necho "pwd=$PWD"; env -0 >"{folder}/env"'
            done = subprocess.run(  # noqa: S603 - as a reader types it
                ["/bin/bash", "-c", after],
                cwd=here,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=WITHIN_S,
            )
            output, _, pwd = done.stdout.rpartition("pwd=")
            here = pathlib.Path(pwd.strip())
            pairs = (folder / "env").read_text("utf-8").split("\0")
            env = dict(one.split("=", 1) for one in pairs if one)
            flat = " ".join(output.split())
            for line in expected:
                assert " ".join(line.split()) in flat, f"$ {command}\n{output}"


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Commands of a block, each with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip() and line.strip() != "...":
            found[-1][1].append(line)
    return found


def test_promises_name_their_tests() -> None:
    """Every promise names the tests that hold it, and they are there."""
    text = (ROOT / "docs/promises.md").read_text("utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert named
    assert sorted(one for one in named if not (ROOT / one).is_file()) == []
