"""What every item of a contract says, and the types that all kinds are made of."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pydantic

Moment = Literal["predeploy", "postdeploy", "rollback"]
Name = Annotated[str, pydantic.Field(min_length=1)]
Seconds = Annotated[float, pydantic.Field(gt=0)]
Port = Annotated[int, pydantic.Field(ge=1, le=65535)]
AbsolutePath = Annotated[str, pydantic.Field(pattern=r"^/")]


class Item(pydantic.BaseModel):
    """What every item says.

    Attributes:
        title: The promise as a sentence.
        source: Who says so: document, migration or ticket.
        risk: Ids of the risks that this item guards.
        absent: Whether the thing promised is that it is not there (``before = "absent"``).
        note: A remark for the reader of the report.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    kind_moments: ClassVar[tuple[Moment, ...]] = ()
    """When this kind is accounted for; empty for always."""

    title: Name
    source: Name
    risk: tuple[str, ...] = ()
    absent: bool = False
    note: str = ""

    @pydantic.field_validator("risk", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value
