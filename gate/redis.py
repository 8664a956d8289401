"""Where a target keeps its Redis, and by what login."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic

from gate.rule import Is, Not, Rule, Some
from gate.toml import PlaceName, Strict

EnvName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class OtherRedis(Strict):
    """A further Redis, by the name that items of the contract call it by (``database``).

    Attributes:
        host: Its address, as the gate reaches it (or, with ``forward``, as the host does).
        port: Its port; the target's ``port_offset`` is added.
        db: Which of its databases.
        user_env, password_env: Environment variables that hold the login, if it needs one.
        tls: Whether it is spoken to by TLS.
        forward: Reach it through the host's SSH connection.
    """

    host: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9._:-]+$")] = "127.0.0.1"
    port: Annotated[int, pydantic.Field(ge=1, le=65535)] = 6379
    db: Annotated[int, pydantic.Field(ge=0)] = 0
    user_env: EnvName | None = None
    password_env: EnvName | None = None
    tls: bool = False
    forward: bool = False

    RULES = (
        Rule(
            Some(Not(Is("tls", True)), Not(Is("forward", True))),
            "tls: does not go with forward: the tunnel ends at the host, and from there on nothing "
            "would be encrypted",
        ),
    )

    @property
    def own_place(self) -> dict[str, Any]:
        """Its keys, without those of others."""
        return {name: getattr(self, name) for name in OtherRedis.model_fields}

    @property
    def own_variables(self) -> dict[str, str]:
        """The variables that it names, by key."""
        named = {"user_env": self.user_env, "password_env": self.password_env}
        return {key: one for key, one in named.items() if one is not None}


class Redis(OtherRedis):
    """The target's Redis, for queues that are kept there and for what it is asked.

    Attributes:
        host: Its address, as the gate reaches it (or, with ``forward``, as the host does).
        port: Its port; the target's ``port_offset`` is added.
        db: Which of its databases.
        user_env, password_env: Environment variables that hold the login, if it needs one.
        tls: Whether it is spoken to by TLS.
        forward: Reach it through the host's SSH connection.
        others: Further ones, by the names that items of the contract call them by.
    """

    others: dict[PlaceName, OtherRedis] = {}

    def at(self, name: str) -> Redis | None:
        """One by its name, the empty one being the target's own."""
        if not name:
            return self
        found = self.others.get(name)
        return None if found is None else Redis(**found.model_dump())

    @property
    def variables(self) -> list[tuple[str, str, str]]:
        """Table, key and name of each variable that holds a credential."""
        places = {
            "redis": self,
            **{f"redis.others.{name}": one for name, one in self.others.items()},
        }
        return [
            (table, key, one)
            for table, place in places.items()
            for key, one in place.own_variables.items()
        ]
