"""How a program is led to the clone: by variables, of which the contract says the form."""

from __future__ import annotations

import urllib.parse

from gate.contract.rehearsal import Alembic
from gate.sources.rehearsal.clone import Clone


def address(how: Alembic, clone: Clone, at: tuple[str, int] | None = None) -> dict[str, str]:
    """The variables by which a program finds the clone.

    Args:
        how: Their names and forms.
        clone: Where they lead.
        at: Host and port under which the clone's server is found instead of its own.
    """
    there = clone.way.there
    host, port = at or (there["host"], there["port"])
    words = {"user": there["user"], "password": there.get("password", "")}
    words |= {"host": str(host), "port": str(port), "database": there["dbname"]}
    before, mark, behind = how.url.partition("?")
    # Behind a question mark a slash is one. A socket's folder without a percent sign goes through
    # an ini file, too, to which an env.py gives the address as it is.
    url = before.format(**quoted(words, "")) + mark + behind.format(**quoted(words, "/"))
    others = {name: text.format(**words, url=url) for name, text in how.variables.items()}
    return {how.variable: url, **others}


def quoted(words: dict[str, str], safe: str) -> dict[str, str]:
    """Words as they stand in an address, percent-encoded but for what is safe there."""
    return {key: urllib.parse.quote(value, safe=safe) for key, value in words.items()}
