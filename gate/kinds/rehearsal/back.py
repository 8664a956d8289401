"""The way back: what each step of it gives back, and what it gives up."""

from __future__ import annotations

import re

from gate.contract.model import Promise
from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.rehearsal import lacking, newly, summary
from gate.kinds.rehearsal.declared import Declared, apply
from gate.kinds.rehearsal.leg import failed
from gate.kinds.scene import Scene
from gate.sources.fact import require
from gate.sources.rehearsal.facts import Back, Receipt, RehearsalFacts

SHOWN = 5
"""Differences that a finding names; the report has them all."""
COLUMN = r'\.(?:[^."]+|"(?:[^"]|"")*")'
"""A column behind the name of its table, as the catalog tells it."""


def _way(name: str, facts: RehearsalFacts) -> Back:
    """The way back to a revision.

    Raises:
        ObservationError: It is not known.
    """
    if name not in facts.backs:
        raise ObservationError(f"cannot tell: no way back to {name} was asked for")
    return facts.backs[name]


def restores(item: Rehearsal, facts: RehearsalFacts, _: Promise, scene: Scene) -> Finding:
    """Compare the way back to a revision."""
    name = str(item.restores)
    promised = f"downgrade to {name}: catalog and rows as before"
    if name in facts.problems:
        why = facts.problems[name]
        return Finding(promised=promised, seen=why, broken=(f"{name}: {why}",))
    rehearsed = require(facts.receipts, "downgrade")
    way = _way(name, facts)
    receipts = [one for one in rehearsed if one.revision in way.steps]
    how = scene.contract.alembic
    said = apply(how, facts, receipts) if how else Declared(receipts)
    receipts = said.receipts
    broken = list(said.stale)
    judged = set(way.steps) - said.excused
    receipts, unknown = _foreign(facts, receipts, judged)
    judged -= {*unknown}
    broken += [failed(leg) for leg in facts.down if leg.exit_status != 0 and leg.revision in judged]
    for one in receipts:
        broken += _unclean(one)
    lost = newly.lost(receipts)
    judged_so = how is not None and how.newly_allowed == "judged"
    broken += lost if judged_so else []
    bad = next((one.revision for one in receipts if not one.clean), None)
    if bad and len(receipts) > 1:
        broken.append(f"the point of no return is {bad}")
    open_ = [*unknown.values(), *_unjudged(facts, way)]
    if not broken:
        open_ += lacking.unsure(facts, way.steps)
        _all_judged(name, facts, receipts, open_)
    aside = [one for one in rehearsed if one.revision not in way.steps]
    warnings = [*said.told, *([] if judged_so else lost), *_odd(facts, receipts, aside, way)]
    return Finding(
        promised=promised,
        seen=f"{'not as before' if broken else 'the same catalog and rows'}; "
        f"{'; '.join([summary.gone(facts, receipts), *newly.filled(receipts)])}",
        broken=(*broken, *open_),
        warnings=tuple(warnings),
    )


def _foreign(
    facts: RehearsalFacts, receipts: list[Receipt], judged: set[str]
) -> tuple[list[Receipt], dict[str, str]]:
    """Set aside what only failed since the clone's server lacks something; why, by revision."""
    unknown = {
        one.revision: why
        for one in receipts
        if one.revision in judged and (why := lacking.foreign(facts, one.failed))
    }
    return [one for one in receipts if one.revision not in unknown], unknown


def _odd(
    facts: RehearsalFacts, receipts: list[Receipt], aside: list[Receipt], way: Back
) -> list[str]:
    """What holds and is odd: one sentence per cause, with the revisions.

    Args:
        facts: What the rehearsal showed.
        receipts: Those of this way.
        aside: All others.
        way: This way.
    """
    lines = summary.by_cause(
        [(text.partition(": ")[2], text.partition(": ")[0])
         for one in receipts for text in one.unwritten],
        "no witness was written: {names}: {cause}",
    )  # fmt: skip
    lines += summary.by_cause(
        [(one.unstruck, one.revision) for one in receipts if one.unstruck],
        "not cut off half-way ({cause}): {names}",
    )
    lines += summary.by_cause(
        [(one.alone, one.revision) for one in receipts if one.alone],
        "pg_dump was not asked for a second opinion ({cause}): {names}",
    )
    lines += summary.by_cause(
        [(why, name) for name, why in facts.half.items() if name in way.steps],
        "judged by going back and up again alone, since from an empty database the history stops "
        "at {cause}: {names}",
    )
    lines += summary.beside(receipts)
    lines += summary.noticed(one for one in facts.down if one.revision in way.steps)
    outside = [("", f"{one.revision} ({'; '.join(_unclean(one)) or one.failed})")
               for one in aside if not one.clean]  # fmt: skip
    return lines + summary.by_cause(outside, "not on this way, and not clean: {names}")


def _unclean(one: Receipt) -> list[str]:
    """What one revision's way down leaves behind."""
    found = []
    for what, lines in (
        ("leaves the catalog changed", one.diff),
        ("goes up otherwise the second time", one.again),
        ("only when rows exist", one.with_rows),
        ("cannot be begun again", one.struck),
        ("is not for several at once", one.raced),
    ):
        more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        found += [f"{one.revision} {what}: {'; '.join(lines[:SHOWN])}{more}"] if lines else []
    if one.rows:
        found.append(f"{one.revision} leaves other rows in {', '.join(one.rows)}")
    return found


def _unjudged(facts: RehearsalFacts, way: Back) -> list[str]:
    """How many steps were not judged, and why, one sentence per reason."""
    why: dict[str, list[str]] = {}
    for one in way.steps:
        if one in facts.unjudged:
            why.setdefault(facts.unjudged[one], []).append(one)
    return [
        f"{len(found)} step{'s were' if len(found) > 1 else ' was'} not judged, because {reason}: "
        f"{summary.listed(found)}"
        for reason, found in why.items()
    ]


def _all_judged(
    name: str, facts: RehearsalFacts, receipts: list[Receipt], open_: list[str]
) -> None:
    """Raise where something of the way back was not rehearsed."""
    if open_:
        raise ObservationError(f"cannot tell: {'; '.join(open_)}")
    if not receipts:
        at = ", ".join(facts.began) or "nothing"
        raise ObservationError(
            f"cannot tell: nothing was rehearsed: the database is at {at}, and nothing lies "
            f"between it and {name}"
        )


def loses(item: Rehearsal, facts: RehearsalFacts, *__: object) -> Finding:
    """Compare what a rollback gives up."""
    over = {one for back in facts.backs.values() for one in back.steps}
    over |= {leg.revision for leg in facts.up}
    receipts = [one for one in require(facts.receipts, "downgrade") if one.revision in over]
    if not receipts:
        raise ObservationError("cannot tell: nothing was rehearsed: there is no step to go back")
    losses = [loss for one in receipts for loss in one.losses]
    promised = set(item.loses or ())
    whole = [one.object.partition(" ")[2] for one in losses if one.object.startswith("table ")]
    of_whole = [re.compile(re.escape(one) + COLUMN) for one in whole if one in promised]
    strange = [
        one
        for one in losses
        if (name := one.object.partition(" ")[2]) not in promised
        and not any(column.fullmatch(name) for column in of_whole)
    ]
    kept = promised - {one.object.partition(" ")[2] for one in losses}
    finding = Finding(
        promised=f"a rollback gives up {', '.join(sorted(promised)) or 'nothing'}",
        seen=", ".join(f"{one.object} ({one.rows} rows)" for one in losses) or "nothing",
        broken=tuple(f"a rollback also gives up {one.object} ({one.rows} rows)" for one in strange),
        warnings=tuple(f"{one} is not given up" for one in sorted(kept)),
    )
    if finding.holds and facts.unjudged:
        raise ObservationError(f"cannot tell: {len(facts.unjudged)} steps were not judged")
    return finding
