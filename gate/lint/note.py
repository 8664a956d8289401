"""What `gate lint` has to say, one thing each."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import Literal

from gate.lint.place import line_of

Level = Literal["mistake", "warning", "advice"]
LEVELS: tuple[Level, ...] = ("mistake", "warning", "advice")
TOLD = re.compile(
    r"(?P<file>.+?\.(?:toml|jinja))(?::(?P<line>\d+))?: "
    r"(?:\[(?P<table>.+?)\](?P<behind>[^:\[\]]*): )?(?P<text>.*)"
)
"""A line of a mistake as loader and target tell it."""
KEY = re.compile(r"(?P<key>[\w.\[\]-]+): ")
MALFORMED = re.compile(r"\(at line (\d+), column \d+\)")


@dataclasses.dataclass(frozen=True)
class Note:
    """One thing.

    Attributes:
        file: Where; empty for what concerns no file.
        line: From 1; 0 where it is not known.
        table: Table of the file, such as ``service.redis``.
        text: What is to be said, with the key in front where there is one.
    """

    level: Level
    text: str
    file: str = ""
    line: int = 0
    table: str = ""

    def __str__(self) -> str:
        """``file:line: [table] text``, with its level where it is no mistake."""
        where = f"{self.file}:{self.line or 1}: " if self.file else ""
        level = "" if self.level == "mistake" else f"{self.level}: "
        return f"{where}{level}{f'[{self.table}] ' if self.table else ''}{self.text}"


def about(level: Level, file: str, table: str, text: str, *keys: str) -> Note:
    """Say something of an item, or of a table of a target's file.

    Args:
        level: How bad it is.
        file: Where it stands.
        table: An item's id, or the name of a table; empty for the file's own keys.
        text: What to say.
        keys: Where it stands best, the first one that is found.
    """
    return Note(level, text, file, _line(file, table, keys), table)


def mistakes(error: Exception) -> list[Note]:
    """What loader or target told, one a line, each with its line of the file."""
    return [_mistake(line) for line in str(error).splitlines() if line.strip()]


def _mistake(told: str) -> Note:
    found = TOLD.fullmatch(told)
    if found is None:
        return Note("mistake", told)
    file, table, text = found["file"], found["table"] or "", found["text"]
    malformed = MALFORMED.search(text)
    if malformed or found["line"]:
        at = malformed[1] if malformed else found["line"]
        return Note("mistake", text, file, int(at), table)
    key = KEY.match(text)
    keys = [re.sub(r"\[\d+\]", "", key["key"])] if key else []
    side = (found["behind"] or "").split()[-1:]
    return Note("mistake", text, file, _line(file, table, [*keys, *side]), table)


def _line(file: str, table: str, keys: tuple[str, ...] | list[str]) -> int:
    try:
        text = pathlib.Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return 0
    if not table:
        return line_of(text, (), keys)
    # An item's name may hold dots, and a target's table is as deep as its name has.
    return max(line_of(text, path, keys) for path in (table.split(".", 1), table.split(".")))
