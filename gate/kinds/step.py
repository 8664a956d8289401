"""The plan: its tools are there beforehand, and each step did what it should."""

from __future__ import annotations

from collections.abc import Iterable

from gate.contract.item import Item, Moment
from gate.contract.kinds import Step
from gate.contract.model import Promise
from gate.duration import seconds
from gate.kinds.finding import Finding
from gate.kinds.kind import Cells, Found, Kind, Promises, no_state, shown
from gate.kinds.scene import Scene, asked
from gate.pattern import unlike
from gate.plan.facts import StepRecord
from gate.sources.fact import Absent, Seen, seen, told
from gate.sources.host.questions import AskTool
from gate.target import Target


def step(promise: Promise, scene: Scene) -> Finding:
    """Compare a step: before, its tools; where it is carried out, its result."""
    item = scene.item(promise, Step)
    id_ = promise.id
    carried_out = "postdeploy" if item.phase == "deploy" else "rollback"
    return _result(item, scene, id_) if scene.moment == carried_out else _tools(item, scene)


def _tools(item: Step, scene: Scene) -> Finding:
    there = scene.host.tools
    missing = [tool for tool in item.tools if isinstance(told(asked(there, tool)), Absent)]
    return Finding(
        promised=f"can be carried out: {', '.join(item.tools) or 'needs no tool'}",
        seen=f"missing: {', '.join(missing)}" if missing else "all there",
        broken=tuple(f"{tool} is not on the target" for tool in missing),
        look=f"command -v {' '.join(item.tools)}",
    )


def _result(item: Step, scene: Scene, id_: str) -> Finding:
    records = seen(scene.observed.plan, f"{item.phase} plan that was carried out")
    record = told(records.steps[id_]) if id_ in records.steps else Absent(proof="not in the record")
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
    shows=_shows,
)
