"""Judge what one role was answered, and whether that proves anything."""

from __future__ import annotations

from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.access.promised import REFUSALS, Cell
from gate.kinds.access.shown import described, shown
from gate.kinds.endpoint import detail, not_served
from gate.kinds.finding import Finding
from gate.kinds.pasted import asked
from gate.kinds.scene import Scene
from gate.sources.api.facts import Answer
from gate.sources.fact import Absent, Seen, known

OK = range(200, 300)
ERROR = 400


def access(promise: Promise, scene: Scene) -> Finding:
    """Compare what a role was answered.

    What it must not be shown and is shown is told before all else, whatever the status.
    """
    item = scene.item(promise, Cell)
    answer = known(scene.answer(promise.id))
    look = asked(item.request, scene)
    if item.absent:
        return not_served(item.path, answer, look)
    promised = _promised(item)
    if isinstance(answer, Absent):
        return Finding(promised=promised, seen=answer.proof, broken=(answer.proof,), look=look)
    unclear: list[ObservationError] = []
    broken = _leaks(item, answer, scene, unclear) + _status(item, answer)
    if unclear and not broken:
        raise unclear[0]
    if not broken and item.expects == "sees":
        broken = [
            f"{item.role} is not shown {described(one)}"
            for one in item.hides
            if not shown(one, answer, scene.target)
        ]
    if not broken:
        _proven(item, answer, scene)
    seen = f"{answer.status} {answer.content_type}".strip()
    return Finding(promised=promised, seen=seen, broken=tuple(broken), look=look)


def _promised(item: Cell) -> str:
    hidden = ", ".join(described(one) for one in item.hides)
    refused = " or ".join(map(str, item.refusals))
    return {
        "allowed": "2xx",
        "denied": f"{refused}" + (f", without {hidden}" if hidden else ""),
        "sees": f"2xx, with {hidden}",
        "hidden": f"2xx, without {hidden}",
    }.get(str(item.expects), str(item.expects)) + f" for {item.role}"


def _refused(item: Cell) -> bool:
    """Whether it is to be refused: then, too, nothing hidden may come along."""
    return item.expects == "denied" or (isinstance(item.expects, int) and item.expects >= ERROR)


def _leaks(item: Cell, answer: Answer, scene: Scene, unclear: list[ObservationError]) -> list[str]:
    """What it is shown and must not be; what of that cannot be told goes to ``unclear``."""
    if item.expects != "hidden" and not _refused(item):
        return []
    found = []
    for one in item.hides:
        try:
            places = shown(one, answer, scene.target)
        except ObservationError as error:
            unclear.append(error)
            places = []
        found += [f"{item.role} is shown {'; '.join(places)}"] if places else []
    return found


def _status(item: Cell, answer: Answer) -> list[str]:
    """What is wrong with the status: neither an error nor a wrong path is a refusal."""
    said = f"answered {answer.status}{detail(answer)}"
    if isinstance(item.expects, int):
        return [] if answer.status == item.expects else [f"{said} to {item.role}"]
    if item.expects == "denied":
        if answer.status in item.refusals:
            return []
        why = "" if answer.status in OK else ": that refuses nothing"
        return [f"{said} to {item.role}{why}"]
    if answer.status not in OK:
        return [f"{said} to {item.role}"]
    if item.content_type and answer.content_type != item.content_type:
        return [f"answered {item.role} with {answer.content_type or 'no content type'}"]
    return [f"the body is no JSON: {answer.flaw}"] if answer.flaw else []


def _proven(item: Cell, answer: Answer, scene: Scene) -> None:
    """An answer that lacks something proves a promise only where another role is shown it.

    Raises:
        ObservationError: None is.
    """
    if item.expects == "hidden":
        for one in item.hides:
            if not any(_shows(one_id, scene, item, one) for one_id in item.controls):
                raise ObservationError(
                    f"cannot tell: an answer without {described(one)} proves nothing while nobody "
                    f"is shown it, and {' and '.join(item.controls)} should be"
                )
    refuses = item.expects == "denied" and answer.status not in REFUSALS
    if refuses and not any(_shows(one_id, scene, item) for one_id in item.controls):
        raise ObservationError(
            f"cannot tell: a {answer.status} refuses only where another role is answered, and "
            f"{' and '.join(item.controls)} should be"
        )


def _shows(id_: str, scene: Scene, item: Cell, hidden: object = None) -> bool:
    """Whether a role that may is answered, and shown something."""
    fact = scene.answer(id_)
    if not isinstance(fact, Seen) or fact.value.status not in OK:
        return False
    if item.content_type and fact.value.content_type != item.content_type:
        return False
    try:
        return hidden is None or bool(shown(hidden, fact.value, scene.target))  # type: ignore[arg-type]
    except ObservationError:
        return False
