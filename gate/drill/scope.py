"""What is looked at beside a fault: the contract, with less of it, or with more."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gate.drill.fault import Fault
from gate.drill.load import Faults


class Scope(NamedTuple):
    """A part of the contract, and whether the drill's own promises belong to it.

    Attributes:
        without: Chapters that are left out.
        own: Whether the promises that stand beside the faults are added.
    """

    without: tuple[str, ...] = ()
    own: bool = False


WHOLE = Scope()


def scope_of(
    fault: Fault, faults: Faults, chapters: Mapping[str, str], own: Collection[str]
) -> Scope:
    """What is looked at beside a fault.

    Args:
        fault: The fault.
        faults: All of them, with what is left out as a rule.
        chapters: Chapter of each item, the drill's own among them.
        own: Items that are the drill's own.
    """
    named = named_by(fault)
    asked = {chapters.get(one, "") for one in named}
    rule = (*faults.leaves_out, *faults.healthy_only)
    out = () if fault.whole else tuple(one for one in rule if one not in asked)
    return Scope(out, any(one in own for one in named))


def named_by(fault: Fault) -> list[str]:
    """Items that a fault expects something of, or replaces keys of."""
    return [*fault.expect, *(one.item for one in fault.differs)]


def laid_out(
    contract: pathlib.Path, scope: Scope, own: pathlib.Path | None, place: pathlib.Path
) -> pathlib.Path:
    """The folder that holds the promises of a scope; the contract's own where it is the whole.

    Args:
        contract: Folder of the contract.
        scope: What of it.
        own: Folder of the promises that are added.
        place: Where other folders are written.
    """
    more = own if scope.own else None
    if not scope.without and more is None:
        return contract
    folder = place / "-".join(("contract", *sorted(scope.without), *(("own",) if more else ())))
    if not folder.exists():
        folder.mkdir(parents=True)
        _copied([contract, *([more] if more else [])], folder, scope.without)
    return folder


def _copied(
    sources: Iterable[pathlib.Path], folder: pathlib.Path, without: Collection[str]
) -> None:
    """Files of one name become one: a chapter of the contract, and what is added to it."""
    for source in sources:
        for file in sorted(source.iterdir()):
            if file.is_file() and file.stem not in without:
                with (folder / file.name).open("ab") as out:
                    out.write(file.read_bytes() + b"\n")
