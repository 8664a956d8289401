"""Loader and schema agree: what one accepts or refuses of a file, so does the other."""

from __future__ import annotations

import pathlib

import jsonschema_rs
import pytest

from gate.commands.schema import schemas
from gate.contract.vocabulary import chapters
from gate.errors import ContractError
from gate.json_schema import Draft
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from tests.selftest import mistakes_of_api
from tests.selftest.schemas import ANY, DRAFTS, TARGET, complaint
from tests.selftest.test_mistakes import CONTRACTS, TARGETS

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAPTERS = sorted(
    file
    for folder in ("tests", "examples", "docs", "sandbox")
    for file in (ROOT / folder).rglob("*.toml")
    if file.stem in chapters(kinds()) and file.parent.name.startswith("contract")
)
TARGET_FILES = sorted(
    file
    for file in (
        *(ROOT / "fixtures/targets").glob("*.toml"),
        *(ROOT / "tests/selftest/report").glob("*.toml"),
        *(ROOT / "examples").rglob("targets/*.toml"),
    )
)


def name_of(file: pathlib.Path) -> str:
    """A file as the repository knows it."""
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("file", CHAPTERS, ids=name_of)
def test_every_chapter_of_the_repository(file: pathlib.Path, draft: Draft) -> None:
    """The loader takes them in every run: so does the chapter's schema, and that of all."""
    text = file.read_text("utf-8")
    assert complaint(file.stem, text, draft) == ""
    assert complaint(ANY, text, draft) == ""


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("file", TARGET_FILES, ids=name_of)
def test_every_target_of_the_repository(file: pathlib.Path, draft: Draft) -> None:
    """So with targets."""
    assert complaint(TARGET, file.read_text("utf-8"), draft) == ""


UNSEEN_CONTRACTS = {
    "date-for-source": "an editor sees a date as a text",
    "float-for-number": "443.0 is an integer to JSON Schema",
    "no-pattern": "whether a text is a regular expression",
    "access-two-depths": "how often a part of a text stands in it",
    "access-no-control": "what a table says by its values",
    "access-nothing-hidden": "what a table says by its values",
    "access-404": "what a table says by its values",
    "schema-inf": "infinity in free JSON is null to an editor",
    "json-date": "an editor sees a date as a text",
    "json-password": "credentials are known by their looks",
    "token-in-text": "credentials are known by their looks",
    "password-in-command": "credentials are known by their looks",
    "password-in-address": "credentials are known by their looks",
    "a-role-that-nothing-is-filled-with": "what stands inside the texts of another key",
    **mistakes_of_api.UNSEEN_CONTRACTS,
}
"""Mistakes of `CONTRACTS` that no schema can tell, and why."""
UNSEEN_TARGETS = {
    "values-token": "credentials are known by their looks",
    "differs-secret": "credentials are known by their looks",
}


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", CONTRACTS)
def test_mistakes_of_a_contract(name: str, draft: Draft) -> None:
    """The chapter's schema refuses what the loader refuses, but for what no schema can tell."""
    chapter, text, _ = CONTRACTS[name]
    assert bool(complaint(chapter, text, draft)) == (name not in UNSEEN_CONTRACTS)


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", TARGETS)
def test_mistakes_of_a_target(name: str, draft: Draft) -> None:
    """So with a target's."""
    text = TARGETS[name][0]
    assert bool(complaint(TARGET, text, draft)) == (name not in UNSEEN_TARGETS)


BASE = 'title = "t"\nsource = "s"\n'
SIDES = {
    "both": 'before = { state = "inactive (dead)" }\nafter = { state = "active (running)" }',
    "absent": 'state = "inactive (dead)"\nbefore = "absent"',
    "described-by-the-other": 'before = "absent"\nafter = { state = "inactive (dead)" }',
    "absent-table": 'before = { absent = true }\nafter = { state = "inactive (dead)" }',
    "one-side-only": 'after = { state = "inactive (dead)" }',
    "not-absent": 'before = { absent = false }\nafter = { state = "inactive (dead)" }',
    "nowhere": 'before = "absent"',
    "nowhere-at-all": "starts_at_boot = true",
    "both-absent": 'before = "absent"\nafter = "absent"',
    "both-absent-and-described": 'before = "absent"\nafter = "absent"\nstate = "inactive (dead)"',
    "absent-at-all": 'absent = true\nstate = "inactive (dead)"',
    "absent-at-all-undescribed": "absent = true",
    "absent-overridden": 'absent = true\nafter = { absent = false, state = "inactive (dead)" }',
    "side-in-side": 'state = "inactive (dead)"\nbefore = { after = "absent" }',
    "title-on-sides": 'state = "inactive (dead)"\nbefore = { title = "x" }',
    "wrong-type": 'state = "inactive (dead)"\nbefore = { starts_at_boot = "no" }',
    "wrong-pattern": 'before = { state = "up" }\nafter = { state = "active (running)" }',
    "another-word": 'state = "inactive (dead)"\nbefore = "gone"',
    "one-risk": 'state = "inactive (dead)"\nrisk = 3',
}


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", SIDES)
def test_sides(tmp_path: pathlib.Path, name: str, draft: Draft) -> None:
    """What is promised on one side, on both or on the item itself: both say the same."""
    text = f'[service.s]\n{BASE}unit = "s.service"\n{SIDES[name]}\n'
    agree(tmp_path, "services", text, draft)


def agree(folder: pathlib.Path, chapter: str, text: str, draft: Draft) -> None:
    """Loader and schema say the same of a chapter that stands alone."""
    (folder / f"{chapter}.toml").write_text(text, "utf-8")
    try:
        load_contract(folder)
        refused = ""
    except ContractError as error:
        refused = str(error)
    assert bool(complaint(chapter, text, draft)) == bool(refused), refused


ALEMBIC = '[alembic]\nfolder = "/srv"\nversions = "/srv/v"\n'
RUNTIME = f'[runtime.r]\n{BASE}label = "l"\n'
MIGRATION = f"[migration.m]\n{BASE}"
DATABASE = f"[database.d]\n{BASE}"
STEP = f'[step.s]\n{BASE}order = 1\nrun = "true"\n'
CLONE = f"[rehearsal.r]\n{BASE}clone = true"
RULES = {
    "runtime": ("runtimes", RUNTIME + 'version = "1"\ncommand = ["a"]'),
    "runtime-none": ("runtimes", RUNTIME + 'version = "1"'),
    "runtime-two": ("runtimes", RUNTIME + 'version = "1"\ncommand = ["a"]\nextension = "b"'),
    "runtime-no-version": ("runtimes", RUNTIME + 'command = ["a"]'),
    "runtime-empty-version": ("runtimes", RUNTIME + 'command = ["a"]\nversion = ""'),
    "runtime-absent-before": (
        *("runtimes", RUNTIME + 'extension = "v"\nbefore = "absent"\nafter = { version = "1" }'),
    ),
    "runtime-absent-and-no-version": ("runtimes", RUNTIME + 'extension = "v"\nabsent = true'),
    "runtime-other-after": (
        *("runtimes", RUNTIME + 'version = "1"\ncommand = ["a"]\nafter = { extension = "v" }'),
    ),
    "clock": ("runtimes", f'[clock.c]\n{BASE}of = "host"\nwithin_s = 1'),
    "clock-absent": ("runtimes", f'[clock.c]\n{BASE}of = "host"\nwithin_s = 1\nbefore = "absent"'),
    "database": ("database", DATABASE + "tables = 3"),
    "database-none": ("database", DATABASE),
    "database-sides": ("database", DATABASE + "before = { tables = 1 }\nafter = { tables = 2 }"),
    "database-one-side": ("database", DATABASE + "before = { tables = 1 }"),
    "database-mixed": ("database", DATABASE + "tables = 1\nafter = { restored = true }"),
    "database-false": ("database", DATABASE + "restored = false"),
    "migration-current": ("migrations", MIGRATION + 'current = "a"'),
    "migration-head": ("migrations", MIGRATION + 'head = "a"\nfolder = "/srv"'),
    "migration-head-alone": ("migrations", MIGRATION + 'head = "a"'),
    "migration-nothing-pending": ("migrations", MIGRATION + 'pending = []\nfolder = "/srv"'),
    "migration-two": ("migrations", MIGRATION + 'head = "a"\ncurrent = "a"\nfolder = "/srv"'),
    "work-no-proof": ("work", f'[work.w]\n{BASE}unit = "u"'),
    "step": ("plan", STEP + 'phase = "deploy"'),
    "step-loses": ("plan", STEP + 'phase = "rollback"\nmay_lose = { t = 3 }'),
    "step-loses-on-the-way": ("plan", STEP + 'phase = "deploy"\nmay_lose = { t = 3 }'),
    "step-loses-nothing": ("plan", STEP + 'phase = "deploy"\nmay_lose = {}'),
    "step-done-if": ("plan", STEP + 'phase = "deploy"\ndone_if = "true"'),
    "step-done-if-table": ("plan", STEP + 'phase = "deploy"\ndone_if = { run = "true" }'),
    "step-done-if-empty": ("plan", STEP + 'phase = "deploy"\ndone_if = ""'),
    "rehearsal-none": ("rehearsal", f"{ALEMBIC}[rehearsal.r]\n{BASE}"),
    "rehearsal-clone": ("rehearsal", f"{ALEMBIC}[rehearsal.r]\n{BASE}clone = true"),
    "rehearsal-two": ("rehearsal", f"{ALEMBIC}[rehearsal.r]\n{BASE}clone = true\nschema = true"),
    "rehearsal-nothing-lost": ("rehearsal", f"{ALEMBIC}[rehearsal.r]\n{BASE}loses = []"),
    "alembic-file-alone": (
        "rehearsal",
        f'{ALEMBIC}environment = {{ file = "/e" }}\n{CLONE}',
    ),
    "alembic-file": (
        "rehearsal",
        f'{ALEMBIC}environment = {{ file = "/e", take = ["A"] }}\n{CLONE}',
    ),
    "alembic-odd-name": (
        "rehearsal",
        f'{ALEMBIC}environment = {{ give = {{ "A B" = "x" }} }}\n{CLONE}',
    ),
    "test": ("tests", f'[test.t]\n{BASE}node = "tests/test_a.py::test_b"'),
    "test-file": ("tests", f'[test.t]\n{BASE}node = "tests/test_a.py"'),
    "no-item": ("services", '[about]\nsystem = "x"\n'),
    "no-waiver": ("waivers", ""),
    "empty-kind": ("services", "[service]\n"),
    "another-chapter": ("services", f'[path.p]\n{BASE}path = "/"\npurpose = "p"'),
    "name-of-blank": ("paths", f'[path." p"]\n{BASE}path = "/"\npurpose = "p"'),
    "name-with-colons": ("paths", f'[path."p::q"]\n{BASE}path = "/"\npurpose = "p"'),
    "name-with-slash": ("paths", f'[path."p/q é[1]"]\n{BASE}path = "/"\npurpose = "p"'),
    "name-of-201": ("paths", f'[path.{"p" * 201}]\n{BASE}path = "/"\npurpose = "p"'),
}  # fmt: skip


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", RULES)
def test_rules_between_keys(tmp_path: pathlib.Path, name: str, draft: Draft) -> None:
    """Exactly one of some keys, at least one, one only with another: both say the same."""
    agree(tmp_path, *RULES[name], draft)


@pytest.mark.parametrize("draft", DRAFTS)
def test_each_is_a_schema(draft: Draft) -> None:
    """By its own draft, and it refers to nothing that is not in it."""
    for one in schemas(draft).values():
        assert jsonschema_rs.meta.is_valid(one)
        jsonschema_rs.validator_for(one, offline=True)
