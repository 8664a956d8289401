"""What a run comes to: what stands against going on, and which exit status counts."""

from __future__ import annotations

import pathlib
from types import SimpleNamespace
from typing import cast

import pytest

from gate.account.verdict import Outcome, Result, Verdict, Word
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.evidence.seal import UNSIGNED
from gate.kinds.load import load_contract
from gate.run.conclusion import advice, advised, exit_status, stands_against
from gate.run.options import Run

PATHS = """
[about]
system = "A self-test"

[path.kept]
title = "The folder is there"
source = "a self-test"
path = "/nowhere"
purpose = "to be seen"
"""
WAIVER = """
[waiver.kept]
title = "Tolerated"
source = "a self-test"
item = "path.kept"
owner = "a tester"
reason = "GATE-1"
expires = 2999-12-31
"""
FAIL = Result(outcome=Outcome.FAIL, reason="it is not there")
UNTOLD = Result(outcome=Outcome.INCONCLUSIVE, reason="nobody could tell")


def contract(folder: pathlib.Path, more: str = "") -> Contract:
    """One promise, and a waiver of it."""
    (folder / "paths.toml").write_text(PATHS, "utf-8")
    (folder / "waivers.toml").write_text(WAIVER + more, "utf-8")
    return load_contract(folder)


@pytest.mark.parametrize(
    ("more", "excused"),
    [
        ("", {"predeploy", "postdeploy", "rollback"}),
        ('moments = ["postdeploy"]\n', {"postdeploy"}),
        ('moments = ["predeploy", "rollback"]\n', {"predeploy", "rollback"}),
    ],
)
def test_a_waiver_lets_go_on_at_its_own_moments_only(
    tmp_path: pathlib.Path, more: str, excused: set[str]
) -> None:
    """What the verdict blocks for is not deployed upon."""
    found = contract(tmp_path, more)
    moments: tuple[Moment, ...] = ("predeploy", "postdeploy", "rollback")
    against = {one for one in moments if stands_against("path.kept", FAIL, found, one)}
    assert against == {*moments} - excused


def test_no_waiver_excuses_what_nobody_could_tell(tmp_path: pathlib.Path) -> None:
    """A doubt is no broken promise; what passes, or is only odd, is none."""
    found = contract(tmp_path)
    told = stands_against("path.kept", UNTOLD, found, "predeploy")
    assert told == "path.kept: nobody could tell"
    other = stands_against("path.other", FAIL, found, "predeploy")
    assert other == "path.other: it is not there"
    for outcome in (Outcome.PASS, Outcome.WARN, Outcome.WAIVED):
        one = Result(outcome=outcome, reason="odd")
        assert stands_against("path.other", one, found, "predeploy") == ""


def verdict(word: Word, status: int) -> Verdict:
    """A verdict of which the word and the status count."""
    return Verdict(word=word, exit_status=status, lines=(), not_run=(), warnings=())


GOOD, BAD = verdict(Word.PROMOTE, 0), verdict(Word.BLOCKED, 1)
DOUBT = verdict(Word.INCONCLUSIVE, 10)


@pytest.mark.parametrize(
    ("verdicts", "pytest_status", "problems", "status"),
    [
        ([GOOD], 0, [], 0),
        ([GOOD], 1, [], 0),  # a test that failed and accounts for nothing is in the verdict
        ([GOOD, DOUBT], 0, [], 10),
        ([BAD, DOUBT], 0, [], 1),
        ([GOOD], 2, [], 2),
        ([GOOD], 3, ["SECRET IN A REPORT: x"], 3),
        ([], 0, [], 0),
        ([], 5, [], 5),
        ([GOOD], 0, ["REPORTS NOT WRITTEN: x"], 10),
        ([GOOD], 0, [f"{UNSIGNED}: x"], 0),
        ([GOOD], 0, ["SECRET IN A REPORT: x"], 1),
        ([DOUBT], 0, ["SECRET IN A REPORT: x"], 1),
        ([BAD], 0, ["REPORTS NOT WRITTEN: x"], 1),
    ],
)
def test_the_worst_counts(
    verdicts: list[Verdict], pytest_status: int, problems: list[str], status: int
) -> None:
    """Over all moments; what could not be written, or leaked, promotes nothing."""
    moments: tuple[Moment, ...] = ("predeploy", "postdeploy")
    found = dict(zip(moments, verdicts, strict=False))
    assert exit_status(found, pytest_status=pytest_status, problems=problems) == status


def asked(*, advises: bool) -> Run:
    """A run of which only that counts."""
    return cast("Run", SimpleNamespace(advises=advises))


@pytest.mark.parametrize(
    ("status", "problems", "ends_with"),
    [
        (0, [], 0),
        (1, [], 0),
        (10, [], 0),
        (10, ["REPORTS NOT WRITTEN: x"], 0),
        (1, ["SECRET IN A REPORT: x"], 1),
        (2, [], 2),
        (3, [], 3),
        (4, [], 4),
    ],
)
def test_advice_blocks_nothing_but_what_is_none(
    status: int, problems: list[str], ends_with: int
) -> None:
    """An interruption, a mistake, an error of the gate and a secret are no advice."""
    assert advised(status, asked(advises=True), problems) == ends_with
    assert advised(status, asked(advises=False), problems) == status


def test_advice_says_what_it_hides() -> None:
    """With the exit status that it would have had; without --advise nothing is said."""
    assert advice(1, asked(advises=False)) == []
    assert "without --advise this would end with 10" in advice(10, asked(advises=True))[0]
    assert "nothing is against it" in advice(0, asked(advises=True))[0]
