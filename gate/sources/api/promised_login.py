"""How a role logs in by a request, and what it carries from then on."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.api import HeaderName
from gate.contract.item import Name
from gate.rule import Has, Not, Rule, Some
from gate.toml import Strict

Pointer = Annotated[str, pydantic.Field(pattern=r"^(/[^/]+)+$")]
TOKEN_AT = "/access_token"  # noqa: S105 - a place


class Login(Strict):
    """What a login needs beside its form, and what it hands out.

    Attributes:
        page: Path that is read before; the cookies that it sets go with the login.
        csrf: Name of the page's hidden field (or ``meta``) whose value ``{csrf}`` stands for.
        csrf_cookie: Name of the page's cookie whose value ``{csrf}`` stands for.
        token_at: JSON Pointer to the token in the answer; ``/access_token`` where neither this nor
            ``cookie`` is given.
        header: Header that the token goes in from then on.
        prefix: Put before the token there.
        cookie: Cookie that the answer must set; all that it sets go along from then on.
    """

    page: Annotated[str, pydantic.Field(pattern=r"^/")] | None = None
    csrf: Name | None = None
    csrf_cookie: Name | None = None
    token_at: Pointer | None = None
    header: HeaderName = "Authorization"
    prefix: Annotated[str, pydantic.Field(pattern=r"^[\x20-\x7e]*$")] = "Bearer "
    cookie: HeaderName | None = None

    RULES = (
        Rule(Some(Not(Has("csrf")), Has("page")), "csrf needs page, where it stands"),
        Rule(Some(Not(Has("csrf_cookie")), Has("page")), "csrf_cookie needs page, which sets it"),
        Rule(Some(Not(Has("csrf")), Not(Has("csrf_cookie"))), "csrf and csrf_cookie: one of them"),
    )

    @property
    def token(self) -> str | None:
        """Where the token stands; ``None`` where the login hands out cookies alone."""
        return self.token_at or (None if self.cookie else TOKEN_AT)


PLAIN = Login()
"""A login that says nothing more."""
