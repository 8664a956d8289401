"""Promises as pytest items: one per item of a contract's file, without any Python file.

A kind that the team's own parametrized tests account for (``pytest.mark.promises``) has none here.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from gate.contract.item import Moment
from gate.contract.model import Promise
from gate.plugin.collection import COVERED
from gate.plugin.ledger import Account
from gate.plugin.nodes import item_name, moments_of
from gate.plugin.options import RUN
from gate.plugin.scheduler import scene_of


def pytest_collect_file(
    file_path: pathlib.Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect a chapter of the contract of this run."""
    run = parent.config.stash.get(RUN, None)
    if run is None or file_path.suffix != ".toml":
        return None
    folder = pathlib.Path(run.contract.folder).resolve()
    if file_path.resolve().parent != folder:
        return None
    return ContractFile.from_parent(parent, path=file_path)


class ContractFile(pytest.File):
    """A chapter of the contract."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per promise and moment, in the contract's order."""
        config = self.config
        contract, covered = config.stash[RUN].contract, config.stash[COVERED]
        moments = moments_of(config.option.markexpr)
        lines = self.path.read_text("utf-8").splitlines()
        for moment in moments:
            for promise in contract.at(moment):
                if promise.chapter != self.path.stem or promise.kind in covered | {"test"}:
                    continue
                name = item_name(moment, promise.id)
                item = PromisedItem.from_parent(self, name=name, moment=moment, promise=promise)
                item.line = next(
                    (at for at, text in enumerate(lines) if text.startswith(f"[{promise.id}")), None
                )
                item.add_marker(getattr(pytest.mark, moment))
                yield item


class PromisedItem(pytest.Item):
    """A promise at a moment: judged by the engine, shown by pytest.

    Attributes:
        account: What the engine came to, once it was run.
        line: Where the promise stands in its file, from 0.
    """

    def __init__(self, *, moment: Moment, promise: Promise, **kwargs: Any) -> None:
        """Take over what is promised when."""
        super().__init__(**kwargs)
        self.moment, self.promise = moment, promise
        self.account: Account | None = None
        self.line: int | None = None

    def runtest(self) -> None:
        """Account for the promise; a broken one fails with its message."""
        self.account = Account(self.promise, scene_of(self.moment, self.config))
        finding = self.account()
        if not finding.holds:
            raise AssertionError(finding.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The message alone: there is no code to look at."""
        del style
        return str(excinfo.value)

    def reportinfo(self) -> tuple[pathlib.Path, int | None, str]:
        """File, line and title."""
        return self.path, self.line, f"{self.promise.id}: {self.promise.title}"
