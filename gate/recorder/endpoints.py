"""Find what endpoints there are: each base's front page, and what an OpenAPI document lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gate.contract.model import Contract
from gate.kinds.endpoint import Endpoint
from gate.kinds.recorded_endpoints import DOCUMENTS, RECORDED
from gate.sources.api.facts import Answer
from gate.sources.api.questions import AskEndpoint
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.target import Target

MOST = 100
"""So many of its paths are asked."""


def first(target: Target, contract: Contract) -> list[AskEndpoint]:
    """Ask each base for its front page and its document; nobody is logged in."""
    known = _known(contract)
    return [
        _ask(base, path)
        for base in _bases(target)
        for path in ("/", *DOCUMENTS)
        if (base, path) not in known
    ]


def listed(target: Target, contract: Contract, observed: Observed) -> list[AskEndpoint]:
    """Ask for what the documents list that only reads and needs no value."""
    known = _known(contract)
    found = {
        (base, path): _ask(base, path)
        for base in _bases(target)
        for document in DOCUMENTS
        for path in _paths(_answer(observed, base, document))
        if (base, path) not in known
    }
    return list(found.values())[:MOST]


def _known(contract: Contract) -> set[tuple[str, str]]:
    """What the contract promises already, by base and path."""
    items = [one.before for one in contract.promises.values()]
    return {(one.base, one.path) for one in items if isinstance(one, Endpoint)}


def _bases(target: Target) -> Iterable[str]:
    return [*([""] if target.api.base else []), *target.api.bases]


def _ask(base: str, path: str) -> AskEndpoint:
    keys = {"title": path, "source": "recorded", "base": base, "path": path, "content_type": ""}
    return AskEndpoint(f"{RECORDED}{base}:{path}", Endpoint.model_validate(keys))


def _answer(observed: Observed, base: str, path: str) -> Answer | None:
    api = observed.api
    fact = api.value.answers.get(f"{RECORDED}{base}:{path}") if isinstance(api, Seen) else None
    return fact.value if isinstance(fact, Seen) else None


def _paths(answer: Answer | None) -> Iterator[str]:
    """Paths of an OpenAPI document that are read by GET without any value."""
    document: Any = answer.body if answer is not None and answer.is_json else {}
    paths = document.get("paths") if isinstance(document, Mapping) else None
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        get = item.get("get") if isinstance(item, Mapping) else None
        if not isinstance(get, Mapping) or not re.fullmatch(r"/[\w./~-]{0,200}", str(path)):
            continue
        given = [*_parameters(item), *_parameters(get)]
        if not any(one.get("required") is True for one in given):
            yield str(path)


def _parameters(of: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = of.get("parameters")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
