"""The section about the rehearsal: trace, witness and receipt, behind the user's document."""

from __future__ import annotations

from collections.abc import Sequence

from gate.duration import seconds
from gate.report.account import Account
from gate.report.text import cell, markdown, obstacle, row
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.rehearsal.facts import Leg, Receipt, RehearsalFacts


def rehearsal(account: Account) -> list[str]:
    """Everything that the clone showed; empty where nothing was rehearsed."""
    fact = account.observed.rehearsal if account.observed else Absent("nothing was looked at")
    if isinstance(fact, Absent):
        return []
    if isinstance(fact, CannotTell):
        return [f"No rehearsal: {markdown(obstacle(fact.reason))}"]
    facts = fact.value
    return [
        *_clone(facts),
        "",
        "### Revisions",
        "",
        *_legs(facts),
        "",
        "### Locks on tables in use",
        "",
        *_locks(facts),
        "",
        "### Bystanders",
        "",
        *_bystanders(facts),
        "",
        "### Receipt: what a rollback gives back, and what it gives up",
        "",
        *_receipt(facts),
        "",
        "### Trace",
        "",
        *_trace(facts),
    ]


def _clone(facts: RehearsalFacts) -> list[str]:
    clone, proof = facts.clone, facts.targets_clone
    lines = []
    if isinstance(clone, Seen):
        one = clone.value
        rows = sum(one.rows.values())
        lines.append(
            f"- Clone: {markdown(one.source)}, {one.bytes / 1e6:,.0f} MB, {rows:,} rows, "
            f"in {seconds(one.seconds)}; dropped again"
        )
        lines += [f"- Not as live: {markdown(text)}" for text in one.differences]
    text = proof.value if isinstance(proof, Seen) else obstacle(getattr(proof, "reason", ""))
    text = proof.proof if isinstance(proof, Absent) else text
    strangers = ", ".join(facts.strangers) or "none"
    return [
        *lines,
        f"- Alembic: {markdown(text)}",
        f"- New sessions on the live database meanwhile, but for the gate's: {markdown(strangers)}",
        f"- The rehearsal took {seconds(facts.seconds)}",
    ]


def _legs(facts: RehearsalFacts) -> list[str]:
    lines = [
        row("Revision", "Direction", "Exit", "Time", "WAL", "Rewritten", "Dropped"),
        row(*["---"] * 7),
    ]
    for leg in (*facts.up, *facts.down):
        status = "ended by the gate" if leg.exit_status is None else str(leg.exit_status)
        lines.append(
            row(
                cell(leg.revision),
                leg.direction,
                status,
                seconds(leg.seconds),
                f"{leg.wal_bytes / 1e3:,.0f} kB",
                cell(", ".join(_rewritten(leg))),
                str(len(leg.dropped)) if leg.dropped else "-",
            )
        )
    return lines


def _rewritten(leg: Leg) -> list[str]:
    return [f"{one} ({leg.remade[one]})" if one in leg.remade else one for one in leg.rewritten]


def _locks(facts: RehearsalFacts) -> list[str]:
    lines = [
        row("Revision", "Table", "Strongest lock", "Waited", "Held", "In the way"),
        row(*["---"] * 6),
    ]
    lines += [
        row(
            cell(f"{leg.revision} {leg.direction}"),
            cell(lock.table),
            lock.mode,
            f"{lock.waited_s:.3f} s",
            f"{lock.held_s:.3f} s" if lock.held_s else "too short to see",
            cell("; ".join(lock.blocked_by)),
        )
        for leg in (*facts.up, *facts.down)
        for lock in leg.locks
    ]
    return lines


def _bystanders(facts: RehearsalFacts) -> list[str]:
    lines = [row("Who", "Statements", "Longest", "During"), row(*["---"] * 4)]
    lines += [
        row(
            cell(f"{one.does} {one.table}"),
            str(one.asked),
            f"{one.longest_s:.3f} s",
            cell(one.error or one.during),
        )
        for one in facts.bystanders
    ]
    return lines if facts.bystanders else ["Nobody: no hot tables are named."]


def _receipt(facts: RehearsalFacts) -> list[str]:
    if not isinstance(facts.receipts, Seen):
        return [markdown(obstacle(getattr(facts.receipts, "reason", "no downgrade")))]
    judged = f"{len(facts.receipts.value)} of {facts.history} revisions"
    lines = [
        f'Judged: {judged} (`steps = "{facts.steps}"`).',
        "",
        row("Revision", "Gives back", "Gives up", "Rows"),
        row(*["---"] * 4),
    ]
    for one in facts.receipts.value:
        back = "catalog and rows as before" if one.clean else "; ".join(_unlike(one))
        back += " (from an empty database)" if one.rows_of == "empty" else ""
        back += "".join(f"; with {each.what}: {each.came}" for each in one.newly)
        lines.append(row(cell(one.revision), cell(back, 400), "-", "-"))
        lines += [row("", "", cell(loss.object), str(loss.rows)) for loss in one.losses]
    lines += [
        row(cell(name), cell(f"not judged: {why}", 400), "-", "-")
        for name, why in facts.unjudged.items()
    ]
    bad = next((one.revision for one in facts.receipts.value if not one.clean), None)
    well = "There is a way back from everywhere."
    if facts.unjudged or not facts.receipts.value:
        well = "Whether there is a way back from everywhere was not seen."
    end = f"Point of no return: {markdown(bad)}." if bad else well
    return [*lines, "", end, *_newly(facts.receipts.value)]


def _newly(receipts: Sequence[Receipt]) -> list[str]:
    """What rows that only the upgraded schema takes may do to a rollback."""
    found = {how: [one.revision for one in receipts if any(each.how == how for each in one.newly)]
             for how in ("failed", "lost")}  # fmt: skip
    lines = []
    if found["failed"]:
        names = markdown(", ".join(found["failed"]))
        lines.append(f"Rows that the new release writes may make a rollback impossible: {names}.")
    if found["lost"]:
        names = markdown(", ".join(found["lost"]))
        lines.append(f"A rollback may lose what the new release writes: {names}.")
    return [text for line in lines for text in ("", line)]


def _unlike(one: Receipt) -> list[str]:
    """What is not as before, or goes wrong."""
    found = [one.failed] if one.failed else []
    found += [*one.diff, *one.rows]
    found += [f"the second time up: {text}" for text in one.again]
    return found + [f"only when rows exist: {text}" for text in one.with_rows]


def _trace(facts: RehearsalFacts) -> list[str]:
    return [line for leg in facts.up for line in _commands(leg)] or ["No revision was applied."]


def _commands(leg: Leg) -> list[str]:
    if not isinstance(leg.commands, Seen):
        return [f"- {markdown(leg.revision)}: {markdown(getattr(leg.commands, 'reason', ''))}"]
    lines = [
        f"- {markdown(leg.revision)} at {one.at_s:.3f} s: {one.tag} "
        f"{markdown(', '.join(one.objects))} ({one.seconds * 1000:.1f} ms)"
        for one in leg.commands.value
    ]
    return lines + [
        f"- {markdown(leg.revision)}: the server said {markdown(one)}" for one in leg.notices
    ]
