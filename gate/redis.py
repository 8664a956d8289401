"""Where a target keeps its Redis, and by what login."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.toml import Strict

EnvName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Redis(Strict):
    """The target's Redis, for queues that are kept there.

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
