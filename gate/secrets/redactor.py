"""Redaction: known secrets in every form, and what looks like one, before anybody is told."""

from __future__ import annotations

import bisect
import json
import re
import threading
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from gate.contract.model import Contract
from gate.secrets.forms import AFTER, BEFORE, SHORTEST, Form, forms, is_encoded, is_word
from gate.secrets.patterns import (
    CUTS,
    REDACTED,
    clean_patterns,
    is_placeholder,
    looks_like_setting,
    names_secret,
)

REMEMBERED = 1000
"""Texts up to this length are cleaned once: a catalog says the same words thousands of times."""
REMEMBERED_AT_MOST = 20_000
SHORTEST_PART = 6
"""So many characters of a secret beside a cut mark are still a secret."""

COMMON = frozenset(
    """
    admin administrator anonymous changeme default demo disabled enabled error example false
    guest localhost none null password postgres public root secret service system test testing
    token true user username agent manager customer active running failed absent
    """.split()  # noqa: SIM905 - words, not code
)
"""Values that are no evidence as they are: they are looked for where somebody encoded them, and
the patterns find them where they are named (``password=admin``)."""


class Redactor:
    """Knows the secrets of a run and takes them out of text and of JSON.

    Args:
        secrets: Their values. Shorter ones than four characters cannot be looked for.
        public: Text that anybody may read, such as the contract. A secret that is an ordinary
            word and stands there as one is no secret, and taking it out would ruin the report.
        titles: Of the contract's items by their ids: one is no setting, though its name may end as
            one does.

    Attributes:
        unguarded: How many of the secrets are too short or too ordinary to be looked for as they
            are.
    """

    def __init__(
        self,
        secrets: Iterable[str],
        public: str = "",
        titles: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Work out every form of every secret."""
        self.unguarded = 0
        self._public = public
        self._titles = {id_: one for id_, one in titles.items() if looks_like_setting(id_)}
        self._known: set[str] = set()
        self._forms: tuple[Form, ...] = ()
        self._lengths: tuple[int, ...] = ()
        self._cleaned: dict[str, str] = {}
        self._lock = threading.Lock()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Learn more secrets; what is cleaned from now on holds none of them."""
        with self._lock:
            new = sorted({one for one in secrets if one} - self._known)
            if not new:
                return
            self._known.update(new)
            found = {(one.text, one.is_word): one for one in self._forms}
            for secret in new:
                plain = len(secret) >= SHORTEST and not self._is_ordinary(secret)
                self.unguarded += not plain
                if len(secret) >= SHORTEST:
                    for one in forms(secret, plain=plain):
                        found.setdefault((one.text, one.is_word), one)
            # Short ones first: what is longer than a text need not be looked for in it.
            self._forms = tuple(sorted(found.values(), key=lambda one: len(one.text)))
            self._lengths = tuple(len(one.text) for one in self._forms)
            self._cleaned = {}

    def values(self) -> list[str]:
        """Every secret that is known."""
        return sorted(self._known)

    def clean(self, text: str) -> str:
        """Replace every known secret and everything that looks like one by ``[redacted]``."""
        cleaned = self._cleaned
        found = cleaned.get(text)
        if found is None:
            found = clean_patterns(self.clean_known(text), self._titles)
            if len(text) <= REMEMBERED and len(cleaned) < REMEMBERED_AT_MOST:
                cleaned[text] = found
        return found

    def clean_cut(self, text: str) -> str:
        """The same for a text that was cut by others: a part of a secret beside a cut goes, too."""
        text = self.clean(text)
        if not any(mark in text for mark in CUTS):
            return text
        parts = re.split(f"({'|'.join(map(re.escape, CUTS))})", text)
        for at in range(1, len(parts), 2):
            parts[at - 1] = self._without_end(parts[at - 1])
            parts[at + 1] = self._without_start(parts[at + 1])
        return "".join(parts)

    def cut(self, text: str, limit: int) -> str:
        """The beginning of a text, raw, but without the part of a secret that the cut goes through.

        What is left can be cleaned later as any other text.
        """
        if len(text) <= limit:
            return text
        for one in self._present(text):
            for match in one.pattern.finditer(text):
                if match.start() < limit < match.end():
                    limit = match.start()
        return text[:limit]

    def clean_known(self, text: str) -> str:
        """Replace known secrets only."""
        for one in self._present(text):
            text = one.pattern.sub(REDACTED, text)
        return text

    def clean_marked_up(self, text: str) -> str:
        """Replace known secrets in a finished document, whose markup has to stay as it is.

        A secret that is an ordinary word could be a word of the markup; it was taken out of what
        the document was made from.
        """
        for one in self._present(text):
            if not one.is_word:
                text = one.pattern.sub(REDACTED, text)
        return text

    def clean_json(self, value: Any) -> Any:
        """The same for nested JSON: keys, values, and the values of keys that name a secret."""
        if isinstance(value, str):
            return self.clean(value)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return {
                self.clean(key) if isinstance(key, str) else key: self._member(key, one)
                for key, one in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.clean_json(one) for one in value]
        return value

    def find_leak(self, text: str) -> str | None:
        """How the first known secret in a text is written, such as ``base64``; never the secret."""
        for one in self._present(text):
            if one.pattern.search(text):
                return one.how
        return None

    def _member(self, key: object, value: Any) -> Any:
        if isinstance(value, str) and names_secret(key) and not is_placeholder(value):
            return REDACTED
        return self.clean_json(value)

    def _present(self, text: str) -> list[Form]:
        """The forms that may occur, the longest first; most texts hold none, and that is quick."""
        among = self._forms[: bisect.bisect_right(self._lengths, len(text))]
        if not among:
            return []
        encoded = is_encoded(text)
        return [one for one in reversed(among) if one.occurs(text, encoded=encoded)]

    def _is_ordinary(self, secret: str) -> bool:
        if secret.lower() in COMMON:
            return True
        if not is_word(secret):
            return False
        return re.search(f"{BEFORE}{re.escape(secret)}{AFTER}", self._public) is not None

    def _without_end(self, text: str) -> str:
        """Take a beginning of a secret off the end of a text."""
        for form in reversed(self._forms):
            start = form.text[:SHORTEST_PART]
            at = text.rfind(start, -len(form.text) if len(form.text) < len(text) else 0)
            if len(form.text) > SHORTEST_PART and at >= 0 and form.text.startswith(text[at:]):
                return text[:at] + REDACTED
        return text

    def _without_start(self, text: str) -> str:
        """Take an end of a secret off the beginning of a text."""
        for form in reversed(self._forms):
            end = form.text[-SHORTEST_PART:]
            at = text.find(end, 0, len(form.text))
            until = at + len(end)
            if len(form.text) > SHORTEST_PART and at >= 0 and form.text.endswith(text[:until]):
                return REDACTED + text[until:]
        return text


def public_text(contract: Contract) -> str:
    """The words of a contract, which anybody may read, for `Redactor`."""
    items = [
        one.model_dump() for both in contract.promises.values() for one in (both.before, both.after)
    ]
    return json.dumps([contract.system, list(contract.promises), items], default=str)


def titles_of(contract: Contract) -> dict[str, tuple[str, ...]]:
    """What each item of a contract is called, by its id, for `Redactor`."""
    return {id_: (both.before.title, both.after.title) for id_, both in contract.promises.items()}
