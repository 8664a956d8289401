"""The command to look at an endpoint oneself: it only reads, and holds no credential."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from gate.api import Base, Role
from gate.sources.api.line import port_of
from gate.sources.api.promised import READING, PromisedExchange
from gate.target import Target

KEPT = "%/:?#[]@!$&'()*+,;={}"
"""What an address may hold as it is: RFC 3986's reserved characters, and a value not known."""


def curl(item: PromisedExchange, target: Target) -> str:
    """Return a command for a POSIX shell that asks for the endpoint's path.

    What the item sends with another method than one that only reads is asked with GET all the same:
    its answer (such as 405) tells who answers there, and nothing changes. Credentials are taken
    from variables, named in the message of the shell where one is not set.
    """
    words = ["curl", "-gisS", "-m", f"{item.deadline_s:g}"]
    words += ["-I"] if item.method == "HEAD" else []
    words += ["-X", "OPTIONS"] if item.method == "OPTIONS" else []
    if item.method in READING:
        words += _who(item.role, target) if item.role is not None else []
        for name, text in item.request_headers.items():
            words += ["-H", _filled(f"{name}: {text}", target, shlex.quote)]
    base = _base(item, target)
    words += _tls(base) if base.base.startswith("https:") else []
    words += _named(base)
    return " ".join([*words, _url(item.path, base, target)])


def _base(item: PromisedExchange, target: Target) -> Base:
    return target.api.bases.get(item.base, target.api) if item.base else target.api


def _who(role: str, target: Target) -> list[str]:
    """Options for what a role carries."""
    known = target.api.roles.get(role, Role.model_construct())
    if known.value_env is not None and known.cookie is not None:
        return ["-H", f'"Cookie: {known.cookie}=${{{known.value_env}:?}}"']
    if known.value_env is not None:
        return ["-H", f'"{known.header}: {known.prefix}${{{known.value_env}:?}}"']
    if known.basic:
        return ["-u", f'"${{{known.user_env}:?}}:${{{known.password_env}:?}}"']
    variable = re.sub(r"\W", "_", role, flags=re.ASCII).upper() + "_TOKEN"
    who = re.sub(r"[^\w .-]", "", role, flags=re.ASCII)
    return ["-H", f'"Authorization: Bearer ${{{variable}:?a token of {who}}}"']


def _tls(base: Base) -> list[str]:
    """Options for how TLS is spoken with a base."""
    words = ["--http2"] if base.http2 else []
    words += ["--cacert", shlex.quote(base.ca_file)] if base.ca_file else []
    for option, key in (("--cert", "client_certificate"), ("--key", "client_key")):
        path, variable = getattr(base, key), getattr(base, f"{key}_env")
        words += [option, shlex.quote(path)] if path else []
        words += [option, f'"${{{variable}:?}}"'] if variable else []
    return words


def _named(base: Base) -> list[str]:
    """Options that ask for a name at the address."""
    if base.server_name is None:
        return []
    url = urlsplit(base.base)
    port = port_of(url)
    return ["--connect-to", shlex.quote(f"{base.server_name}:{port}:{url.hostname}:{port}")]


def _url(path: str, base: Base, target: Target) -> str:
    """The address as one word: values by themselves, those of the environment by name."""
    address, url = base.base, urlsplit(base.base)
    if base.server_name is not None:
        port = f":{url.port}" if url.port else ""
        address = url._replace(netloc=base.server_name + port).geturl()
    return _filled(address + path, target, _literal)


def _filled(text: str, target: Target, quoted: Callable[[str], str]) -> str:
    """A text as one word: values by themselves, those of the environment by name."""
    known, parts = "", []
    for part in re.split(r"(\{\w+\})", text):
        variable = target.api.values_env.get(part[1:-1])
        if not re.fullmatch(r"\{\w+\}", part):
            known += part
        elif part[1:-1] in target.api.values:
            known += target.api.values[part[1:-1]]
        elif variable is None:
            known += part
        else:
            parts += [quoted(known), f'"${variable}"']
            known = ""
    return "".join([*parts, quoted(known)]) if known else "".join(parts)


def _literal(text: str) -> str:
    """A piece of an address, for curl and for the shell."""
    return shlex.quote(quote(text, safe=KEPT))
