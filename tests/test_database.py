"""The database: connection, tables, columns, keys, indexes, enums and extensions, by name."""

from __future__ import annotations

import pytest

from gate.contract.model import Promise
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.plugin.ledger import Account


@pytest.mark.promises("database")
def test_database(promise: Promise, scene: Scene, account: Account) -> None:
    """The database as a whole is as promised."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("extension")
def test_extension(promise: Promise, scene: Scene, account: Account) -> None:
    """Every promised extension is installed."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("enum")
def test_enum(promise: Promise, scene: Scene, account: Account) -> None:
    """Every enum has its labels, in their order."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("table")
def test_table(promise: Promise, scene: Scene, account: Account) -> None:
    """Every table has its columns, defaults and keys, no fewer and no more."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("column")
def test_column(promise: Promise, scene: Scene, account: Account) -> None:
    """Every column that comes or goes is there, or not there."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message


@pytest.mark.promises("index")
def test_index(promise: Promise, scene: Scene, account: Account) -> None:
    """Every index is of its method, columns, operator class and options, and valid."""
    finding = account(compare(promise, scene))
    assert finding.holds, finding.message
