"""Read a folder of Alembic revisions without running it: nothing of the application is imported."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping

from gate.sources.migrations.facts import Chain, Revision

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
ABBREVIATED = 4
"""Length of an id from which on Alembic knows it by its beginning."""


class _UnreadableError(Exception):
    """A file cannot be understood; the text says why."""


def chain(folder: str, files: Mapping[str, str]) -> Chain:
    """Put the revisions of a folder together.

    Args:
        folder: Where the files are, for messages.
        files: Text by file name; files that define no ``revision`` are helpers and left out.
    """
    revisions: dict[str, Revision] = {}
    problems: list[str] = []
    for file, text in sorted(files.items()):
        try:
            found = _revision(file, text)
        except _UnreadableError as error:
            problems.append(f"{file}: {error}")
            continue
        if found is None:
            continue
        if found.id in revisions:
            problems.append(
                f"{found.id} is defined twice: in {revisions[found.id].file} and {file}"
            )
        revisions[found.id] = found
    parents = {parent for one in revisions.values() for parent in one.parents}
    return Chain(
        folder=folder,
        revisions=revisions,
        heads=tuple(sorted(set(revisions) - parents)),
        bases=tuple(sorted(id_ for id_, one in revisions.items() if not one.parents)),
        missing=tuple(sorted(parents - set(revisions))),
        problems=(*problems, *_cycles(revisions)),
    )


def _revision(file: str, text: str) -> Revision | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _UnreadableError(f"is no Python: {error}") from error
    values: dict[str, tuple[str, ...]] = {}
    for statement in tree.body:
        for name, value in _assigned(statement):
            if name in NAMES:
                values[name] = _strings(name, value)
    if not values.get("revision"):
        return None
    if "down_revision" not in values:
        raise _UnreadableError("defines a revision and no down_revision")
    return Revision(
        id=values["revision"][0],
        parents=values["down_revision"],
        file=file,
        branch_labels=values.get("branch_labels", ()),
        depends_on=values.get("depends_on", ()),
    )


def _assigned(statement: ast.stmt) -> Iterable[tuple[str, ast.expr]]:
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name) and statement.value is not None:
            yield target.id, statement.value


def _strings(name: str, value: ast.expr) -> tuple[str, ...]:
    """Read a string, ``None``, or a tuple, list or set of strings."""
    try:
        found = ast.literal_eval(value)
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        raise _UnreadableError(
            f"{name} is no literal, so it cannot be read ({type(value).__name__})"
        ) from None
    if found is None:
        return ()
    several = found if isinstance(found, (tuple, list, set, frozenset)) else (found,)
    if not all(isinstance(one, str) for one in several):
        raise _UnreadableError(f"{name} is {found!r}")
    return tuple(several)


def _cycles(revisions: Mapping[str, Revision]) -> tuple[str, ...]:
    done: set[str] = set()
    for id_ in revisions:
        path: list[str] = []
        stack = [id_]
        while stack:
            one = stack[-1]
            if one in path:
                path.remove(one)
                done.add(one)
                stack.pop()
                continue
            if one in done or one not in revisions:
                stack.pop()
                continue
            path.append(one)
            for parent in revisions[one].parents:
                if parent in path:
                    return (f"the revisions run in a circle through {parent} and {one}",)
                stack.append(parent)
    return ()


def ancestors(chain_: Chain, of: Iterable[str]) -> set[str]:
    """Every revision up to and including the given ones."""
    return _reached(chain_, of, lambda one: chain_.revisions[one].parents)


def _reached(chain_: Chain, of: Iterable[str], before: Callable[[str], Iterable[str]]) -> set[str]:
    """Revisions that are known, from the given ones to whatever comes before each."""
    found: set[str] = set()
    stack = list(of)
    while stack:
        one = stack.pop()
        if one not in found and one in chain_.revisions:
            found.add(one)
            stack += before(one)
    return found


def named(chain_: Chain, name: str) -> list[str]:
    """Revisions that a name may mean to Alembic: an id, a label, or the beginning of longer ids."""
    if name in chain_.revisions:
        return [name]
    labelled = [id_ for id_, one in chain_.revisions.items() if name in one.branch_labels]
    return labelled or [
        id_ for id_ in chain_.revisions if len(id_) >= ABBREVIATED and id_.startswith(name)
    ]


def needed(chain_: Chain, one: str) -> set[str]:
    """What Alembic applies before a revision: what it comes after, and what it depends on."""
    found = chain_.revisions[one]
    return {*found.parents, *(id_ for name in found.depends_on for id_ in named(chain_, name))}


def applied(chain_: Chain, at: Iterable[str]) -> set[str]:
    """Every revision of a database that is at the given ones.

    Alembic's table has no row of what another of its rows depends on, though it was applied.
    """
    return _reached(chain_, at, lambda one: needed(chain_, one))


def pending(chain_: Chain, current: tuple[str, ...]) -> tuple[str, ...]:
    """Revisions that the database does not have yet, in an order in which they can be applied."""
    missing = set(chain_.revisions) - applied(chain_, current)
    ordered: list[str] = []
    while missing:
        ready = sorted(one for one in missing if not needed(chain_, one) & missing)
        if not ready:
            return (*ordered, *sorted(missing))
        ordered += ready
        missing -= set(ready)
    return tuple(ordered)


def describe_heads(chain_: Chain) -> tuple[str, ...]:
    """Each head with its parents, as ``x (after y, in file z.py)``."""
    return tuple(
        f"{head} (after {', '.join(chain_.revisions[head].parents) or 'nothing'}, "
        f"in {chain_.revisions[head].file})"
        for head in chain_.heads
    )
