"""What Alembic keeps in mind from one step to the next of a command: the types that it made.

``op.create_table`` makes an enum or a domain of one name once in a command: a step that names it
again, alone in a command of its own, finds that it is there already. Steps that the deployment does
in one command, and the rehearsal in one each, are told what those behind them made.
"""

from __future__ import annotations

from typing import Any

TOLD: dict[str, set[Any]] = {}
GOING: list[Any] = []
"""Alembic's context of a step up, with what it keeps in mind."""


def remind(context: Any, script: Any, heads: tuple[str, ...], asked: dict[str, Any]) -> None:
    """Have Alembic keep in mind what was made by steps that the database is at, or beyond.

    Args:
        context: Alembic's.
        script: The directory of the revisions.
        heads: Where the database is.
        asked: What is to be done; of a step up ``made`` has, by each revision that was gone up to
            in this rehearsal, what ``made_by`` said of it.
    """
    if asked["do"] != "up":
        return
    GOING.append(context)
    made = asked.get("made") or {}
    behind = script._upgrade_revs(heads, ()) if made and heads else ()
    for one in behind:
        for kind, names in made.get(one.revision.revision, {}).items():
            TOLD.setdefault(kind, set()).update((schema, name) for schema, name in names)
    for kind, known in TOLD.items():
        context.impl.memo.setdefault(kind, set()).update(known)


def made_by() -> dict[str, list[list[Any]]]:
    """Names with their schemas, by kind, that Alembic keeps in mind and was not told of."""
    found: dict[str, list[list[Any]]] = {}
    for context in GOING:
        for kind, names in getattr(context.impl, "memo", {}).items():
            if isinstance(names, set):
                new = (list(one) for one in names - TOLD.get(kind, set()))
                found.setdefault(kind, []).extend(new)
    return found
