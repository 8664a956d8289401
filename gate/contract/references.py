"""What one item says of another: every reference must lead somewhere."""

from __future__ import annotations

import difflib
import pathlib
from collections.abc import Iterable, Mapping

from gate.contract.item import Item
from gate.contract.model import Promise
from gate.contract.vocabulary import Vocabulary


def check_references(
    folder: pathlib.Path, promises: Mapping[str, Promise], vocabulary: Vocabulary
) -> list[str]:
    """Return one sentence per dangling reference or broken rule between items."""
    mistakes: list[str] = []
    for one in promises.values():
        file, kind = folder / f"{one.chapter}.toml", vocabulary[one.kind]
        for item in {id(one.before): one.before, id(one.after): one.after}.values():
            for text in (*_risks_of(item, promises), *kind.references(item, promises)):
                line = f"{file}: [{one.id}]: {text}"
                if line not in mistakes:
                    mistakes.append(line)
    return mistakes


def _risks_of(item: Item, promises: Mapping[str, Promise]) -> Iterable[str]:
    for risk in item.risk:
        if getattr(promises.get(risk), "kind", "") != "risk":
            known = [id_ for id_, one in promises.items() if one.kind == "risk"]
            meant = [f"risk.{risk}"] if f"risk.{risk}" in known else []
            meant = meant or difflib.get_close_matches(risk, known, n=1)
            hint = f'write "{meant[0]}"' if meant else 'a risk is written "risk.NAME"'
            yield (
                f"risk: there is no risk {risk!r} in risks.toml: {hint}; "
                f"known: {', '.join(known) or 'none'}"
            )
