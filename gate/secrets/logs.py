"""Log records without secrets: cleaned when they are made, whoever handles them later."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from gate.secrets import known


def clean_records() -> Callable[[], None]:
    """Have every log record of this process cleaned.

    Returns:
        A function that ends it.
    """
    before = logging.getLogRecordFactory()

    def made(*words: Any, **named: Any) -> logging.LogRecord:
        record: logging.LogRecord = before(*words, **named)
        return _cleaned(record)

    logging.setLogRecordFactory(made)

    def end() -> None:
        if logging.getLogRecordFactory() is made:
            logging.setLogRecordFactory(before)

    return end


def _cleaned(record: logging.LogRecord) -> logging.LogRecord:
    try:
        told = record.getMessage()
    except Exception:  # noqa: BLE001 - words that do not fit their message are logging's to tell
        return record
    cleaned = known.tell(told)
    if cleaned != told:
        record.msg, record.args = cleaned, None
    if record.exc_info and record.exc_info[1] is not None:
        # A formatter takes this text, where there is one, and makes none of its own.
        record.exc_text = known.tell("".join(traceback.format_exception(*record.exc_info)).rstrip())
    return record
