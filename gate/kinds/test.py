"""A team's own tests: what no kind can say, promised by the name of a pytest test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import pydantic

from gate.contract.item import Item, Moment
from gate.contract.model import MOMENTS, Promise
from gate.errors import JudgedElsewhereError
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Kind,
    asks_nothing,
    no_fact,
    no_references,
    no_state,
    records_nothing,
)
from gate.kinds.scene import Scene
from gate.rule import never_absent


class OwnTest(Item):
    """A pytest test that must pass; skipped, deselected, xfailed or gone it proves nothing.

    Attributes:
        node: Its node id as pytest writes it, relative to pytest's root folder:
            ``tests/test_shop.py::test_checkout``. It is run once per moment.
        moments: When it is run; everywhere if empty.
    """

    RULES = (never_absent("a test"),)

    node: Annotated[str, pydantic.Field(pattern=r"^[^:\s][^:]*(::[^:\[\]]+)+$")]
    moments: tuple[Moment, ...] = ()


def own_test(promise: Promise, scene: Scene) -> Finding:
    """Only pytest can tell: its plugin accounts for the test's own reports.

    Raises:
        JudgedElsewhereError: Always: without pytest the test was not run.
    """
    node = scene.item(promise, OwnTest).node
    raise JudgedElsewhereError(f"cannot tell: {node} is run by pytest: pytest -m {scene.moment}")


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    del carries_out
    return (item.moments if isinstance(item, OwnTest) else ()) or MOMENTS


def _row(promise: Promise, scene: Scene) -> Mapping[str, str]:
    return {"Test": scene.item(promise, OwnTest).node}


KIND = Kind(
    name="test",
    chapter="tests",
    rank=105,
    model=OwnTest,
    severity="critical",
    moments=_moments,
    asks=asks_nothing,
    find=no_fact,
    compare=own_test,
    state=no_state,
    row=_row,
    references=no_references,
    record=records_nothing,
)
