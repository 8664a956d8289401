"""Requests as a contract promises them."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

import pydantic
from typing_extensions import Self

from gate.api import HeaderName
from gate.contract.body_schema import check_schema
from gate.contract.item import Days, Json, Pattern, Seconds
from gate.rule import AtLeast, Filled, Has, Is, Not, Rule, Some
from gate.secrets.known import HEADERS as SECRET_HEADERS
from gate.sources.api.promised_answer import (
    CookiePromise,
    Header,
    Hop,
    Location,
    MetricPromise,
    TokenPromise,
)
from gate.sources.api.promised_login import Login, Pointer
from gate.toml import Strict

SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key", re.IGNORECASE)
FILLED = ("{password}", "{wrong_password}", "{csrf}")
"""What a field that holds a credential may say."""
ROLES = ("{user}", "{password}", "{wrong_password}")
"""What stands for a role's credentials in a request."""
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that promise not to change anything (RFC 9110, 9.2.1)."""
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
RequestHeaders = dict[HeaderName, Annotated[str, pydantic.Field(pattern=r"^[\x20-\x7e]*$")]]


def no_credentials(headers: dict[str, str]) -> dict[str, str]:
    """Refuse a header that holds a credential as it is.

    Raises:
        ValueError: One does.
    """
    for name, value in headers.items():
        if SECRET_HEADERS.fullmatch(name) and not re.search(r"\{\w+\}", value):
            raise ValueError(
                f"{name}: a credential must not be written here: use a role, or {{name}} of "
                f"[api.values_env]"
            )
    return headers


def _sends(method: str) -> Is:
    return Is("method", method)


class PromisedExchange(Strict):
    """A request as it is sent, and what it must be answered with; see `gate.kinds.endpoint`."""

    base: str = ""
    method: Method = "GET"
    path: Annotated[str, pydantic.Field(pattern=r"^/")]
    role: str | None = None
    request_headers: RequestHeaders = {}
    form: dict[str, str] = {}
    json_body: Json = pydantic.Field(default=None, alias="json")
    as_role: str | None = None
    login: Login | None = None
    writes: bool = False
    status: Annotated[int, pydantic.Field(ge=100, le=599)] = 200
    content_type: str = "application/json"
    body: dict[str, Json] = {}
    text: tuple[str, ...] = ()
    like: tuple[Pattern, ...] = ()
    never: tuple[Pattern, ...] = ()
    without: tuple[Pointer, ...] = ()
    at_least_bytes: Annotated[int, pydantic.Field(ge=1)] | None = None
    at_most_bytes: Annotated[int, pydantic.Field(ge=0)] | None = None
    headers: dict[HeaderName, Header] = {}
    cookies: dict[str, CookiePromise] = {}
    location: Location | None = None
    redirects: tuple[Hop, ...] = ()
    http_version: Literal["1.0", "1.1", "2"] | None = None
    days_left: Days | None = None
    token: TokenPromise | None = None
    metrics: tuple[MetricPromise, ...] = ()
    closed: bool = False
    deadline_s: Seconds = 10.0
    max_bytes: Annotated[int, pydantic.Field(ge=1024, le=16 * 1024**2)] = 4 * 1024**2
    slow: bool = False
    label: str = ""
    remark: str = ""

    RULES = (
        Rule(
            Some(
                Not(Filled("redirects")),
                Not(Some(*map(_sends, ("POST", "PUT", "PATCH", "DELETE")))),
            ),
            "redirects are followed of GET, HEAD and OPTIONS alone: promise location",
        ),
        Rule(
            Some(Not(Has("location")), AtLeast("status", 201)),
            "location goes with the status of a redirection, or 201",
        ),
        Rule(Some(Not(Is("closed", True)), Not(Has("role"))), "closed: nothing is sent: no role"),
    )

    @pydantic.field_validator("request_headers")
    @classmethod
    def _names_credentials(cls, headers: dict[str, str]) -> dict[str, str]:
        return no_credentials(headers)

    @pydantic.field_validator("without")
    @classmethod
    def _one_depth(cls, places: tuple[str, ...]) -> tuple[str, ...]:
        if any(one.split("/").count("**") > 1 for one in places):
            raise ValueError("** may stand once")
        return places

    @pydantic.field_validator("headers")
    @classmethod
    def _each_once(cls, headers: dict[str, Any]) -> dict[str, Any]:
        if len({name.lower() for name in headers}) != len(headers):
            raise ValueError("a header stands there twice: names are compared without case")
        return headers

    @pydantic.field_validator("form")
    @classmethod
    def _no_credentials(cls, form: dict[str, str]) -> dict[str, str]:
        for key, value in form.items():
            if SECRET.search(key) and value not in FILLED:
                raise ValueError(
                    f"{key}: a credential must not be written here; "
                    "use {password} with as_role, {wrong_password}, or {csrf} of login"
                )
        return form

    @pydantic.model_validator(mode="after")
    def _says_whose(self) -> Self:
        said = json.dumps([self.form, self.json_body, self.request_headers])
        if self.as_role is not None and not any(one in said for one in ROLES):
            raise ValueError(
                "as_role fills {user} and {password}, and neither stands in form, json or "
                "request_headers; to be sent as somebody who has logged in: role"
            )
        return self

    @pydantic.field_validator("body")
    @classmethod
    def _is_a_schema(cls, body: dict[str, Any]) -> dict[str, Any]:
        check_schema(body)
        return body
