"""Who writes beside a migration waits and is waited for as a writer is, and leaves nothing."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors, sql

from gate.sources.rehearsal.bystanders import DOES

UPDATE = "UPDATE t SET id = id WHERE id = 1"
HELD = "SELECT mode FROM pg_locks WHERE relation = 't'::regclass AND pid = %s"
SAME_ROW = "SELECT FROM t WHERE id = 1 FOR {} NOWAIT"
SIZES = "SELECT pg_relation_size('t'), pg_relation_size('t_pkey'), pg_stat_get_tuples_updated(%s)"


@pytest.fixture
def there(database: str) -> str:
    """A database with a table that has one row."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES (1)")
    return database


def test_it_holds_what_an_update_holds(there: str) -> None:
    """The same lock of the table and of the row, or one more that disturbs nobody further."""
    writes = sql.SQL(DOES["writes"]).format(sql.Identifier("t"))
    with psycopg.connect(there) as one, psycopg.connect(there) as other:
        one.execute(UPDATE)
        update = {mode for (mode,) in other.execute(HELD, [one.info.backend_pid])}
        one.rollback()
        one.execute(writes, prepare=False)
        found = {mode for (mode,) in other.execute(HELD, [one.info.backend_pid])}
        assert found - {"RowShareLock"} == update == {"RowExclusiveLock"}
        with pytest.raises(errors.LockNotAvailable):
            other.execute(SAME_ROW.format("NO KEY UPDATE").encode())
        other.rollback()
        other.execute(SAME_ROW.format("KEY SHARE").encode())  # as a foreign key asks for it


def test_it_leaves_no_rows(there: str) -> None:
    """However often it wrote, the table and its index are as large as before."""
    writes = sql.SQL(DOES["writes"]).format(sql.Identifier("t"))
    with psycopg.connect(there, autocommit=True) as one:
        oid = (one.execute("SELECT 't'::regclass::oid").fetchone() or (0,))[0]
        before = one.execute(SIZES, [oid]).fetchone()
        for _ in range(300):
            with one.transaction(force_rollback=True):
                one.execute(writes, prepare=False)
        one.execute("SELECT pg_stat_force_next_flush()")
        assert one.execute(SIZES, [oid]).fetchone() == before
