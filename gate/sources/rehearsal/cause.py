"""The cause in what a program said: its last errors, each with its line of code."""

from __future__ import annotations

import re

from gate.secrets import known

MOST = 3
LONGEST = 300
FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>.+)')
ERROR = re.compile(r"[A-Za-z_][\w.]*(: .*)?$")
NEXT = ("The above exception was", "During handling of the above")
LIBRARY = ("site-packages/", "/lib/python", "<frozen ", "<string>", "/gate/sources/")
"""What a frame's file has where it is none of the program's own; what is sent is named as here."""
LEVEL = re.compile(r"\b(ERROR|CRITICAL|FATAL|panic)\b")
SHUT = re.compile(
    r"ConnectionRefused|Connection refused|Network is unreachable|Name or service not known"
    r"|Temporary failure in name resolution|No route to host|gaierror|ECONNREFUSED|ENOTFOUND",
)
"""What a program says that needs something from outside of its fence."""


def causes(log: str) -> list[str]:
    """The last errors of a log, oldest first, each once.

    Of a Python traceback it is the error with the innermost line of the program's own code; of
    errors that led to one another the last. Where there is none, lines with the level of an error.
    """
    found: list[str] = []
    frame = own = ""
    inside = chained = False
    for raw in log.splitlines():
        line = re.sub(r"^\s*[|+][-\s|+]*", "", raw) if raw.lstrip().startswith(("|", "+")) else raw
        if "Traceback (most recent call last)" in line:
            inside, frame, own = True, "", ""
        elif line.startswith(NEXT):
            chained = True
        elif inside and (match := FRAME.match(line)):
            short = "/".join(match["file"].split("/")[-2:])
            frame = f"{short} line {match['line']} in {match['name']}"
            own = own if any(one in match["file"] for one in LIBRARY) else frame
        elif inside and ERROR.match(line):
            if chained and found:
                found.pop()
            at = own or frame
            found.append(f"{at}: {line.strip()}" if at else line.strip())
            inside = chained = False
    found = found or [one.strip() for one in log.splitlines() if LEVEL.search(one)]
    return [known.first(one, LONGEST) for one in list(dict.fromkeys(found))[-MOST:]]


def cause(log: str) -> str:
    """The same as one text; the last of what was said where nothing looks like an error."""
    return "; ".join(causes(log)) or known.last(" ".join(log.split()), LONGEST)


def is_shut_out(log: str) -> bool:
    """Whether a program says that it did not reach something."""
    return bool(SHUT.search(log))
