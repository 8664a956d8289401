"""What the mutation of the judgements is told to change, and what it is told to leave alone."""

from __future__ import annotations

import itertools

import pytest
import tomli

from tests.mutation.run import HERE, OPEN, listed, part

PLAN = tomli.loads((HERE / "judgements.toml").read_text("utf-8"))
KNOWN = tomli.loads((HERE / "survivors.toml").read_text("utf-8"))["survivor"]


def test_every_pattern_names_modules() -> None:
    """Each of them, and none twice; parts hold all of them, and none in two."""
    assert [one for one in PLAN["modules"] if not part([one], "1/1")] == []
    every = part(PLAN["modules"], "1/1")
    parts = [part(PLAN["modules"], f"{number}/3") for number in (1, 2, 3)]
    assert sorted(itertools.chain(*parts)) == sorted(every)
    assert len(set(every)) == len(every)
    for odd in ("4/3", "0/3"):
        with pytest.raises(SystemExit, match="no module of 2 is in it"):
            part(PLAN["modules"][1:3], odd)


def test_what_survives_has_its_reason() -> None:
    """Of a module that is changed; each change once."""
    every = part(PLAN["modules"], "1/1")
    assert [one for one in KNOWN if one["reason"] in ("", OPEN)] == []
    assert [one for one in KNOWN if one["where"].partition(":")[0] not in every] == []
    assert len(listed(every)) == len(KNOWN)
