"""A contract of every kind there is, with the rules that hold over it as a whole."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Collection, Iterable

from gate.contract import load
from gate.contract.model import Contract
from gate.kinds.registry import kinds
from gate.kinds.rules import broken_rules
from gate.kinds.waiver import at_moments_of_their_items
from gate.kinds.writes import withheld, without
from gate.target import Difference

LOGINS = frozenset({"login"})
"""What a target logs in with that says nothing of it."""


def load_contract(
    folder: pathlib.Path,
    differs: Iterable[Difference] = (),
    *,
    carries_out: bool = True,
    writes: bool = True,
    logins: Collection[str] = LOGINS,
) -> Contract:
    """Read every ``*.toml`` of a folder into one contract.

    Args:
        folder: Where the chapters are, one file each.
        differs: The target's declared differences; they are laid over the items they name.
        carries_out: Whether the gate carries the plans out; where others do, their steps are
            accounted for beforehand only, and their effects by all the other items.
        writes: Whether requests that write are sent; where they are not, they are withheld.
        logins: Names of the endpoint items that the target logs in with.

    Raises:
        ContractError: Anything is wrong; the text has one line per mistake.
    """
    contract = load.load_contract(
        folder,
        kinds(),
        differs,
        carries_out=carries_out,
        rules=lambda where, promises: broken_rules(where, promises, logins),
    )
    told = at_moments_of_their_items(contract.promises)
    held = {} if writes else withheld(told)
    promises = without(told, held)
    return dataclasses.replace(contract, promises=promises, withheld=held)
