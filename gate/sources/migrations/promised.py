"""Revisions that a contract names, against the files where those can be read beforehand."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping

from gate.contract.model import Contract
from gate.contract.rehearsal import Alembic, Rehearsal
from gate.sources.migrations.chain import applied, chain, named
from gate.sources.migrations.facts import Chain
from gate.target import Target

OTHERS = re.compile(r"^[ \t]*(version_locations|recursive_version_locations)\b", re.MULTILINE)
"""Settings by which Alembic also reads other folders than the one that is named."""
PLAIN = re.compile(r"[A-Za-z0-9_.]+")
RELATIVE = re.compile(r".*[+-][0-9]+")
"""What Alembic counts from where a database stands, or from another revision."""
SYMBOLS = ("base", "head", "heads")


def mistakes(contract: Contract, target: Target) -> list[str]:
    """What is certainly wrong with the revisions that the rehearsal is to go to and back to.

    Nothing is said where the files are on another host or in a commit, cannot be read, are not all
    of Alembic's, or where a name is an expression that Alembic alone understands.
    """
    how = contract.alembic
    if how is None or how.git or not target.host.startswith("local://"):
        return []
    known = _chain(pathlib.Path(target.placed(how.folder)), target.placed(how.versions))
    if known is None:
        return []
    items = contract.of(Rehearsal, "predeploy")
    wrong: list[str] = []
    ends: list[str] = []
    for id_, item in items.items():
        if item.reaches is not None:
            found, why = meant(known, item.reaches)
            ends += found
            wrong += [f"{id_}: reaches = {item.reaches!r}: {why}"] * bool(why)
    behind = applied(known, ends or known.heads)
    for id_, key, name in _backs(items):
        found, why = meant(known, name)
        if name not in SYMBOLS and found and not wrong and not behind & set(found):
            why = f"it does not lie behind {', '.join(ends)}"
        wrong += [f"{id_}: {key} = {name!r}: {why}"] * bool(why)
    return [*wrong, *_declared(how, known)]


def _declared(how: Alembic, known: Chain) -> list[str]:
    """Declarations of revisions that there are not: nothing would ever come of them."""
    return [
        f"alembic.{key}[{number}]: revision = {one.revision!r}: {_none(known)}"
        for key in ("one_way", "data_changes", "removes")
        for number, one in enumerate(getattr(how, key))
        if one.revision not in known.revisions
    ]


def _backs(items: Mapping[str, Rehearsal]) -> Iterator[tuple[str, str, str]]:
    """Id, key and name of every revision that is to be gone back to."""
    for id_, item in items.items():
        if item.restores is not None:
            yield id_, "restores", item.restores
        if item.rolls_back is not None:
            yield id_, "rolls_back.to", item.rolls_back.to


def _chain(folder: pathlib.Path, versions: str) -> Chain | None:
    """The revisions; ``None`` where the files do not tell all of them."""
    try:
        settings = [*folder.glob("*.ini"), *folder.glob("*.cfg"), *folder.glob("pyproject.toml")]
        if any(OTHERS.search(one.read_text("utf-8", "replace")) for one in settings):
            return None
        files = {one.name: one.read_text("utf-8") for one in pathlib.Path(versions).glob("*.py")}
    except (OSError, UnicodeDecodeError):
        return None
    found = chain(versions, files)
    return None if found.problems or found.missing or not found.revisions else found


def meant(known: Chain, name: str) -> tuple[list[str], str]:
    """Revisions that a name means, and what is wrong with it; neither where Alembic alone knows."""
    if name in SYMBOLS:
        return list(known.heads), ""
    if RELATIVE.fullmatch(name) and name not in known.revisions:
        return [], "it counts from another one; the id of the revision itself is wanted"
    if not PLAIN.fullmatch(name):
        return [], ""
    found = named(known, name)
    if len(found) > 1:
        return found, f"it may mean {_listed(found[:-1])} or {found[-1]}"
    return found, "" if found else _none(known)


def _none(known: Chain) -> str:
    return f"no revision in {known.folder} is called so; the heads are {_listed(known.heads)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
