"""What a role carries with its requests: a token, a key, a session; learned as secret."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping

from gate.api import Role
from gate.secrets import known
from gate.sources.api.values import MissingError
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class Grant:
    """Headers and cookies that go with each request.

    Attributes:
        headers: By name.
        cookies: Values by name.
    """

    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)


NOTHING = Grant()


def role_of(target: Target, name: str) -> Role:
    """A role of the target.

    Raises:
        MissingError: It has none of that name.
    """
    try:
        return target.api.roles[name]
    except KeyError:
        known_ = ", ".join(target.api.roles) or "none"
        raise MissingError(f"the target file has no [api.roles.{name}]; known: {known_}") from None


def variable(name: str, environ: Mapping[str, str]) -> str:
    """The value of a variable.

    Raises:
        MissingError: It is not set.
    """
    if name not in environ:
        raise MissingError(f"the environment variable {name} is not set")
    return environ[name]


def carried(role: Role, environ: Mapping[str, str]) -> Grant | None:
    """What a role has without logging in; ``None`` where it logs in.

    Raises:
        MissingError: A variable is not set.
    """
    if role.value_env is not None:
        value = variable(role.value_env, environ)
        known.learn(value)
        if role.cookie is not None:
            return Grant(cookies={role.cookie: value})
        return Grant(headers={str(role.header): role.prefix + value})
    if not role.basic:
        return None
    user, password = (
        variable(role.user_env or "", environ),
        variable(role.password_env or "", environ),
    )
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    known.learn(password, pair)
    return Grant(headers={"Authorization": f"Basic {pair}"})
