"""What can be promised of an answer beside its status and body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.body_schema import check_schema
from gate.contract.item import Json, Name, Pattern
from gate.rule import Has, Not, Rule, Some
from gate.sources.api.promised_login import Pointer
from gate.toml import Strict

Location = Annotated[str, pydantic.Field(pattern=r"^(/|https?://)[^?#\s]*$")]
"""Where a redirection leads, without its query: that may be a secret, and is not kept."""
Bound = Annotated[float, pydantic.Field(allow_inf_nan=False)]


class HeaderPromise(Strict):
    """What a header must be; where nothing is said, it must be there.

    Attributes:
        value: Its value, but for blanks.
        absent: It must not be there.
        like: Patterns that it must be like, each of them.
        never: Patterns that it must not be like.
    """

    value: str | None = None
    absent: bool = False
    like: tuple[Pattern, ...] = ()
    never: tuple[Pattern, ...] = ()


def _short(given: object) -> object:
    """A text stands for the very value, ``true`` for any, ``false`` for none."""
    if isinstance(given, str):
        return HeaderPromise(value=given)
    if isinstance(given, bool):
        return HeaderPromise(absent=not given)
    if not isinstance(given, (Mapping, HeaderPromise)):
        raise ValueError("expected a text, true, false, or a table")  # noqa: TRY004 - pydantic's
    return given


Header = Annotated[
    HeaderPromise,
    pydantic.BeforeValidator(_short, json_schema_input_type=str | bool | HeaderPromise),
]


class CookiePromise(Strict):
    """What a cookie must be that an answer sets; its value is never told.

    Attributes:
        absent: It must not be set.
        secure: Whether it has ``Secure``.
        http_only: Whether it has ``HttpOnly``.
        same_site: Its ``SameSite``.
        path: Its ``Path``.
        domain: Its ``Domain``.
        lives_at_most_s: Its ``Max-Age`` (or ``Expires``) at most; one for the session lives no
            longer.
    """

    absent: bool = False
    secure: bool | None = None
    http_only: bool | None = None
    same_site: Literal["Strict", "Lax", "None"] | None = None
    path: Name | None = None
    domain: Name | None = None
    lives_at_most_s: Annotated[int, pydantic.Field(ge=0)] | None = None


class Hop(Strict):
    """A redirection that is followed.

    Attributes:
        status: Its status.
        location: Where it leads, without its query; what is relative counts as what it comes to.
    """

    status: Annotated[int, pydantic.Field(ge=300, le=399)]
    location: Location


class TokenPromise(Strict):
    """What a token of the answer says (a JWT); its signature is verified where a key is given.

    Attributes:
        at: JSON Pointer to it.
        cookie: Cookie that holds it, instead.
        claims: JSON Schema of its claims.
        algorithms: What it may be signed by; never ``none``, whatever is said.
        lives_at_least_s: From its ``iat`` (or now) to its ``exp``, in seconds.
        lives_at_most_s: The same at most; a token without ``exp`` lives for ever.
        verified: Its signature must be right, by the target's ``token_key_env``.
    """

    at: Pointer | None = None
    cookie: Name | None = None
    claims: dict[str, Json] = {}
    algorithms: tuple[Name, ...] = ()
    lives_at_least_s: Annotated[int, pydantic.Field(ge=1)] | None = None
    lives_at_most_s: Annotated[int, pydantic.Field(ge=1)] | None = None
    verified: Literal[True] | None = None

    RULES = (
        Rule(Some(Has("at"), Has("cookie")), "needs at or cookie: where the token stands"),
        Rule(Some(Not(Has("at")), Not(Has("cookie"))), "at and cookie: one of them"),
    )

    @pydantic.field_validator("claims")
    @classmethod
    def _is_a_schema(cls, claims: dict[str, Any]) -> dict[str, Any]:
        check_schema(claims)
        return claims


class MetricPromise(Strict):
    """What a metric must be that an answer exposes (Prometheus text, or OpenMetrics).

    Attributes:
        name: Of its samples, such as ``http_requests_total``.
        labels: Labels that a sample must have to be meant; it may have more.
        at_least: Bound of every such sample's value.
        at_most: The same.
        type: Its declared type. Alone, nothing but the declaration is promised: it may have no
            sample yet.
        absent: No such sample must be there.
    """

    name: Annotated[str, pydantic.Field(min_length=1, max_length=500)]
    labels: dict[str, str] = {}
    at_least: Bound | None = None
    at_most: Bound | None = None
    type: (
        Literal[
            "counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset"
        ]
        | None
    ) = None
    absent: bool = False

    @property
    def declared_only(self) -> bool:
        """Whether it may have no sample."""
        bounds = (self.at_least, self.at_most)
        return self.type is not None and not self.labels and bounds == (None, None)
