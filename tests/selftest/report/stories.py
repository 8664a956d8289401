"""A whole story to be told on a page: before, a deployment that failed, and the way back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping

from gate.account.verdict import Outcome, Result
from gate.plan.facts import PlanFacts, StepRecord
from gate.report.account import Account, Earlier
from gate.report.html import page
from gate.report.snapshot import document
from gate.report.state_diff import document as diff
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.observed import Observed
from gate.sources.rehearsal.company import Bystander, Wait
from gate.sources.rehearsal.facts import (
    CloneFacts,
    Leg,
    RehearsalFacts,
    TableLock,
)
from gate.target import Difference

NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
Told = Callable[..., Account]
NOBODY = CannotTell("not asked", Cause.UPSTREAM)


def at(seconds: float) -> dt.datetime:
    """So long after the look before the deployment began."""
    return NOW + dt.timedelta(seconds=seconds)


def rehearsal() -> RehearsalFacts:
    """One revision up and down: a lock that was waited for, and a bystander behind it."""
    up = Leg(
        revision="phase4_job_queue_ai",
        direction="up",
        seconds=2.4,
        exit_status=0,
        output="",
        commands=Seen(()),
        started=at(60),
        locks=(
            TableLock(
                table="tickets",
                mode="AccessExclusiveLock",
                waited_s=1.2,
                held_s=0.3,
                blocked_by=("idle in transaction: SELECT 1",),
                at_s=0.4,
            ),
            TableLock(table="users", mode="AccessShareLock", waited_s=0, held_s=0, at_s=None),
        ),
    )
    down = up.model_copy(update={"direction": "down", "started": at(70), "seconds": 0.8})
    return RehearsalFacts(
        clone=Seen(CloneFacts(name="c", source="pg_dump", seconds=1, bytes=1, rows={})),
        targets_clone=Seen("the marker was read back"),
        reached=Seen(("phase4_job_queue_ai",)),
        after=NOBODY,
        receipts=NOBODY,
        up=(up,),
        down=(down,),
        bystanders=(
            Bystander(
                table="tickets",
                does="reads",
                asked=90,
                longest_s=1.3,
                during="upgrade phase4_job_queue_ai",
                waits=(Wait(at=at(60.5), seconds=1.3),),
            ),
        ),
    )


def plan(phase: str, start: float, *, failed: bool) -> PlanFacts:
    """Two steps, the second of which may have failed, and one that was left undone."""
    steps: dict[str, Fact[StepRecord]] = {}
    for number in range(2):
        id_, state = f"step.{phase}_{number}", "failed" if failed and number else "done"
        steps[id_] = Seen(
            StepRecord.model_validate(
                {
                    "step": id_,
                    "command": "alembic upgrade head",
                    "started": at(start + 4 * number),
                    "seconds": 3.5,
                    "exit_status": 1 if state == "failed" else 0,
                    "output": "",
                    "state": state,
                }
            )
        )
    steps[f"step.{phase}_left"] = Absent("a step before it failed")
    return PlanFacts(steps=steps)


def moved(observed: Observed, seconds: float, **sources: object) -> Observed:
    """A look that was taken so much later."""
    return observed.model_copy(
        update={
            "started": at(seconds),
            "finished": at(seconds + 40),
            "seconds": {"host": 1.2, "database": 0.3, "api": 39.0},
            **sources,
        }
    )


SILENT = Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): no answer")
BROKEN: Mapping[str, Result] = {
    "service.api": Result(
        outcome=Outcome.FAIL,
        promised="active (running)",
        seen="inactive (dead)",
        reason="atum-desk-api.service is inactive (dead)",
        look="systemctl status atum-desk-api.service",
    ),
    "index.ix_rag_chunks_hnsw": Result(
        outcome=Outcome.FAIL,
        promised="hnsw on rag_chunks",
        seen="absent (not in pg_index)",
        reason="index ix_rag_chunks_hnsw is not there",
    ),
    "risk.redis": Result(
        outcome=Outcome.FAIL,
        promised="3 items guard it, and all hold",
        seen="2 of 3 hold",
        reason="the risk materialised: service.api: it is dead",
    ),
    "table.users": Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): no answer"),
    "table.tickets": Result(
        outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): no answer"
    ),
    "port.redis": Result(outcome=Outcome.WARN, promised="closed", seen="closed", reason="odd"),
    "runtime.python": Result(outcome=Outcome.WAIVED, promised="3.10", seen="3.9", reason="waived"),
}


def failed_deployment(told: Told, results: Mapping[str, Result] = BROKEN) -> Account:
    """The moment after a deployment that failed, with what came before it."""
    before = told("predeploy")
    after = told("postdeploy", dict(results))
    assert before.observed is not None
    assert after.observed is not None
    first = moved(before.observed, 0, rehearsal=Seen(rehearsal()))
    second = moved(after.observed, 3600, plan=Seen(plan("deploy", 3580, failed=True)))
    target = after.target.model_copy(
        update={
            "differs": (
                Difference(item="port.redis", set={"port": 6380}, reason="another one is there"),
            )
        }
    )
    return dataclasses.replace(
        after,
        target=target,
        observed=second,
        baseline=first,
        baseline_verdict=before.verdict,
        earlier=(_earlier(before, first),),
    )


def way_back(told: Told) -> Account:
    """The moment after the way back, which went well, with both moments before it."""
    failed, back = failed_deployment(told), told("rollback")
    assert back.observed is not None
    assert failed.observed is not None
    third = moved(back.observed, 4000, plan=Seen(plan("rollback", 3980, failed=False)))
    return dataclasses.replace(
        back,
        observed=third,
        baseline=failed.baseline,
        earlier=(*failed.earlier, _earlier(failed, failed.observed)),
    )


def _earlier(account: Account, observed: Observed) -> Earlier:
    return Earlier(
        moment=account.moment,
        verdict=account.verdict,
        observed=observed,
        started=observed.started,
        finished=observed.finished,
        run=f"a-run-{account.moment}",
    )


def page_of(account: Account) -> str:
    """The page with its documents."""
    documents = [("snapshot", "Snapshot document", document(account))]
    if account.baseline is not None and account.observed is not None:
        text = diff(
            account.contract,
            account.target,
            account.baseline,
            account.observed,
            after_verdict=account.verdict,
        )
        documents.append(("diff", "What changed since before", text))
    return page(account, documents)
