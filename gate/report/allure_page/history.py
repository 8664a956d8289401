"""``history.jsonl``: how each item ended in the last deployments of a target, for Allure's trends.

One line for each deployment, in Allure 3's own form and by its own ids, which stay the same from
run to run. It is kept beside the runs and outlives them; a line that cannot be read is none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import pathlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from gate.report import private
from gate.report.allure import HISTORY
from gate.report.allure_page.story import Story
from gate.report.runs import NAME, TIME
from gate.target import Readers

FILE = "history.jsonl"
READ_BYTES = 100_000_000
LONGEST = 300
"""Characters of a title and of a message."""
NAMES = uuid.UUID("0d6c3d1e-94a5-4d0e-8f0c-6f1a4a0b7d52")


def uuid_of(story: Story) -> str:
    """What a deployment is known by."""
    return str(uuid.uuid5(NAMES, story.name))


def point(story: Story, name: str, results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What one deployment leaves in the history.

    Args:
        story: The deployment.
        name: Of its report.
        results: Of all its moments, as Allure reads them.
    """
    first = NAME.match(story.name)
    when = dt.datetime.strptime(first[1], TIME) if first else dt.datetime(1970, 1, 1)  # noqa: DTZ001, DTZ007
    stop = max((int(one.get("stop") or 0) for one in results), default=0)
    found = {_id(one): _item(one) for one in results}
    return {
        "uuid": uuid_of(story),
        "name": name,
        "timestamp": stop or round(when.replace(tzinfo=dt.timezone.utc).timestamp() * 1000),
        "knownTestCaseIds": sorted({id_.split(".")[0] for id_ in found}),
        "testResults": found,
        "metrics": {},
        "url": "",
    }


def _id(result: Mapping[str, Any]) -> str:
    """What Allure 3 knows a test by: its case, and the parameters that are not excluded."""
    given = [
        (str(one.get("name", "")), str(one.get("value", "")))
        for one in result.get("parameters", [])
        if not one.get("excluded")
    ]
    parameters = ",".join(f"{name}:{value}" for name, value in sorted(given))
    return f"{_md5(str(result.get('testCaseId', '')))}.{_md5(parameters)}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _item(result: Mapping[str, Any]) -> dict[str, Any]:
    start, stop = int(result.get("start") or 0), int(result.get("stop") or 0)
    message = str((result.get("statusDetails") or {}).get("message") or "")
    return {
        "id": _md5(str(result["uuid"])),
        "name": str(result.get("name", ""))[:LONGEST],
        "status": result.get("status", "unknown"),
        **({"error": {"message": message[:LONGEST]}} if message else {}),
        "start": start,
        "stop": stop,
        "duration": stop - start,
        "historyId": _id(result),
        "url": "",
        "reportLinks": [],
    }


def add(place: pathlib.Path, points: Iterable[dict[str, Any]], readers: Readers) -> None:
    """Keep what deployments leave, in the order of their time; one that is there is replaced.

    Only while no other gate orders this folder: what cannot be kept now is so by the next one,
    as long as the runs are there.

    Raises:
        OSError: The folder cannot be written to.
    """
    with private.alone(place) as is_alone:
        if not is_alone:
            return
        found = {one["uuid"]: one for one in [*read(place), *points]}
        kept = sorted(found.values(), key=lambda one: (one["timestamp"], one["uuid"]))[-HISTORY:]
        private.write(place / FILE, lines(kept).encode("utf-8", "replace"), readers)


def lines(points: Iterable[dict[str, Any]]) -> str:
    """The file's text."""
    return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in points)


def read(place: pathlib.Path) -> list[dict[str, Any]]:
    """What is kept of a target, the oldest first."""
    try:
        file = os.open(place / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as opened:
            raw = opened.read(READ_BYTES).splitlines()
    except OSError:
        return []
    found = []
    for line in raw:
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if _is_point(one):
            found.append(one)
    return found


def _is_point(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("uuid"), str)
        and isinstance(one.get("timestamp"), int)
        and isinstance(one.get("testResults"), dict)
    )
