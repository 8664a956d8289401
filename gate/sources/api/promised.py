"""Requests as a contract promises them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.body_schema import check_schema
from gate.contract.item import Json, Pattern, Seconds
from gate.toml import Strict

SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key", re.IGNORECASE)

READING = ("GET", "HEAD")
"""Methods that promise not to change anything (RFC 9110, 9.2.1)."""


class PromisedExchange(Strict):
    """A request as it is sent, and what it must be answered with; see `gate.kinds.endpoint`."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    role: str | None = None
    form: dict[str, str] = {}
    json_body: Json = pydantic.Field(default=None, alias="json")
    as_role: str | None = None
    writes: bool = False
    status: Annotated[int, pydantic.Field(ge=100, le=599)] = 200
    content_type: str = "application/json"
    body: dict[str, Json] = {}
    text: tuple[str, ...] = ()
    never: tuple[Pattern, ...] = ()
    deadline_s: Seconds = 10.0
    max_bytes: Annotated[int, pydantic.Field(ge=1024, le=16 * 1024**2)] = 4 * 1024**2
    slow: bool = False
    label: str = ""
    remark: str = ""

    @pydantic.field_validator("form")
    @classmethod
    def _no_credentials(cls, form: dict[str, str]) -> dict[str, str]:
        for key, value in form.items():
            if SECRET.search(key) and value not in ("{password}", "{wrong_password}"):
                raise ValueError(
                    f"{key}: a credential must not be written here; "
                    "use {password} with as_role, or {wrong_password}"
                )
        return form

    @pydantic.field_validator("body")
    @classmethod
    def _is_a_schema(cls, body: dict[str, Any]) -> dict[str, Any]:
        check_schema(body)
        return body
