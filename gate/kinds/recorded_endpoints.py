"""Endpoints as a look has seen them answer, for the recorder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gate.kinds.kind import LeftOut, Recorded
from gate.kinds.scene import Scene
from gate.sources.api.facts import Answer
from gate.sources.fact import Seen

RECORDED = "recorded:"
"""What the ids of the recorder's own requests begin with; a base and a path follow."""
DOCUMENTS = ("/openapi.json", "/api/openapi.json", "/api/v1/openapi.json", "/swagger.json")
"""Where frameworks put the document that lists the others."""
OK, FAILURE = 200, 500
NOT_THERE = (404, 405, 410)


def record_endpoints(scene: Scene) -> Iterable[Recorded | LeftOut]:
    """What was answered to who is not logged in, where the recorder asked.

    A failure is said. A page that is not there, and a document that lists the others are nothing to
    keep; nor is what a wall in front of everything, or a server that knows one answer, says where a
    document was guessed to be.
    """
    api = scene.observed.api
    for id_, fact in sorted(api.value.answers.items()) if isinstance(api, Seen) else ():
        if not id_.startswith(RECORDED) or not isinstance(fact, Seen):
            continue
        base, _, path = id_.removeprefix(RECORDED).partition(":")
        answer = fact.value
        is_document = isinstance(answer.body, Mapping) and "paths" in answer.body
        if answer.status >= FAILURE and path not in DOCUMENTS:
            yield LeftOut(f"{path}{base and f' of {base}'} answers {answer.status}")
        if answer.status >= FAILURE or answer.status in NOT_THERE or is_document:
            continue
        if path in DOCUMENTS and (answer.status == OK or not answer.is_json):
            continue
        name = "_".join(re.findall(r"\w+", f"{base} {path}")) or "root"
        keys: dict[str, object] = {"title": f"{path} answers {answer.status}", "path": path}
        keys |= {"base": base} if base else {}
        keys |= {"status": answer.status} if answer.status != OK else {}
        keys |= {"location": answer.location} if _leads(answer) else {}
        keys["content_type"] = answer.content_type
        if answer.is_json and isinstance(answer.body, Mapping) and not answer.unread:
            keys["body"] = {"type": "object", "required": sorted(answer.body)}
        yield Recorded(name, keys)


def _leads(answer: Answer) -> bool:
    return answer.status > OK and re.fullmatch(r"(/|https?://)\S*", answer.location) is not None
