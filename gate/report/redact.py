"""Redaction: known secrets in every form, and what looks like one, before it is written."""

from __future__ import annotations

import bisect
import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gate.contract.model import Contract
from gate.report.forms import SHORTEST, forms, is_word

REDACTED = "[redacted]"
REMEMBERED = 200
"""Texts up to this length are cleaned once: a catalog says the same words thousands of times."""

KEYS = (
    "password|passwd|pwd|pgpassword|passphrase|authorization|cookie|set-cookie|"
    "access_token|refresh_token|id_token|client_secret|secret_key|private_key|api_?key"
)
SECRET_KEY = re.compile(rf"(?:{KEYS})\Z", re.IGNORECASE)
"""Keys of a JSON object whose value, if it is text, is a secret whatever it looks like."""

PATTERNS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "PRIVATE KEY-----",
        re.compile(
            r"-----BEGIN (?:[A-Z0-9 ]{1,40} )?PRIVATE KEY-----.*?"
            r"(?:-----END (?:[A-Z0-9 ]{1,40} )?PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
        REDACTED,
    ),
    ("eyJ", re.compile(r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,}(?:\.[\w-]*){0,4}", re.ASCII), REDACTED),
    (
        "uthorization",
        re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:[a-z]+\s+)?)[^\s\"',;]+"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "earer",
        re.compile(r"(?i)(\bbearer\s+)(?=\S*[0-9._])[A-Za-z0-9._~+/-]{8,}=*"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "://",
        re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@\"'<>]*:)[^\s/\"'<>]+(?=@)"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "=",
        re.compile(
            r"(?i)((?<![\w-])[\w-]{0,40}?(?:password|passwd|pwd|passphrase|secret|secret_?key|token"
            r"|api_?key)\s*=\s*)(?:\"[^\"]+\"|'[^']+'|[^\s&;,\"'<>]+)"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        "-",
        re.compile(r"(?i)((?<!\S)--?(?:password|passwd|token|secret|api-key)\s+)[^\s-]\S*"),
        rf"\g<1>{REDACTED}",
    ),
    ("'", re.compile(r"(?i)(\bpassword\s+)'[^']+'"), rf"\g<1>'{REDACTED}'"),
    (
        '"',
        re.compile(rf"(?i)((?<!\\)\"(?:{KEYS})\"\s*:\s*\")(?:[^\"\\]|\\.)+"),
        rf"\g<1>{REDACTED}",
    ),
    (
        '\\"',
        re.compile(rf"(?i)(\\\"(?:{KEYS})\\\"\s*:\s*\\\")(?:[^\"\\]|\\\\\\?.)+"),
        rf"\g<1>{REDACTED}",
    ),
)
"""What a secret looks like: a string that must occur at all, the pattern, and what replaces it."""

# A word counts as a whole only, but the end of an escape sequence before it is no letter of it.
BEFORE = (
    r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})"
    r"|(?<=\x1b\[[0-9]m)|(?<=\x1b\[[0-9]{2}m))"
)
AFTER = r"(?![A-Za-z0-9_])"


class Redactor:
    """Knows the secrets of a run and takes them out of text and of JSON.

    Args:
        secrets: Their values. Shorter ones than four characters cannot be looked for.
        public: Text that anybody may read, such as the contract. A secret that is an ordinary
            word and stands there as one is no secret, and taking it out would ruin the report.

    Attributes:
        unguarded: How many of the secrets are too short or too ordinary to be looked for.
    """

    def __init__(self, secrets: Iterable[str], public: str = "") -> None:
        """Work out every form of every secret."""
        given = {one for one in secrets if one}
        kept = {one for one in given if len(one) >= SHORTEST and not _is_public(one, public)}
        self.unguarded = len(given) - len(kept)
        self._forms: dict[str, str] = {}
        self._words: set[str] = set()
        self._cleaned: dict[str, str] = {}
        for secret in sorted(kept):
            for form, how in forms(secret).items():
                self._forms.setdefault(form, how)
                if is_word(form):
                    self._words.add(form)
        # Short ones first: what is longer than a text need not be looked for in it.
        self._all = sorted(self._forms, key=len)
        self._no_words = [one for one in self._all if one not in self._words]

    def clean(self, text: str) -> str:
        """Replace every known secret and everything that looks like one by ``[redacted]``."""
        found = self._cleaned.get(text)
        if found is None:
            found = self._clean(text)
            if len(text) <= REMEMBERED:
                self._cleaned[text] = found
        return found

    def _clean(self, text: str) -> str:
        text = self.clean_known(text)
        for needle, pattern, replacement in PATTERNS:
            if needle in text or needle.upper() in text:
                text = pattern.sub(replacement, text)
        return text

    def clean_known(self, text: str) -> str:
        """Replace known secrets only."""
        pattern = self._pattern(text, self._all)
        return pattern.sub(REDACTED, text) if pattern else text

    def clean_marked_up(self, text: str) -> str:
        """Replace known secrets in a finished document, whose markup has to stay as it is.

        A secret that is an ordinary word could be a word of the markup; it was taken out of what
        the document was made from.
        """
        pattern = self._pattern(text, self._no_words)
        return pattern.sub(REDACTED, text) if pattern else text

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
        pattern = self._pattern(text, self._all)
        found = pattern.search(text) if pattern else None
        return self._forms[found.group()] if found else None

    def _member(self, key: object, value: Any) -> Any:
        if isinstance(value, str) and _names_secret(key) and not _is_placeholder(value):
            return REDACTED
        return self.clean_json(value)

    def _pattern(self, text: str, among: list[str]) -> re.Pattern[str] | None:
        """A pattern of the forms that occur at all; most texts hold none, and that is quick."""
        if among and len(among[-1]) > len(text):
            among = among[: bisect.bisect_right(among, len(text), key=len)]
        present = [one for one in among if one in text][::-1]
        if not present:
            return None
        parts = (
            f"{BEFORE}{re.escape(one)}{AFTER}" if one in self._words else re.escape(one)
            for one in present
        )
        return re.compile("|".join(parts))


def _is_public(secret: str, public: str) -> bool:
    if not is_word(secret):
        return False
    return re.search(f"{BEFORE}{re.escape(secret)}{AFTER}", public) is not None


@functools.lru_cache(maxsize=1024)
def _names_secret(key: object) -> bool:
    return isinstance(key, str) and SECRET_KEY.match(key) is not None


def _is_placeholder(value: str) -> bool:
    """``{password}`` is what a contract writes where the credential goes; it is none itself."""
    return not value or re.fullmatch(r"\{\w+\}", value) is not None


def public_text(contract: Contract) -> str:
    """The words of a contract, which anybody may read, for `Redactor`."""
    items = [
        one.model_dump() for both in contract.promises.values() for one in (both.before, both.after)
    ]
    return json.dumps([contract.system, list(contract.promises), items], default=str)
