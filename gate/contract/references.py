"""What one item says of another: every reference must lead somewhere."""

from __future__ import annotations

import fnmatch
import pathlib
from collections.abc import Iterable, Mapping

from gate.contract.kinds import (
    Budget,
    Item,
    ListeningPort,
    Risk,
    Service,
    Step,
    Trigger,
    Waiver,
    Work,
)
from gate.contract.model import Promise


def check_references(folder: pathlib.Path, promises: Mapping[str, Promise]) -> list[str]:
    """Return one sentence per dangling reference or broken rule between items."""
    mistakes: list[str] = []
    for one in promises.values():
        file = folder / f"{one.chapter}.toml"
        for item in {id(one.before): one.before, id(one.after): one.after}.values():
            for text in _of_item(item, promises):
                line = f"{file}: [{one.id}]: {text}"
                if line not in mistakes:
                    mistakes.append(line)
    return mistakes + _risks(folder, promises) + _steps(folder, promises)


def _of_item(item: Item, promises: Mapping[str, Promise]) -> Iterable[str]:
    for risk in item.risk:
        if not isinstance(getattr(promises.get(risk), "before", None), Risk):
            yield f"risk: there is no risk {risk!r} in risks.toml"
    if isinstance(item, Budget) and f"endpoint.{item.endpoint}" not in promises:
        yield f"endpoint: there is no item 'endpoint.{item.endpoint}' in endpoints.toml"
    if isinstance(item, Step) and item.answers and f"endpoint.{item.answers}" not in promises:
        yield f"answers: there is no item 'endpoint.{item.answers}' in endpoints.toml"
    if isinstance(item, ListeningPort) and item.owner:
        yield from _unit("owner", item.owner, promises)
    if isinstance(item, Work):
        yield from _unit("unit", item.unit, promises)
    if isinstance(item, Trigger):
        lost = [pattern for pattern in item.when if not fnmatch.filter(promises, pattern)]
        yield from (f"when: {pattern!r} names no item" for pattern in lost)
    if isinstance(item, Waiver):
        yield from _waived(item, promises)


def _waived(item: Waiver, promises: Mapping[str, Promise]) -> Iterable[str]:
    if item.item not in promises:
        yield f"item: there is no item {item.item!r}"
    elif item.item.startswith("waiver."):
        yield "item: a waiver cannot be waived"


def _unit(key: str, unit: str, promises: Mapping[str, Promise]) -> Iterable[str]:
    items = (one.before for one in promises.values())
    if not any(isinstance(item, Service) and item.unit == unit for item in items):
        yield f"{key}: no item of services.toml promises the unit {unit!r}"


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
