"""Load a contract: every file, every item, both sides; a mistake names file, table and key."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

import pydantic

from gate.contract.ids import flaw, twins
from gate.contract.item import AbsolutePath, Item, Name
from gate.contract.model import Contract, Promise
from gate.contract.references import check_references
from gate.contract.rehearsal import Alembic
from gate.contract.vocabulary import Vocabulary, chapters
from gate.errors import ContractError
from gate.literals import literal
from gate.target import Difference
from gate.toml import Strict, parse, place

ABOUT, ALEMBIC = "about", "alembic"
SIDES = ("before", "after")
MAY_BE_EMPTY = ("waivers",)


class About(Strict):
    """What is deployed: the snapshot's heading, and its working directory.

    Attributes:
        system: What is deployed, in words.
        cwd: Where the deployment works.
        baseline_days: How old the look from before the deployment may be that a later one is
            compared with.
        evidence_hours: For how long after a run its evidence lets a deployment go on.
    """

    system: Name | None = None
    cwd: AbsolutePath | None = None
    baseline_days: Annotated[float, pydantic.Field(gt=0, le=3650, allow_inf_nan=False)] | None = (
        None
    )
    evidence_hours: Annotated[float, pydantic.Field(gt=0, le=87600, allow_inf_nan=False)] | None = (
        None
    )


def load_contract(
    folder: pathlib.Path,
    vocabulary: Vocabulary,
    differs: Iterable[Difference] = (),
    *,
    carries_out: bool = True,
    rules: Callable[[pathlib.Path, Mapping[str, Promise]], list[str]],
) -> Contract:
    """Read every ``*.toml`` of a folder into one contract.

    Args:
        folder: Where the chapters are, one file each.
        vocabulary: What can be promised.
        differs: The target's declared differences; they are laid over the items they name.
        carries_out: Whether the gate carries the plans out; where others do, their steps are
            accounted for beforehand only, and their effects by all the other items.
        rules: What is wrong with the contract as a whole, one sentence each.

    Raises:
        ContractError: Anything is wrong; the text has one line per mistake.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        known = ", ".join(chapters(vocabulary))
        raise ContractError(f"{folder}: no contract here: expected {known} as .toml")
    declared = _by_item(differs)
    about: dict[str, Any] = {
        "system": folder.resolve().name,
        "cwd": "/",
        "baseline_days": 7,
        "evidence_hours": 24,
    }
    written: list[tuple[str, str]] = []
    promises: dict[str, Promise] = {}
    alembic: Alembic | None = None
    made: list[tuple[str, str]] = []
    mistakes: list[str] = []
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        try:
            data = parse(file, ContractError)
            about |= _table(file, data, ABOUT, About).model_dump(exclude_none=True)
            alembic = _table(file, data, ALEMBIC, Alembic) if ALEMBIC in data else alembic
            written += _places(file, data)
            found = _chapter(file, data, declared, vocabulary, carries_out=carries_out)
            promises |= {one.id: one for one in found}
            made += [(one.id, f"{file}: [{one.id}]") for one in found]
        except ContractError as error:
            mistakes.append(str(error))
    mistakes += dict.fromkeys(
        f"{' and '.join(place for _, place in pairs)}: one id twice: ids are compared without case"
        for places in (written, made)
        for pairs in twins(places).values()
    )
    if not mistakes:
        mistakes += check_references(folder, promises, vocabulary) + rules(folder, promises)
        if alembic is None and any(one.kind == "rehearsal" for one in promises.values()):
            mistakes.append(f"{folder / 'rehearsal.toml'}: nothing says how: it needs [alembic]")
    if mistakes:
        raise ContractError("\n".join(mistakes))
    order = list(chapters(vocabulary))
    ranked = sorted(promises.values(), key=lambda one: order.index(one.chapter))
    return Contract(
        system=about["system"],
        cwd=about["cwd"],
        baseline_days=about["baseline_days"],
        evidence_hours=about["evidence_hours"],
        folder=str(folder),
        sha256=digest.hexdigest(),
        promises={one.id: one for one in ranked},
        alembic=alembic,
        unused_differs=tuple(sorted(declared.keys() - {id_ for id_, _ in written})),
    )


Table = TypeVar("Table", bound=Strict)


def _table(file: pathlib.Path, data: dict[str, Any], key: str, model: type[Table]) -> Table:
    """Take a table that is no item's out of a file."""
    given = data.pop(key, {})
    where = f"{file}: [{key}]"
    _refuse_credentials(where, given)
    try:
        return model.model_validate(given)
    except pydantic.ValidationError as error:
        raise ContractError(place(where, error, model)) from error


def _refuse_credentials(where: str, given: object) -> None:
    found = literal(given)
    if found is not None:
        key, what = found
        raise ContractError(f"{where}: {key}: {what}; name a role or a variable that holds it")


def _places(file: pathlib.Path, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every id of a file, and where it stands."""
    return [
        (f"{kind}.{name}", f"{file}: [{kind}.{name}]")
        for kind, tables in data.items()
        if isinstance(tables, dict)
        for name in tables
    ]


def _by_item(differs: Iterable[Difference]) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    for one in differs:
        found.setdefault(one.item, []).append(one)
    return found


def _chapter(
    file: pathlib.Path,
    data: Mapping[str, Any],
    declared: Mapping[str, list[Difference]],
    vocabulary: Vocabulary,
    *,
    carries_out: bool,
) -> list[Promise]:
    """Read one chapter; all its mistakes are told together."""
    chapter, known_chapters = file.stem, chapters(vocabulary)
    if chapter not in known_chapters:
        known = ", ".join(f"{name}.toml" for name in known_chapters)
        raise ContractError(f"{file}: unknown chapter {chapter!r}; known: {known}")
    promises: list[Promise] = []
    mistakes: list[str] = []
    for kind, tables in data.items():
        if kind not in known_chapters[chapter]:
            mistakes.append(_misplaced(file, kind, vocabulary))
            continue
        if not isinstance(tables, dict):
            mistakes.append(f"{file}: {kind}: expected tables such as [{kind}.name]")
            continue
        for name, table in tables.items():
            id_ = f"{kind}.{name}"
            try:
                where = _where(file, kind, name, table)
                whole = _promise(
                    where,
                    id_,
                    table,
                    declared.get(id_, []),
                    vocabulary,
                    carries_out=carries_out,
                )
                promises += vocabulary[kind].spread(whole)
            except ContractError as error:
                mistakes.append(str(error))
    if not promises and not mistakes and chapter not in MAY_BE_EMPTY:
        mistakes.append(f"{file}: promises nothing: write an item, or remove the file")
    if mistakes:
        raise ContractError("\n".join(mistakes))
    return promises


def _where(file: pathlib.Path, kind: str, name: str, table: object) -> str:
    """Say where an item stands: it is a table, and can be called so."""
    wrong = flaw(name)
    if wrong is not None:
        raise ContractError(f"{file}: [{kind}.{json.dumps(name)}]: {wrong}")
    if not isinstance(table, dict):
        raise ContractError(
            f"{file}: [{kind}] {name}: unknown key outside of an item's table; "
            f"write [{kind}.name] above it"
        )
    return f"{file}: [{kind}.{name}]"


def _misplaced(file: pathlib.Path, kind: str, vocabulary: Vocabulary) -> str:
    if kind in vocabulary:
        return f"{file}: [{kind}.…] belongs into {vocabulary[kind].chapter}.toml"
    known = ", ".join(chapters(vocabulary)[file.stem])
    return f"{file}: unknown kind of item [{kind}.…]; known here: {known}"


def _promise(
    where: str,
    id_: str,
    table: Mapping[str, Any],
    differs: list[Difference],
    vocabulary: Vocabulary,
    *,
    carries_out: bool,
) -> Promise:
    common = {key: value for key, value in table.items() if key not in SIDES}
    sides = {side: _side(where, side, table.get(side, {})) for side in SIDES}
    where += ", as the target's `differs` has it" if differs else ""
    for one in differs:
        common = {**common, **one.set}
        sides = {side: {**own, **getattr(one, side)} for side, own in sides.items()}
    kind = vocabulary[id_.split(".", 1)[0]]
    # What is absent on one side is described by the other one.
    whole = {
        side: {**(sides[other] if sides[side].get("absent") else {}), **common, **sides[side]}
        for side, other in (("before", "after"), ("after", "before"))
    }
    before = _item(f"{where} before" if sides["before"] else where, kind.model, whole["before"])
    # Most items promise the same at every moment: one item is both sides.
    after = (
        before
        if not any(sides.values())
        else _item(f"{where} after" if sides["after"] else where, kind.model, whole["after"])
    )
    _refuse_credentials(where, table)
    return Promise(
        id=id_,
        kind=kind.name,
        chapter=kind.chapter,
        before=before,
        after=after,
        moments=kind.moments(before, carries_out),
        differs=tuple(one.reason for one in differs),
    )


def _item(where: str, model: type[Item], merged: Mapping[str, Any]) -> Item:
    try:
        return model.model_validate(merged)
    except pydantic.ValidationError as error:
        raise ContractError(place(where, error, model, SIDES)) from error


def _side(where: str, side: str, value: object) -> dict[str, Any]:
    if value == "absent":
        return {"absent": True}
    if isinstance(value, dict):
        return dict(value)
    raise ContractError(f'{where}: {side}: expected a table or "absent", not {str(value)[:60]!r}')
