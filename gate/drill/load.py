"""Read a folder of faults strictly; a mistake names file, table and key."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shlex
from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic

from gate.drill.fault import About, Fault
from gate.drill.injection import Scripts, known_injectors, together
from gate.errors import ContractError
from gate.target import Target
from gate.toml import Strict, parse, place

Model = TypeVar("Model", bound=Strict)
ABOUT, FAULT = "about", "fault"
NAME = re.compile(r"[^\W_][\w.-]*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Faults:
    """The faults of a folder.

    Attributes:
        folder: Where they were read.
        by_name: In the order of files and of the tables in them.
        leaves_out: Chapters that are left out where a fault does not ask for them.
        healthy_only: Chapters that are, and are looked at in healthy runs.
        promises: Folder of the promises that are the drill's own.
        stage: What these are about, by the names of injectors.
        holes: Why no fault shows a kind in one way, by ``KIND.WAY``.
    """

    folder: pathlib.Path
    by_name: Mapping[str, Fault]
    leaves_out: tuple[str, ...] = ()
    healthy_only: tuple[str, ...] = ()
    promises: pathlib.Path | None = None
    stage: Mapping[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    holes: Mapping[str, str] = dataclasses.field(default_factory=dict)


def load_faults(folder: pathlib.Path) -> Faults:
    """Read every ``*.toml`` of a folder.

    Raises:
        ContractError: There is none, or anything is wrong; one line per mistake.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ContractError(f"{folder}: there are no faults: no file *.toml")
    wrong: list[str] = []
    found: dict[str, Fault] = {}
    about = About()
    for file in files:
        tables = parse(file, ContractError)
        if ABOUT in tables:
            where = f"{file}: [{ABOUT}]"
            told = _read(About, tables.pop(ABOUT), where, wrong) or About()
            wrong += _injections(told.stage, where, "stage")
            about = _joined(about, told, where, wrong)
        faults = _tables(tables.pop(FAULT, {}), file, wrong)
        wrong += [f"{file}: {one}: unknown table; known: {ABOUT}, {FAULT}.NAME" for one in tables]
        for name, keys in faults.items():
            where = f"{file}: [{FAULT}.{name}]"
            if not NAME.fullmatch(name):
                wrong.append(f"{where}: a fault's name is letters, digits, and then also . _ -")
            if name in found:
                wrong.append(f"{where}: there is a fault of this name already")
            fault = _read(Fault, keys, where, wrong)
            if fault is not None:
                found[name] = fault
                wrong += _injections(fault.inject, where, "inject")
    if not found and not wrong:
        wrong.append(f"{folder}: there are no faults: no table [{FAULT}.NAME]")
    if wrong:
        raise ContractError("\n".join(wrong))
    return Faults(
        folder=folder,
        by_name=found,
        leaves_out=tuple(dict.fromkeys(about.leaves_out)),
        healthy_only=tuple(dict.fromkeys(about.healthy_only)),
        promises=folder / about.promises if about.promises else None,
        stage=about.stage,
        holes=about.holes,
    )


def _tables(found: object, file: pathlib.Path, wrong: list[str]) -> dict[str, Any]:
    if isinstance(found, dict):
        return found
    wrong.append(f"{file}: {FAULT}: faults are tables [{FAULT}.NAME]")
    return {}


def _joined(one: About, other: About, where: str, wrong: list[str]) -> About:
    """What two files say of all faults; a word that both have for one thing is a mistake."""
    if one.promises and other.promises:
        wrong.append(f"{where}: promises: another file names a folder already")
    wrong += [f"{where}: stage.{key}: is there already" for key in one.stage.keys() & other.stage]
    return About(
        leaves_out=one.leaves_out + other.leaves_out,
        healthy_only=one.healthy_only + other.healthy_only,
        promises=one.promises or other.promises,
        stage={**one.stage, **other.stage},
        holes={**one.holes, **other.holes},
    )


def scripts_of(fault: Fault, target: Target) -> Scripts | None:
    """The scripts of a fault at a target; ``None`` where nothing is done to the host."""
    scripts = injected(fault.inject, target)
    if scripts is None or not fault.restarts:
        return scripts
    again = f"systemctl restart {shlex.join(fault.restarts)}"
    return dataclasses.replace(scripts, undo=f"( {scripts.undo}\n) && {again}")


def injected(inject: Mapping[str, dict[str, Any]], target: Target) -> Scripts | None:
    """The scripts of what is injected; ``None`` where nothing is."""
    many = [
        known_injectors()[name].scripts(_model(name, keys), target) for name, keys in _each(inject)
    ]
    return together(many) if many else None


def _each(inject: Mapping[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every injection: ``inject.file`` or, where there are two, ``inject.file.NAME``."""
    found = []
    for name, keys in inject.items():
        several = keys and all(isinstance(one, dict) for one in keys.values())
        found += [(name, one) for one in (keys.values() if several else [keys])]
    return found


def _injections(inject: Mapping[str, dict[str, Any]], where: str, key: str) -> list[str]:
    wrong: list[str] = []
    for name, keys in _each(inject):
        if name not in known_injectors():
            known = ", ".join(known_injectors())
            wrong.append(f"{where}: {key}.{name}: unknown injector; known: {known}")
            continue
        _read(known_injectors()[name].model, keys, f"{where}: {key}.{name}", wrong)
    return wrong


def _model(name: str, keys: dict[str, Any]) -> Strict:
    return known_injectors()[name].model.model_validate(keys)


def _read(model: type[Model], keys: object, where: str, wrong: list[str]) -> Model | None:
    try:
        return model.model_validate(keys)
    except pydantic.ValidationError as error:
        wrong += place(where, error, model).splitlines()
        return None
