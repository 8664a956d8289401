"""What an answer that is none says of what stands behind the API, or before it."""

from __future__ import annotations

import re

from gate.secrets import known
from gate.sources.api.facts import Answer

READ = 4000
"""Characters of an answer in which the cause is looked for."""
SAID = (
    (r"\bmodel\b[^\n]{0,120}?\bnot (?:be )?(?:found|loaded|available)", "the model is not there"),
    (r"try pulling it|no such model|model is not loaded", "the model is not there"),
    (r"dimensions?, not \d+|different vector dimensions", "embeddings of another size"),
    (
        r"connection refused|econnrefused|all connection attempts failed|connecterror",
        "a connection was refused",
    ),
    (r"name or service not known|getaddrinfo failed", "a name leads nowhere"),
    (r"rate limit|too many requests|quota", "too many requests"),
    (r"timed out|time-?out", "no answer in time"),
)
"""What software says of what it asked itself; the first that fits."""
STATUSES = {
    429: "too many requests: a limit, or a locked account",
    423: "the account is locked",
    502: "upstream: a bad gateway",
    503: "upstream: not available",
    504: "upstream: no answer in time",
}
LOGIN = re.compile(r"log-?in|sign-?in|sso|oauth|auth", re.IGNORECASE)


def cause(answer: Answer, role: str | None) -> str:
    """Name the cause of an answer that was not promised, in a few words.

    Args:
        answer: With another status than was promised.
        role: Whose token went with the request.

    Returns:
        Nothing where the answer does not say; else it begins with a colon or a blank.
    """
    if 300 <= answer.status < 400:  # noqa: PLR2004 - HTTP
        to = f" to {known.tell(answer.location)}" if answer.location else ""
        return to + (": a login page" if LOGIN.search(answer.location) else "")
    if answer.status < 400:  # noqa: PLR2004
        return ""
    text = answer.text[:READ].lower()
    if answer.status == 401 and role is not None:  # noqa: PLR2004
        expired = "has expired" if "expired" in text else "is not accepted"
        return f": the token of {role} {expired}"
    behind = next((name for pattern, name in SAID if re.search(pattern, text)), "")
    if behind and answer.status not in (401, 403):
        return f": upstream: {behind}"
    named = STATUSES.get(answer.status, "")
    return f": {named}" if named else ""
