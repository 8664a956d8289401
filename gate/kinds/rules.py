"""Rules that hold over a whole contract: every risk is guarded, every plan is numbered through."""

from __future__ import annotations

import pathlib
from collections.abc import Collection, Mapping

from gate.contract.model import Promise
from gate.kinds.risk import Risk
from gate.kinds.step import Step
from gate.kinds.writes import check_writes


def broken_rules(
    folder: pathlib.Path, promises: Mapping[str, Promise], logins: Collection[str]
) -> list[str]:
    """Return one sentence per rule that a contract breaks.

    Args:
        folder: The contract's, for the text.
        promises: By id.
        logins: Names of the endpoint items that the target logs in with.
    """
    return [
        *_risks(folder, promises),
        *_steps(folder, promises),
        *check_writes(folder, promises, logins),
    ]


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
