"""Templates of the snapshot document: a suite's own, the engine's, and those that are broken."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
from collections.abc import Callable

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ContractError
from gate.kinds.load import load_contract
from gate.report.account import Account
from gate.report.snapshot import document, try_template
from gate.report.snapshot.template import TEMPLATE, check_template
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.target import Target
from tests.selftest.runs import command, run
from tests.selftest.test_target import TARGET

Told = Callable[..., Account]


@pytest.fixture
def by(told: Told, tmp_path: pathlib.Path) -> Callable[..., str]:
    """A function that writes an account's document by a template (none: the engine's own)."""

    def by(template: str | None, **changes: object) -> str:
        if template is not None:
            (tmp_path / TEMPLATE).write_text(template, "utf-8")
        account = told(**changes)
        contract = dataclasses.replace(account.contract, folder=str(tmp_path))
        return document(dataclasses.replace(account, contract=contract))

    return by


def test_without_a_template_every_listed_item_is_told_in_its_chapter(
    by: Callable[..., str], told: Told
) -> None:
    """The engine's own document has a chapter for each of the contract's, an item in each line."""
    own = by(None).split("\n## Gate\n")[0]
    for row in ("service.redis | redis | active (running) |", "port.api | 8000 | atum-desk-api |"):
        assert f"| {row}" in own
    absent = {"service.job_worker", "table.job_queue", "runtime.node_exporter"}
    absent |= {"column.tickets_sla_risk_score"}
    for line in told().verdict.lines:
        assert (f"| {line.id} " in own) == (line.id not in absent), line.id


def test_what_a_template_leaves_out_is_told_behind_it(by: Callable[..., str]) -> None:
    """Nothing that is promised to be there is left out of the document as a whole."""
    broken = Result(outcome=Outcome.FAIL, seen="x", reason="not settled")
    text = by(
        '{% for row in rows("service") %}{{ row.cells.Service }} {% endfor %}',
        results={"port.api": broken},
    )
    own, gate = text.split("\n## Gate\n")
    assert own.startswith("atum-desk-api.service atum-desk-sla-worker.service redis ")
    assert "### Further: service" not in gate
    assert "| port.api ❌ (not settled) | 8000 | atum-desk-api | 443469" in gate
    assert "- ix\\_rag" not in gate
    assert "- ix_rag_chunks_hnsw: hnsw on rag_chunks" in gate


def test_whatever_a_template_prints_is_escaped(by: Callable[..., str]) -> None:
    """Raw words are shown as they are; finished cells are not escaped twice."""
    template = '{% set x = "a|b <c>" %}{{ x }} {% for row in rows("risk") %}'
    template += "{{ row.item.note }}{% endfor %}"
    assert by(template).startswith("a\\|b \\<c\\> New tables + columns")
    twice = '{% for row in rows("service") %}{% set x %}{{ row.cells.Status }}{% endset %}'
    assert by(twice + "{{ row.marked(x) }};{% endfor %}").startswith("active (running);active")


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("a\n{% for %}", 2, "Expected"),
        ("a\n\n{{ sytem }}", 3, "'sytem' is unknown"),
        ("{{ title | nosuch }}", 1, "No filter named 'nosuch'"),
        ("{% if x %}{% endif %}", 1, "'x' is unknown"),
    ],
)
def test_a_broken_template_is_a_mistake_of_the_contract(
    tmp_path: pathlib.Path, template: str, line: int, words: str
) -> None:
    """Syntax, names and filters are judged without anything seen, with file and line."""
    (tmp_path / TEMPLATE).write_text(template, "utf-8")
    with pytest.raises(ContractError, match=words) as caught:
        check_template(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / TEMPLATE}:{line}: ")


def test_no_template_and_a_good_one_are_no_mistake(tmp_path: pathlib.Path) -> None:
    """A contract needs none; the suite's own is in order."""
    check_template(tmp_path)
    shutil.copy(pathlib.Path(__file__).parent / "contract" / TEMPLATE, tmp_path)
    check_template(tmp_path)


@pytest.mark.parametrize(
    "expression",
    ["{{ 1 / 0 }}", '{{ rows("service")[0].cells.Nosuch }}', "{{ title.__class__.__mro__ }}"],
)
def test_a_template_that_fails_loses_nothing(by: Callable[..., str], expression: str) -> None:
    """The engine's own takes its place, and says why, with the line; the sandbox holds."""
    text = by(f"x\n{expression}\n")
    assert "| service.redis | redis |" in text
    (said,) = (line for line in text.splitlines() if line.startswith("- Template: not used"))
    assert f"{TEMPLATE}:2: " in said


def test_nothing_seen_is_nowhere_a_success(
    by: Callable[..., str], look: Callable[[str], Observed]
) -> None:
    """Without a look the engine's own document shows no value and no mark of success."""
    del look
    text = by(None, observed=None)
    assert "✅" not in text
    assert "❔ cannot tell (nothing was looked at)" in text


def test_a_broken_template_ends_a_run_before_it_looks(tmp_path: pathlib.Path) -> None:
    """Exit status 4, with file and line, and nothing is written."""
    folder = tmp_path / "contract"
    folder.mkdir()
    text = '[service.web]\ntitle = "t"\nsource = "s"\nunit = "w.service"\n'
    (folder / "services.toml").write_text(text + 'state = "active (running)"\n', "utf-8")
    (folder / TEMPLATE).write_text("a\n{{ sytem }}\n", "utf-8")
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    done = run(command(tmp_path, "predeploy"))
    assert done.returncode == 4
    assert f"{folder / TEMPLATE}:2: 'sytem' is unknown" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ('a\n{% for row in rows("service") %}{{ row.cells.Sate }}{% endfor %}', 2),
        ('{% for row in rows("service") %}{{ row.item.sate }}{% endfor %}', 1),
        ('{% if moment == "rollback" %}{{ 1 / 0 }}{% endif %}', 1),
    ],
)
def test_a_template_can_be_tried_without_a_look(
    contract: Contract, target: Target, tmp_path: pathlib.Path, template: str, line: int
) -> None:
    """Columns and keys that no kind has are found before anything is looked at."""
    try_template(contract, target)
    (tmp_path / TEMPLATE).write_text(template, "utf-8")
    check_template(tmp_path)
    with pytest.raises(ContractError) as caught:
        try_template(dataclasses.replace(contract, folder=str(tmp_path)), target)
    assert str(caught.value).startswith(f"{tmp_path / TEMPLATE}:{line}: ")


def test_the_suite_s_own_template_is_in_order(target: Target) -> None:
    """For every moment of the contract that stands in this repository."""
    try_template(load_contract(pathlib.Path(__file__).parents[2] / "contract"), target)


def test_words_of_a_target_take_no_mark_away(
    by: Callable[..., str], look: Callable[[Moment], Observed]
) -> None:
    """A value that looks like a mark of the gate's is marked as any other."""
    observed = look("predeploy")
    assert isinstance(observed.host, Seen)
    host = observed.host.value
    unit = host.units["redis-server.service"]
    assert isinstance(unit, Seen)
    odd = Seen(unit.value.model_copy(update={"sub_state": "❔ ✅"}))
    units = {**host.units, "redis-server.service": odd}
    changed = host.model_copy(update={"units": units})
    broken = Result(outcome=Outcome.FAIL, seen="x", reason="not settled")
    text = by(
        (pathlib.Path(__file__).parent / "contract" / TEMPLATE).read_text("utf-8"),
        observed=observed.model_copy(update={"host": Seen(changed)}),
        results={"service.redis": broken},
    )
    assert "| redis | active (❔ ✅) ❌ (not settled) | 3d 4h |" in text
