"""The results of a deployment's moments in one folder, as far as they are whole and not too large.

Nothing is mixed up: a moment is part of every id, and what a run as a whole says (its environment,
who ran it) is said once, of all of them.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.report import allure
from gate.report.allure_page.story import Story
from gate.report.allure_results import FOLDER
from gate.report.runs import word

ATTACHMENT_BYTES, ALL_BYTES = 1_000_000, 40_000_000
"""Of one attachment, and of all: a browser has to open the page."""
RESULT_BYTES = 5_000_000
"""Of one result's file; a larger one is left out, and that is said."""
LONGEST = 20_000
"""Characters of one text of a result."""


@dataclasses.dataclass
class Gathered:
    """What was gathered.

    Attributes:
        results: Every result, as it stands in the folder.
        notes: What is left out or cut, for readers.
        words: How each moment ended.
    """

    results: list[dict[str, Any]]
    notes: list[str]
    words: dict[str, str]


def gather(story: Story, folder: pathlib.Path) -> Gathered:
    """Fill an empty folder with the results of a deployment.

    Raises:
        OSError: It cannot be written to.
    """
    found = Gathered([], [*story.missing], {})
    pairs: dict[str, str] = {}
    room = _Room(folder)
    for moment, run in story.runs.items():
        found.words[moment] = word(run)
        pairs |= _environment(run, moment)
        odd, before = 0, len(found.results)
        for whole in _results(run / FOLDER):
            if whole is None:
                odd += 1
                continue
            result = _cut(whole)
            for one in _attachments(result):
                room.take(run / FOLDER, one)
            found.results.append(result)
            _write(folder / f"{result['uuid']}-result.json", result)
        if len(found.results) == before:
            found.notes.append(f"{run.name}: it has no results")
        if odd:
            found.notes.append(f"{run.name}: {odd} results cannot be read, and are left out")
        _globals(run, moment, room, folder)
    if room.cut:
        found.notes.append(
            f"{room.cut} attachments are too large for this page and are cut; whole they are in "
            f"{FOLDER} of each run"
        )
    told = {one: f"{found.words[one]}, {run.name}" for one, run in story.runs.items()}
    text = allure.environment_properties(told | pairs)
    (folder / "environment.properties").write_text(text, "iso-8859-1")
    if found.notes:
        errors = [{"message": one} for one in found.notes]
        _write(folder / "gate-globals.json", {"attachments": [], "errors": errors})
    return found


class _Room:
    """Copies attachments as long as there is room for them; the rest is cut, or told of."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder, self._left = folder, ALL_BYTES
        self._taken: dict[str, str] = {}
        self.cut = 0

    def take(self, source: pathlib.Path, one: dict[str, Any]) -> None:
        """Copy what an attachment leads to, once; where it is cut its type becomes text."""
        name = str(one.get("source", ""))
        if name in self._taken:
            one["type"] = self._taken[name] or one.get("type")
            return
        self._taken[name] = ""
        file = source / name
        if (
            "/" in name
            or name.startswith(".")
            or not name
            or file.is_symlink()
            or not file.is_file()
        ):
            return
        size = file.stat().st_size
        allowed = min(ATTACHMENT_BYTES, max(0, self._left))
        with file.open("rb") as opened:
            content = opened.read(allowed)
        if size > allowed:
            self.cut += 1
            where = f"\n\n[cut here: {size} bytes in all, in {file}]\n"
            content = content.decode("utf-8", "ignore").encode() + where.encode()
            one["type"] = self._taken[name] = "text/plain"
        self._left -= len(content)
        (self._folder / name).write_bytes(content)


def _results(folder: pathlib.Path) -> Iterator[dict[str, Any] | None]:
    """The results of a run; ``None`` for a file that holds none."""
    for file in sorted(folder.glob("*-result.json")):
        found = _read(file)
        has_id = isinstance((found or {}).get("uuid"), str)
        yield found if has_id and file.name == f"{(found or {})['uuid']}-result.json" else None


def _read(file: pathlib.Path) -> dict[str, Any] | None:
    try:
        if file.is_symlink() or file.stat().st_size > RESULT_BYTES:
            return None
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _cut(value: Any) -> Any:
    """A document in which no text is longer than a reader can use."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}… [{len(value)} characters]"
    if isinstance(value, list):
        return [_cut(one) for one in value]
    return {key: _cut(one) for key, one in value.items()} if isinstance(value, dict) else value


def _attachments(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every attachment of a result and of its steps."""
    yield from (one for one in result.get("attachments", []) if isinstance(one, dict))
    for step in result.get("steps", []):
        yield from _attachments(step)


def _globals(run: pathlib.Path, moment: Moment, room: _Room, folder: pathlib.Path) -> None:
    """What belongs to a run as a whole, named by its moment."""
    for file in sorted((run / FOLDER).glob("*-globals.json")):
        found = _cut(_read(file) or {})
        attachments = [*_attachments(found)]
        for one in attachments:
            room.take(run / FOLDER, one)
            one["name"] = f"{moment}: {one.get('name', '')}"
        errors = [
            {**one, "message": f"{moment}: {one.get('message', '')}"}
            for one in found.get("errors", [])
            if isinstance(one, dict)
        ]
        number = MOMENTS.index(moment)  # Allure reads by name, and tells in that order
        _write(folder / f"{number}-{file.name}", {"attachments": attachments, "errors": errors})


def _environment(run: pathlib.Path, moment: str) -> dict[str, str]:
    """What a run says of its surroundings: of each moment only what is the moment's own."""
    try:
        text = (run / FOLDER / "environment.properties").read_text("iso-8859-1")
    except OSError:
        return {}
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key and key not in ("moment", "verdict"):
            own = key.startswith(("warning.", "not_tried.", "replay"))
            found[f"{moment}.{key}" if own else key] = _plain(value)
    return found


def _plain(value: str) -> str:
    """A value of a properties file without its escapes."""
    try:
        text = value.encode("latin-1", "backslashreplace").decode("unicode_escape")
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeError:
        return value


def _write(file: pathlib.Path, document: object) -> None:
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8", "replace")
