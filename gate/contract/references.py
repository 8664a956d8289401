"""What one item says of another: every reference must lead somewhere."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping

from gate.contract.item import Item
from gate.contract.kinds import Risk, Step
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
    return mistakes + _risks(folder, promises) + _steps(folder, promises)


def _risks_of(item: Item, promises: Mapping[str, Promise]) -> Iterable[str]:
    for risk in item.risk:
        if not isinstance(getattr(promises.get(risk), "before", None), Risk):
            yield f"risk: there is no risk {risk!r} in risks.toml"


def _risks(folder: pathlib.Path, promises: Mapping[str, Promise]) -> list[str]:
    guarded = {risk for one in promises.values() for risk in (*one.before.risk, *one.after.risk)}
    return [
        f"{folder / 'risks.toml'}: [{id_}]: no item guards it: name it as `risk` on the items "
        f"that would break"
        for id_, one in promises.items()
        if isinstance(one.before, Risk) and id_ not in guarded
    ]


def _steps(folder: pathlib.Path, promises: Mapping[str, Promise]) -> list[str]:
    mistakes = []
    for phase in ("deploy", "rollback"):
        steps = [
            (one.before.order, id_)
            for id_, one in promises.items()
            if isinstance(one.before, Step) and one.before.phase == phase
        ]
        orders = [order for order, _ in sorted(steps)]
        if orders != list(range(1, len(orders) + 1)):
            mistakes.append(
                f"{folder / 'plan.toml'}: the {phase} steps are numbered {orders}, "
                f"expected 1 to {len(orders)} once each"
            )
        earlier = {id_: {other for at, other in steps if at < order} for order, id_ in steps}
        mistakes += [
            f"{folder / 'plan.toml'}: [{id_}]: needs: {need!r} is no earlier step of this plan"
            for id_, before in earlier.items()
            for need in getattr(promises[id_].before, "needs", ())
            if need not in before
        ]
    return mistakes
