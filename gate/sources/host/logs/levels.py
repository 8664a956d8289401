"""What the common formats write of an error, by the line alone.

The first word of a line that names a level decides, so that an error told of in a line of level
INFO is none. Known are: Python's logging (``… - name - ERROR - …``, ``… [ERROR] name: …``,
``ERROR:name:…``), tracebacks, uvicorn, gunicorn, Celery, JSON lines with `level` or `severity`
(words, and the numbers of pino, bunyan, Python and GELF), logfmt (Go's slog, logrus, zap), Go's
``panic:`` and ``fatal error:``, klog, Java (log4j, logback, java.util.logging, stack traces), Node,
Rust, PHP, nginx, Apache, PostgreSQL, and syslog's priorities 0 to 3.
"""

from __future__ import annotations

import json
import re
from typing import Any

from gate.text import printable

WORST = 3
"""syslog's ``err``; what is more urgent has a smaller number."""
BAD = frozenset(
    {
        *("error", "err", "critical", "crit", "fatal", "panic", "dpanic"),
        *("severe", "alert", "emerg", "emergency", "failure"),
    }
)
LEVEL = (
    "TRACE|DEBUG|VERBOSE|FINEST|FINER|FINE|CONFIG|LOG|INFO|SUCCESS|NOTICE|WARN|WARNING|ERROR|ERR"
    "|CRITICAL|CRIT|FATAL|SEVERE|PANIC|DPANIC|ALERT|EMERG|EMERGENCY"
)
TIMED = re.compile(
    r"[\[(\"']?(?:time=\"?)?\d{2,4}[-/.:]\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|\[?[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:"
)
"""A line begins with its time."""
AFTER_TIME = re.compile(rf"(?<![\w.-])(?:({LEVEL})(?![\w-]|\.\w)|\[(?:\w+:)?([a-z]{{3,9}})\])")
WITHOUT_TIME = re.compile(
    rf"^\W*({LEVEL})(?![\w-])|(?:\s-\s|\|\s*|[\[(]|\t|:\s?|,)({LEVEL})\s*(?:\s-\s|\||[\])]|\t|:|,)"
)
LOGFMT = re.compile(r"(?:^|\s)(?:level|lvl|severity)=\"?([A-Za-z]+)")
ANYWHERE = re.compile(
    r"Traceback \(most recent call last\):|^(?:Exception in thread|Caused by: )"
    r"|^(?:Uncaught )?[\w.$]*(?:Error|Exception)(?::|$)"
    r"|^(?:panic|fatal error|runtime error): |^[EF]\d{4} \d\d:\d\d:\d\d|^thread '.*' panicked at"
    r"|PHP Fatal error: |UnhandledPromiseRejection"
)
NONE = re.compile(r"\[ERROR\] Worker \(pid:\d+\) was sent SIGTERM!\s*$")
"""No errors, by what they tell of: gunicorn ends its own workers so whenever it is reloaded."""
SYSLOG = re.compile(r"<(\d{1,3})>")
HEAD = 240
"""A level stands in front: so many characters are searched for one."""
KEYS = ("level", "severity", "levelname", "log.level", "loglevel", "lvl", "@level", "status_level")
NUMBERED = 50
"""pino's and bunyan's ``error``; Python's numbers (``levelno``) have 40 for it."""
PYTHON = 40


def is_error(text: str, priority: int | None = None) -> bool:
    """Whether a line tells of an error.

    Args:
        text: The line.
        priority: syslog's, where the journal has one.
    """
    if priority is not None and priority <= WORST:
        return True
    line = printable(text)
    syslog = SYSLOG.match(line)
    if syslog:
        if int(syslog[1]) % 8 <= WORST:
            return True
        line = line[syslog.end() :]
    said = _of_json(line)
    if said is not None:
        return said
    if ANYWHERE.search(line[: HEAD * 4]):
        return True
    named = LOGFMT.search(line[: HEAD * 2])
    if named:
        return named[1].lower() in BAD
    return _first_level(line[:HEAD]) and not NONE.search(line[:HEAD])


def _first_level(line: str) -> bool:
    for match in (AFTER_TIME if TIMED.match(line) else WITHOUT_TIME).finditer(line):
        word = next(one for one in match.groups() if one).lower()
        if word in BAD or word.upper() in LEVEL.split("|"):
            return word in BAD
    return False


def _of_json(line: str) -> bool | None:
    """What a line of JSON says of its level; ``None`` where it is none, or says nothing of it."""
    begin = line.find("{")
    if begin < 0 or not line.rstrip().endswith("}") or line[:begin].strip():
        return None
    try:
        found: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError):
        return None
    log = found.get("log")
    nested = log.get("level") if isinstance(log, dict) else None
    values = [found[key] for key in KEYS if key in found] + ([nested] if nested else [])
    said = [one for one in (_bad(value, found) for value in values) if one is not None]
    if not said and isinstance(number := found.get("levelno"), (int, float)):
        return number >= PYTHON
    return any(said) if said else None


def _bad(value: Any, found: dict[str, Any]) -> bool | None:
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, str) and not value.isdecimal():
        return value.strip().lower() in BAD
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    number = float(value) if isinstance(value, str) else value
    # GELF and OpenTelemetry: syslog's numbers in the one, 17 to 24 in the other.
    if "short_message" in found or ("severity" in found and number < 8):  # noqa: PLR2004 - 0 to 7
        return number <= WORST
    return number >= NUMBERED
