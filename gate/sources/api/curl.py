"""The command to look at an endpoint oneself: it only reads, and holds no credential."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from gate.sources.api.promised import PromisedExchange
from gate.target import Target

KEPT = "%/:?#[]@!$&'()*+,;={}"
"""What an address may hold as it is: RFC 3986's reserved characters, and a value not known."""


def curl(item: PromisedExchange, target: Target) -> str:
    """Return a command for a POSIX shell that asks for the endpoint's path.

    What the item sends with another method than GET or HEAD is asked with GET all the same: its
    answer (such as 405) tells who answers there, and nothing changes. A login's token is taken
    from a variable, named in the message of the shell where it is not set.
    """
    words = ["curl", "-gisS", "-m", f"{item.deadline_s:g}"]
    words += ["-I"] if item.method == "HEAD" else []
    if item.role is not None and item.method in ("GET", "HEAD"):
        variable = re.sub(r"\W", "_", item.role, flags=re.ASCII).upper() + "_TOKEN"
        who = re.sub(r"[^\w .-]", "", item.role, flags=re.ASCII)
        words += ["-H", f'"Authorization: Bearer ${{{variable}:?a token of {who}}}"']
    return " ".join([*words, _url(item.path, target)])


def _url(path: str, target: Target) -> str:
    """The address as one word: values by themselves, those of the environment by name."""
    text, parts = target.api.base, []
    for part in re.split(r"(\{\w+\})", path):
        variable = target.api.values_env.get(part[1:-1])
        if not re.fullmatch(r"\{\w+\}", part):
            text += part
        elif part[1:-1] in target.api.values:
            text += target.api.values[part[1:-1]]
        elif variable is None:
            text += part
        else:
            parts += [_literal(text), f'"${variable}"']
            text = ""
    return "".join([*parts, _literal(text)]) if text else "".join(parts)


def _literal(text: str) -> str:
    """A piece of an address, for curl and for the shell."""
    return shlex.quote(quote(text, safe=KEPT))
