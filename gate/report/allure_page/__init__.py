"""``allure.html``: a target's newest deployment as one page of Allure 3, to be handed around.

Made only where it is asked for, from results that stand already: whatever becomes of it, verdict,
exit status and reports stay what they are, and one line says what happened. The page holds
everything and asks nobody; how earlier deployments ended is in it.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from gate import temporary
from gate.errors import GateError
from gate.report import private
from gate.report.allure_page import history
from gate.report.allure_page.gathered import Gathered, gather
from gate.report.allure_page.made import made
from gate.report.allure_page.story import Story, alone, stories
from gate.report.allure_results import FOLDER
from gate.report.runs import is_finished
from gate.target import Readers

FILE, OF_REPLAY = "allure.html", "allure-replay.html"


def build(
    place: pathlib.Path,
    readers: Readers,
    *,
    replay: pathlib.Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> pathlib.Path:
    """Make the page of a target's newest deployment.

    Args:
        place: Folder of the target, ``reports/TARGET``.
        readers: Who may read what is written.
        replay: A replay's run, to make a page of that alone.
        environ: Where Node and the user's cache are found.

    Returns:
        The page; what was there before is replaced as a whole.

    Raises:
        GateError: It cannot be made; the text is one line that says why.
    """
    told = stories(place)
    if replay is not None:
        told = [alone(replay)] if is_finished(replay) else []
    if not told:
        raise GateError(f"{place}: no run has ended here yet, so there is no page of it")
    story, file = told[-1], place / (FILE if replay is None else OF_REPLAY)
    try:
        with temporary.folder() as work:
            (work / "results").mkdir()
            found = gather(story, work / "results")
            past: list[dict[str, Any]] = []
            if replay is None:
                _remember(place, told, found, readers)
                past = [one for one in history.read(place) if one["uuid"] != history.uuid_of(story)]
            title = _name(story, found)
            executor = {**_executor(story), "reportName": title, "buildName": story.last.name}
            text = json.dumps(executor, ensure_ascii=False)
            (work / "results" / "executor.json").write_text(text, "utf-8", "replace")
            private.write(file, made(work, title, past, environ).encode(), readers)
    except OSError as error:
        raise GateError(f"{place}: the page cannot be written: {error.strerror}") from error
    return file


def _remember(place: pathlib.Path, told: list[Story], found: Gathered, readers: Readers) -> None:
    """Keep how the newest deployment ended, and what runs tell of those before it."""
    known = {one["uuid"] for one in history.read(place)}
    points = [history.point(told[-1], _name(told[-1], found), found.results)]
    for story in told[:-1]:
        if history.uuid_of(story) not in known:
            with temporary.folder() as work:
                earlier = gather(story, work)
            points.append(history.point(story, _name(story, earlier), earlier.results))
    history.add(place, points, readers)


def _name(story: Story, found: Gathered) -> str:
    """System and target, as the newest run names them, and how each moment ended."""
    moment = [*story.runs][-1]
    said = _executor(story).get("reportName") or story.last.parent.parent.name
    words = ", ".join(f"{one} {word}" for one, word in found.words.items())
    return f"{str(said).removesuffix(f' {moment}')}: {words}"


def _executor(story: Story) -> dict[str, Any]:
    try:
        found = json.loads((story.last / FOLDER / "executor.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
