"""The time that a line of a log bears."""

from __future__ import annotations

import datetime as dt
import re

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"\s?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?"
)
WEB = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})")
SYSLOG = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: (\d{4})\b)?")
KLOG = re.compile(r"[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.\d+ ")
EPOCH = re.compile(r'"(?:ts|time|timestamp|@timestamp)": ?"?(\d{10}(?:\d{3}){0,3})(\.\d+)?\b')
HEAD = 200
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


def stamp(line: str, now: dt.datetime) -> dt.datetime | None:
    """Return the time that a line bears; ``None`` where it bears none that is known.

    Args:
        line: The line.
        now: The host's clock, in its own time zone: a time without a zone is of that one, and one
            without a year the last such time.
    """
    head = line[:2000] if line.lstrip().startswith("{") else line[:HEAD]
    try:
        return _iso(head, now) or _web(head) or _epoch(head) or _without_year(head, now)
    except ValueError:  # a month of 13
        return None


def zone(text: str) -> dt.timezone:
    """The time zone of ``+0100`` or ``Z``."""
    match = OFFSET.fullmatch(text)
    if match is None:
        return dt.timezone.utc
    minutes = int(match[2]) * 60 + int(match[3])
    return dt.timezone(dt.timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _iso(head: str, now: dt.datetime) -> dt.datetime | None:
    match = ISO.search(head)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(one) for one in match.groups()[:6])
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    where = zone(match[8]) if match[8] else now.tzinfo
    return dt.datetime(year, month, day, hour, minute, second, micro, where)


def _web(head: str) -> dt.datetime | None:
    match = WEB.search(head)
    if match is None or match[2] not in MONTHS:
        return None
    day, hour, minute, second = (int(match[one]) for one in (1, 4, 5, 6))
    month = MONTHS.index(match[2]) + 1
    return dt.datetime(int(match[3]), month, day, hour, minute, second, tzinfo=zone(match[7]))


def _epoch(head: str) -> dt.datetime | None:
    match = EPOCH.search(head)
    if match is None:
        return None
    digits = match[1]
    seconds = int(digits) / 10 ** (len(digits) - 10) + float(match[2] or 0)
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)


def _without_year(head: str, now: dt.datetime) -> dt.datetime | None:
    syslog, klog = SYSLOG.search(head), KLOG.match(head)
    if syslog and syslog[1] in MONTHS:
        month = MONTHS.index(syslog[1]) + 1
        day, hour, minute, second = (int(syslog[one]) for one in (2, 3, 4, 5))
    elif klog:
        month, day, hour, minute, second = (int(one) for one in klog.groups())
    else:
        return None
    year = int(syslog[6]) if syslog and syslog[6] else now.year
    found = dt.datetime(year, month, day, hour, minute, second, tzinfo=now.tzinfo)
    ahead = found - now > dt.timedelta(days=1)
    return found.replace(year=year - 1) if ahead else found
