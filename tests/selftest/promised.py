"""Judge a few promises of this very host, in one look of its own: what holds, and what does not."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from gate.connection.carrier import open_carrier
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.kinds.kind import Recorded, State
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.look import look_at
from gate.sources.observed import Observed
from gate.target import Deadlines, Target

CANNOT = "cannot tell"
HEAD = '[{id}]\ntitle = "A promise"\nsource = "a self-test"\n{keys}\n'


def here(**changes: Any) -> Target:
    """This host, as a target."""
    given: dict[str, Any] = {"name": "here", "title": "Here", "host": "local://"}
    return Target(**{**given, "deadlines": Deadlines(host_s=15, window_s=0.0), **changes})


def lying(folder: pathlib.Path, **tools: str) -> Target:
    """This host with other tools in front of its own: what each does, as a line of shell."""
    bin_ = folder / "lying"
    bin_.mkdir(exist_ok=True)
    for name, text in tools.items():
        file = bin_ / name.replace("_", "-")
        file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        file.chmod(0o755)
    return here(path=(str(bin_),))


def contract(folder: pathlib.Path, items: Mapping[str, str], *others: str) -> Contract:
    """A contract of some items: their keys by id."""
    place = folder / "contract"
    place.mkdir(exist_ok=True)
    chapters: dict[str, list[str]] = {}
    for id_, keys in items.items():
        chapter = kinds()[id_.partition(".")[0]].chapter
        chapters.setdefault(chapter, []).append(HEAD.format(id=id_, keys=keys))
    for name, texts in chapters.items():
        (place / f"{name}.toml").write_text("\n".join([*others, *texts]), "utf-8")
    return load_contract(place)


def scene(
    folder: pathlib.Path,
    items: Mapping[str, str],
    target: Target | None = None,
    moment: Moment = "predeploy",
    baseline: Observed | None = None,
) -> Scene:
    """What one look at this host sees of some items, as it is kept."""
    target, promised = target or here(), contract(folder, items)
    asked = questions(promised, target, moment)
    with open_carrier(target) as carrier:
        observed = look_at(target, moment, asked, contract=promised, carrier=carrier)
    kept = Observed.model_validate_json(observed.model_dump_json())
    return Scene(contract=promised, target=target, moment=moment, observed=kept, baseline=baseline)


def told(scene: Scene) -> dict[str, str]:
    """What is said of each item: nothing where it holds, what is broken, or why nobody can tell."""
    return {one.id: _judged(scene, one.id) for one in scene.contract.at(scene.moment)}


def _judged(scene: Scene, id_: str) -> str:
    promise = scene.contract.promise(id_)
    kind = kinds()[promise.kind]
    row = kind.row(promise, scene)
    state = kind.state(promise, scene)
    assert row, id_
    try:
        finding = kind.compare(promise, scene)
    except ObservationError as error:
        return f"{CANNOT}: {error}"
    assert finding.look, id_
    assert state is None or isinstance(state, State), id_
    return "; ".join((*finding.broken, *(f"WARN {one}" for one in finding.warnings)))


def judge(
    folder: pathlib.Path, items: Mapping[str, str], target: Target | None = None
) -> dict[str, str]:
    """What one look says of some items of this host."""
    return told(scene(folder, items, target))


def check(said: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Each item holds (``""``), or what is said of it has these words in it."""
    wrong = {
        id_: said[id_]
        for id_, words in expected.items()
        if (words not in said[id_]) or (not words and said[id_])
    }
    assert wrong == {}, wrong


def recorded(scene: Scene, kind: str) -> dict[str, dict[str, Any]]:
    """What the recorder writes of a kind."""
    found = kinds()[kind].record(scene)
    return {one.name: dict(one.keys) for one in found if isinstance(one, Recorded)}


def all_of(ids: Iterable[str], word: str) -> dict[str, str]:
    """The same said of several."""
    return dict.fromkeys(ids, word)
