"""The plan: its tools are there beforehand, and each step did what it should."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Moment, Name, Seconds
from gate.contract.model import Promise
from gate.duration import seconds
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Promises,
    no_state,
    records_nothing,
    shown,
)
from gate.kinds.scene import Scene, asked
from gate.pattern import unlike
from gate.plan.facts import StepRecord
from gate.rule import Filled, Is, Not, Rule, Some, never_absent
from gate.sources.fact import Absent, CannotTell, Seen, UnknownError, known, require
from gate.sources.host.questions import AskTool
from gate.target import Target


class Check(pydantic.BaseModel):
    """A question to the host that changes nothing; a command alone stands for a table with `run`.

    Attributes:
        run: A POSIX shell command, run as the step is. Its exit status answers: 0 is yes; 126, 127
            and a signal tell nothing; any other is no.
        expect: Pattern that must be found in its output for a yes; with one, any exit status but 0
            tells nothing.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    run: Name
    expect: str = ""


class Step(Item):
    """One step of the deploy or of the rollback plan.

    Attributes:
        phase: Which plan.
        order: Its place in it, from 1.
        run: A POSIX shell command; ``$PREFIX`` is the target's path prefix (empty on a host).
        cwd: Where it runs.
        text: The step as the snapshot's rollback plan words it; empty to leave it out there.
        tools: Commands that must be found on the target beforehand.
        expect: Pattern that must be found in its output.
        done_if: How to see, without changing anything, that it is done already: asked before the
            step, which is skipped where it holds, and after it, when it must hold.
        only_if: What must hold for the step to have anything to do; where it does not, the step is
            skipped.
        needs: Ids of steps that must have succeeded before; a rollback goes on past a step that
            failed, but for those that need it.
        may_lose: Of a rollback step: how many rows of a table, or values of a column
            (``table.column``), it may give up without being asked; 0 where nothing is said.
        answers: Name of an endpoint item that must answer as promised before the next step, within
            what is left of the deadline; a restart has returned before the service is up.
        deadline_s: How long it may take.
    """

    phase: Literal["deploy", "rollback"]
    order: Annotated[int, pydantic.Field(ge=1)]
    run: Name
    cwd: AbsolutePath = "/"
    text: str = ""
    tools: tuple[str, ...] = ()
    expect: str = ""
    done_if: Check | None = None
    only_if: Check | None = None
    needs: tuple[str, ...] = ()
    may_lose: dict[str, Annotated[int, pydantic.Field(ge=0)]] = {}
    answers: str | None = None
    deadline_s: Seconds = 120.0

    @pydantic.field_validator(
        "done_if", "only_if", mode="before", json_schema_input_type=Name | Check | None
    )
    @classmethod
    def _command_alone(cls, value: object) -> object:
        return {"run": value} if isinstance(value, str) else value

    RULES = (
        Rule(
            Some(Not(Filled("may_lose")), Is("phase", "rollback")),
            "may_lose: only a step of the rollback gives something up",
        ),
        never_absent("a step"),
    )


def step(promise: Promise, scene: Scene) -> Finding:
    """Compare a step: before, its tools; where it is carried out, its result."""
    item = scene.item(promise, Step)
    id_ = promise.id
    carried_out = "postdeploy" if item.phase == "deploy" else "rollback"
    return _result(item, scene, id_) if scene.moment == carried_out else _tools(item, scene)


def _tools(item: Step, scene: Scene) -> Finding:
    there = scene.host.tools
    facts = {tool: asked(there, tool) for tool in item.tools}
    missing = [tool for tool, fact in facts.items() if isinstance(fact, Absent)]
    unclear = next((fact for fact in facts.values() if isinstance(fact, CannotTell)), None)
    if unclear is not None and not missing:
        raise UnknownError(unclear)
    return Finding(
        promised=f"can be carried out: {', '.join(item.tools) or 'needs no tool'}",
        seen=f"missing: {', '.join(missing)}" if missing else "all there",
        broken=tuple(f"{tool} is not on the target" for tool in missing),
        look=f"command -v {' '.join(item.tools)}",
    )


def _result(item: Step, scene: Scene, id_: str) -> Finding:
    records = require(scene.observed.plan, f"{item.phase} plan that was carried out")
    record = (
        known(records.steps[id_]) if id_ in records.steps else Absent(proof="not in the record")
    )
    promised = "exit status 0" + (f", output like {item.expect!r}" if item.expect else "")
    if isinstance(record, Absent):
        return Finding(
            promised=promised, seen="not carried out", broken=(f"not carried out: {record.proof}",)
        )
    if record.state in ("done already", "not needed"):
        words = record.output.strip().splitlines()[-1:]
        seen_ = ": ".join([record.state, *words])
        return Finding(promised=promised, seen=seen_, look=_harmless(item))
    broken = []
    if record.exit_status != 0:
        last = record.output.strip().splitlines()[-1:] or ["no output"]
        broken.append(f"exit status {record.exit_status}: {last[0]}")
    elif odd := unlike(item.expect or "", record.output):
        broken.append(odd)
    if record.unmet and record.unmet not in broken:
        broken.append(record.unmet)
    if record.state == "failed" and not broken:
        broken.append("it did not succeed")
    seen_ = f"exit status {record.exit_status} after {record.seconds:.1f} s"
    return Finding(promised=promised, seen=seen_, broken=tuple(broken), look=_harmless(item))


def _harmless(item: Step) -> str:
    """What somebody may run to look for himself: never the step, which changes something."""
    return item.done_if.run if item.done_if else ""


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    """Accounted for where it is carried out, and beforehand, where its tools are looked for."""
    phase = item.phase if isinstance(item, Step) else "deploy"
    carried: Moment = "postdeploy" if phase == "deploy" else "rollback"
    return ("predeploy", carried) if carries_out else ("predeploy",)


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskTool(tool) for tool in item.tools] if isinstance(item, Step) else []


def _find(promise: Promise, scene: Scene) -> Found:
    plan = scene.observed.plan
    if not isinstance(plan, Seen):
        return plan
    return plan.value.steps.get(promise.id, Absent("not in the record"))


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Step), _find(promise, scene)
    return {
        "Step": f"{item.phase} {item.order}",
        "What": item.text or item.title,
        "Result": shown(fact, "-", _ended),
    }


def _ended(record: StepRecord) -> str:
    return seconds(record.seconds) if record.state == "done" else record.state


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, Step) and item.answers and f"endpoint.{item.answers}" not in promises:
        yield f"answers: there is no item 'endpoint.{item.answers}' in endpoints.toml"


def _shows(promise: Promise, moment: Moment) -> bool:
    """Its tools, or that it was carried out."""
    item = promise.at(moment)
    return isinstance(item, Step) and (bool(item.tools) or moment != "predeploy")


KIND = Kind(
    name="step",
    chapter="plan",
    rank=120,
    model=Step,
    severity="normal",
    moments=_moments,
    asks=_asks,
    find=_find,
    compare=step,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
    shows=_shows,
)
