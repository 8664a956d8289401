"""What every item of a contract says, and the types that all kinds are made of."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from gate.text import prose
from gate.toml import Strict

Moment = Literal["predeploy", "postdeploy", "rollback"]
Name = Annotated[str, pydantic.Field(min_length=1)]
Seconds = Annotated[float, pydantic.Field(gt=0)]
Days = Annotated[
    float,
    pydantic.Field(gt=0, allow_inf_nan=False),
    pydantic.AfterValidator(lambda days: int(days) if days == int(days) else days),
]
Port = Annotated[int, pydantic.Field(ge=1, le=65535)]
AbsolutePath = Annotated[str, pydantic.Field(pattern=r"^/")]
Commit = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/+-]*$")]
"""A commit, tag or branch of a git repository."""
DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


def _day(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(DAY, value):
            raise ValueError("expected a date such as 2030-01-31")
        return dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise ValueError("expected a date such as 2030-01-31")  # noqa: TRY004 - pydantic's
    return value


def _yes(value: object) -> object:
    if value is not True:
        raise ValueError("expected true, or leave it out")
    return value


def _json(value: object) -> object:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError("holds what JSON has no word for: a date, an infinity, NaN") from error
    return value


def _compiles(pattern: str) -> str:
    import regex  # noqa: PLC0415 - where no pattern is promised it costs nothing

    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


Pattern = Annotated[Name, pydantic.AfterValidator(_compiles)]
"""A regular expression, in Python's syntax."""
Json = Annotated[Any, pydantic.AfterValidator(_json)]
Yes = Annotated[Literal[True], pydantic.BeforeValidator(_yes)]
"""``true``; what is not promised is left out."""
Day = Annotated[
    dt.date,
    pydantic.BeforeValidator(_day),
    pydantic.WithJsonSchema(
        {
            # A TOML date reaches some validators as a text, and others as it is: no `type` fits.
            "not": {"type": ["number", "boolean", "array", "object", "null"]},
            "format": "date",
            "pattern": f"^{DAY}$",
        }
    ),
]


class Item(Strict):
    """What every item says.

    Attributes:
        title: The promise as a sentence.
        source: Who says so: document, migration or issue.
        risk: Ids of the risks that this item guards.
        absent: Whether the thing promised is that it is not there (``before = "absent"``).
        note: A remark for the reader of the report.
    """

    WORDS: ClassVar[frozenset[str]] = frozenset({"title", "source", "risk", "note"})
    """Keys that say nothing about the target's state, so that no change is promised by them."""

    title: Name
    source: Name
    risk: tuple[str, ...] = ()
    absent: bool = False
    note: str = ""

    @pydantic.field_validator(
        *("title", "source", "note", "purpose", "remark", "label", "owner", "reason"),
        check_fields=False,
    )
    @classmethod
    def _prose(cls, text: str) -> str:
        """What is there to be read is one line, and nothing in it moves a cursor."""
        return prose(text)

    @pydantic.field_validator("risk", mode="before", json_schema_input_type=str | tuple[str, ...])
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def changes_by_itself(self) -> bool:
        """Whether the state changes although both sides promise the same: a restart."""
        return False
