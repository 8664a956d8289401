"""The database: connection, tables, columns, keys, indexes, enums and extensions, by name."""

from __future__ import annotations

import pytest

from gate.plugin.ledger import Account


@pytest.mark.promises("database", "extension", "enum", "table", "column", "index")
def test_database(gate_account: Account) -> None:
    """Everything in the catalog is as promised: no less, and no more."""
    finding = gate_account()
    assert finding.holds, finding.message
