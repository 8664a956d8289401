"""Where a target's API is: its bases, the way to each, and by what logins; no credential itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import pydantic

from gate.redis import EnvName
from gate.rule import Both, Filled, Has, Is, Like, Not, Rule, Some
from gate.toml import Strict

Address = Annotated[str, pydantic.Field(pattern=r"^https?://[^/@\s]+(/[^@\s]*)?$")]
HeaderName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
"""A field name of HTTP (RFC 9110, 5.1)."""
File = Annotated[str, pydantic.Field(min_length=1)]
BaseName = Annotated[str, pydantic.Field(pattern=r"^[\w-]+$")]
TLS = ("ca_file", "client_certificate", "client_certificate_env")
"""Keys that say how TLS is spoken."""


def _with(key: str, *needs: str) -> Rule:
    return Rule(Some(Not(Has(key)), *map(Has, needs)), f"{key} goes with {' or '.join(needs)}")


class Role(Strict):
    """The login of one role: names of the environment variables that hold it.

    With ``user_env`` and ``password_env`` it logs in by an endpoint item of the contract, or by
    HTTP's Basic; with ``value_env`` it has its token, API key or session already.

    Attributes:
        user_env: Variable with the user's name.
        password_env: Variable with the password.
        basic: User and password go with each request (RFC 7617); nobody logs in.
        login: Endpoint item that this role logs in by; ``[api] login`` where it is left out.
        value_env: Variable with a value that goes with each request as it is.
        header: Header that it goes in.
        prefix: Put before the value in the header, such as ``Bearer`` and a blank.
        cookie: Cookie that it goes in.
    """

    user_env: EnvName | None = None
    password_env: EnvName | None = None
    basic: bool = False
    login: Annotated[str, pydantic.Field(min_length=1)] | None = None
    value_env: EnvName | None = None
    header: HeaderName | None = None
    prefix: Annotated[str, pydantic.Field(pattern=r"^[\x20-\x7e]*$")] = ""
    cookie: HeaderName | None = None

    RULES = (
        Rule(
            Some(Has("user_env"), Has("value_env")), "needs user_env and password_env, or value_env"
        ),
        Rule(Both(Has("user_env"), Has("password_env")), "user_env and password_env go together"),
        Rule(
            Some(Not(Has("user_env")), Not(Has("value_env"))),
            "user_env and value_env do not go together",
        ),
        _with("value_env", "header", "cookie"),
        _with("header", "value_env"),
        _with("cookie", "value_env"),
        _with("login", "user_env"),
        Rule(Some(Not(Has("header")), Not(Has("cookie"))), "header and cookie: one of them"),
        Rule(Some(Not(Filled("prefix")), Has("header")), "prefix goes with header"),
        Rule(Some(Not(Is("basic", True)), Has("user_env")), "basic goes with user_env"),
        Rule(Some(Not(Is("basic", True)), Not(Has("login"))), "basic and login: one of them"),
    )

    @property
    def variables(self) -> dict[str, str]:
        """The variables that it names, by key."""
        named = {key: getattr(self, key) for key in ("user_env", "password_env", "value_env")}
        return {key: one for key, one in named.items() if one is not None}


class Base(Strict):
    """One address that answers, and the way there.

    Attributes:
        base: Its address as the gate's machine reaches it (or, with ``forward``, the host), without
            a login in it.
        forward: Reach it through the host's SSH connection; without it, it is reached from outside.
        ca_file: PEM file with the authorities to trust, instead of the public ones; from the
            target's file on.
        client_certificate, client_certificate_env: PEM file of a client certificate, with its chain
            and, if you like, its key; or the variable that holds its path, or itself.
        client_key, client_key_env: The same of its key.
        client_key_password_env: Variable with the password of the key.
        server_name: Name that is asked for (``Host``, and SNI with TLS) and that a certificate must
            be good for, where it is not the address's.
        http2: Offer HTTP/2; what is spoken is promised by ``http_version``.
    """

    base: Address
    forward: bool = False
    ca_file: File | None = None
    client_certificate: File | None = None
    client_certificate_env: EnvName | None = None
    client_key: File | None = None
    client_key_env: EnvName | None = None
    client_key_password_env: EnvName | None = None
    server_name: (
        Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")] | None
    ) = None
    http2: bool = False

    RULES = (
        *(
            Rule(Some(Not(Has(key)), Like("base", "^https://")), f"{key} needs an https:// base")
            for key in TLS
        ),
        Rule(
            Some(Not(Is("http2", True)), Like("base", "^https://")), "http2 needs an https:// base"
        ),
        *(
            Rule(Some(Not(Has(one)), Not(Has(f"{one}_env"))), f"{one} and {one}_env: one of them")
            for one in ("client_certificate", "client_key")
        ),
        *(
            _with(key, "client_certificate", "client_certificate_env")
            for key in ("client_key", "client_key_env", "client_key_password_env")
        ),
    )

    @pydantic.field_validator("base")
    @classmethod
    def _leads_somewhere(cls, base: str) -> str:
        url = urlsplit(base)  # its port raises ValueError where it is none
        if not url.hostname or url.port == 0:
            raise ValueError("must name a host, and a port from 1 to 65535 if any")
        return base

    @pydantic.field_validator("http2")
    @classmethod
    def _is_installed(cls, http2: bool) -> bool:  # noqa: FBT001 - pydantic's
        if http2 and importlib.util.find_spec("h2") is None:
            raise ValueError(
                "needs a package that is not installed: pip install 'atum-desk-gate[http2]'"
            )
        return http2

    @property
    def own_variables(self) -> dict[str, str]:
        """The variables that it names, by key."""
        keys = ("client_certificate_env", "client_key_env", "client_key_password_env")
        named = {key: getattr(self, key) for key in keys}
        return {key: one for key, one in named.items() if one is not None}


class Api(Base):
    """The API: where endpoints are asked, and by what logins.

    Attributes:
        base: Address of what names no base of its own; without a login in it.
        forward: Reach it through the host's SSH connection; without it, it is reached from outside.
        bases: Further addresses, by the names that endpoints call them by (``base``).
        roles: The logins, by the contract's names of the roles.
        values: What ``{name}`` in an endpoint's path is replaced by.
        values_env: The same, from environment variables.
        login: The endpoint item that roles log in by.
        token_key_env: Variable with what a token's signature is verified by: the shared secret, or
            the public key as PEM.
    """

    base: Address = ""
    bases: dict[BaseName, Base] = {}
    roles: dict[str, Role] = {}
    values: dict[str, str] = {}
    values_env: dict[str, EnvName] = {}
    login: str = "login"
    token_key_env: EnvName | None = None

    RULES = (
        Rule(Some(Filled("base"), Filled("bases")), "needs base, or [api.bases.NAME]"),
        *Base.RULES,
    )

    @property
    def is_there(self) -> bool:
        """Whether anything can be asked at all."""
        return bool(self.base or self.bases)

    @property
    def logins(self) -> frozenset[str]:
        """Names of the endpoint items that roles log in by."""
        own = {one.login for one in self.roles.values() if one.login is not None}
        return frozenset({self.login, *own})

    def at(self, name: str) -> Base:
        """A base by its name; the empty one is the API's own.

        Raises:
            KeyError: There is none.
        """
        return self.bases[name] if name else self

    def served(self, port: int) -> Api:
        """The same where one program on this machine's loopback answers for every base."""
        here = Base(base=f"http://127.0.0.1:{port}")
        plain = {name: getattr(here, name) for name in Base.model_fields}
        return self.model_copy(update={**plain, "bases": dict.fromkeys(self.bases, here)})

    def placed(self, base: str, bases: Mapping[str, str], values: Mapping[str, str]) -> Api:
        """The same at other addresses, as they are known of one that was started."""
        moved = {
            name: one.model_copy(update={"base": bases.get(name, one.base)})
            for name, one in self.bases.items()
        }
        return self.model_copy(update={"base": base, "bases": moved, "values": dict(values)})

    def login_of(self, role: str) -> str:
        """The endpoint item that a role logs in by."""
        own = self.roles[role].login if role in self.roles else None
        return own or self.login

    @property
    def named(self) -> dict[str, Base]:
        """Every base, by what its table is called."""
        own: dict[str, Base] = {"api": self} if self.base else {}
        return {**own, **{f"api.bases.{name}": one for name, one in self.bases.items()}}

    @property
    def variables(self) -> list[tuple[str, str, str]]:
        """Table, key and name of each variable that holds a credential."""
        found = [
            (f"api.roles.{name}", key, one)
            for name, role in self.roles.items()
            for key, one in role.variables.items()
        ]
        found += [
            (table, key, one)
            for table, base in self.named.items()
            for key, one in base.own_variables.items()
        ]
        key = self.token_key_env
        return [*found, *([("api", "token_key_env", key)] if key is not None else [])]
