"""What a contract asks of databases that a target does not name."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gate.contract.model import MOMENTS, Contract
from gate.kinds.look import questions
from gate.lint.note import Note, about
from gate.sources.queries.facts import AskQuery, AskRedis
from gate.target import Target


def of_databases(contract: Contract, target: Target) -> Iterator[Note]:
    """One mistake for each item that names a database, or asks a Redis, which there is not."""
    told: set[str] = set()
    for moment in MOMENTS:
        for one in questions(contract, target, moment):
            if not isinstance(one, (AskQuery, AskRedis)) or one.id in told:
                continue
            text = _wrong(one, target)
            if text:
                told.add(one.id)
                yield about("mistake", contract.file(one.id), one.id, text, "database")


def _wrong(asked: AskQuery | AskRedis, target: Target) -> str:
    if isinstance(asked, AskQuery):
        return _unnamed("database", asked.database, target.database.others)
    if target.redis is None:
        return f"it needs [redis] in the target {target.file}"
    return _unnamed("redis", asked.database, target.redis.others)


def _unnamed(table: str, name: str, known: Collection[str]) -> str:
    if not name or name in known:
        return ""
    names = ", ".join(known) or "none"
    return f"database: the target names no [{table}.others.{name}]; known: {names}"
