"""Hears what a server says beside its answers, in Alembic's own process.

Drivers throw notices away or keep them to themselves; a pool of SQLAlchemy's is where a connection
of any of them is met when it is new.
"""

from __future__ import annotations

import os
from typing import Any

MOST, LONGEST = 50, 500
"""Notices that are kept, each once; characters of one."""
NOTICES: list[str] = []
KEPT = 65536
"""Bytes of one command's output that are passed on: the last ones."""


def hear() -> list[str]:
    """Listen to every connection from now on; what is heard comes into the list.

    A notice reads ``WARNING: text (detail)``; what is neither a notice nor a warning is left out.
    """
    try:
        from sqlalchemy import event, pool
    except ImportError:
        return NOTICES
    event.listen(pool.Pool, "connect", _met)
    return NOTICES


def _met(connection: Any, _: Any) -> None:
    raw = getattr(connection, "driver_connection", None) or connection
    try:
        if hasattr(raw, "add_notice_handler"):  # psycopg
            raw.add_notice_handler(_of_psycopg)
        elif hasattr(raw, "add_log_listener"):  # asyncpg
            raw.add_log_listener(_of_asyncpg)
        elif hasattr(raw, "notices"):
            raw.notices = Sink()
    except Exception:  # noqa: BLE001 - a migration does not fail for it
        return


def _keep(severity: Any, text: Any, detail: Any = None) -> None:
    told = "%s: %s" % (severity, text)
    told = " ".join(("%s (%s)" % (told, detail) if detail else told).split())[:LONGEST]
    if told.startswith(("NOTICE", "WARNING")) and len(NOTICES) < MOST and told not in NOTICES:
        NOTICES.append(told)


def _of_psycopg(one: Any) -> None:
    _keep(one.severity_nonlocalized or one.severity, one.message_primary, one.message_detail)


def _of_asyncpg(_: Any, one: Any) -> None:
    severity = getattr(one, "severity_en", None) or one.severity
    _keep(severity, one.args[0] if one.args else "", getattr(one, "detail", None))


class Sink(list):  # type: ignore[type-arg]
    """A driver's own list of notices, read as it is written."""

    def append(self, one: Any) -> None:
        """Keep one: a text of psycopg2's, or fields of pg8000's."""
        super().append(one)
        del self[:-MOST]
        if isinstance(one, dict):
            fields = {key: value.decode("utf-8", "replace") for key, value in one.items()}
            _keep(fields.get(b"V") or fields.get(b"S"), fields.get(b"M"), fields.get(b"D"))
            return
        severity, _, rest = str(one).partition(":")
        text, _, more = rest.partition("\nDETAIL:")
        _keep(severity.strip(), text, more.partition("\nHINT:")[0].strip())


def hear_out(listen: int, said: bytes) -> tuple[bytes, bool]:
    """The last of what was said up to now, and whether there will be no more of it.

    Args:
        listen: A pipe that is not waited for.
        said: What it said before.
    """
    for _ in range(64):  # then somebody looks at the clock
        try:
            more = os.read(listen, KEPT)
        except BlockingIOError:
            return said, False
        if not more:
            return said, True
        said = (said + more)[-KEPT:]
    return said, False
