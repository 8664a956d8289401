"""What a secret looks like, whoever it belongs to: patterns that need not know its value."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

REDACTED = "[redacted]"

KEYS = (
    r"(?:[\w-]{0,40}[_-])?(?:password|passwd|passphrase|pwd)|(?:db|pg|my|mysql|smtp|imap)[_-]?pass"
    r"|pgpassword|authorization|proxy-authorization|cookie|set-cookie|jwt|bearer"
    r"|(?:[\w-]{0,40}[_-])?(?:access|refresh|id|auth|api|session|csrf|bearer)[_-]?token"
    r"|x-[\w-]{0,40}token|token|session|session[_-]?(?:id|key)|sessionid|sid"
    r"|(?:[\w-]{0,40}[_-])?(?:client|jwt|app|shared|webhook|signing)[_-]?secret"
    r"|(?:[\w-]{0,40}[_-])?(?:secret|private|api|access|encryption|signing)[_-]?key"
)
SECRET_KEY = re.compile(rf"(?:{KEYS})\Z", re.IGNORECASE)
"""Keys of a JSON object whose value, if it is text, is a secret whatever it looks like."""
SETTING = (
    r"(?:password|passwd|pwd|passphrase|pass|secret|secret_?key|token|api_?key|private_?key"
    r"|access_?key|session(?:_?id)?|cookie)"
)
SETTINGS = re.compile(r"(?:password|passwd|passphrase|pwd|(?:db|pg)_?pass)\Z", re.IGNORECASE)
OPTION = (
    r"(?:password|passwd|pwd|passphrase|pass|secret|token"
    r"|(?:secret|private|api|access|encryption|signing|auth)[_-]?key)"
)
"""How an option of a command ends whose value, behind a blank, is a secret."""
LONGEST_ID = 200
WORDS = re.compile(
    r"(?:a|an|and|answer(?:s|ed)|are|at|before|by|cannot|did|differs|does|expired|has|have|in|is|it"
    r"|its|less|missing|more|must|never|no|none|not|nothing|of|on|only|promised|redirected|seen"
    r"|still|takes|than|the|there|took|waived|was|were|while|with|without|[0-9]{1,2})[,;:]? +\S"
)
"""How a reason begins: with a word that binds, or of the gate's own. Any other may be a value."""
CUTS = ("...", "…")
"""What whoever cut a text put in the place of the rest."""
VALUE = r"(?:\"[^\"\n]+\"|'[^'\n]+'|[^\s&;,\"'<>]+)"

PATTERNS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "private key",
        re.compile(
            r"-----BEGIN (?:[A-Z0-9 ]{1,40} )?PRIVATE KEY(?: BLOCK)?-----.*?"
            r"(?:-----END (?:[A-Z0-9 ]{1,40} )?PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        REDACTED,
    ),
    ("eyj", re.compile(r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,}(?:\.[\w-]*){0,4}", re.ASCII), REDACTED),
    ("akia", re.compile(r"(?<![A-Za-z0-9])AKIA[0-9A-Z]{16}(?![A-Za-z0-9])"), REDACTED),
    ("asia", re.compile(r"(?<![A-Za-z0-9])ASIA[0-9A-Z]{16}(?![A-Za-z0-9])"), REDACTED),
    ("gh", re.compile(r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{20,255}"), REDACTED),
    ("github_pat_", re.compile(r"(?<![A-Za-z0-9])github_pat_\w{20,255}", re.ASCII), REDACTED),
    ("glpat-", re.compile(r"(?<![A-Za-z0-9])glpat-[\w-]{16,255}", re.ASCII), REDACTED),
    ("xox", re.compile(r"(?<![A-Za-z0-9])xox[a-z]-[A-Za-z0-9-]{8,255}"), REDACTED),
    ("sk_live_", re.compile(r"(?<![A-Za-z0-9])sk_live_[A-Za-z0-9]{16,255}"), REDACTED),
    (
        "uthorization",
        re.compile(
            r"(?i)(\bauthorization(?:\\{0,8}[\"'])?\s*[:=,]\s*(?:b?\\{0,8}[\"'])?(?:[a-z]+\s+)?)"
            r"[^\s\"'\\,;]+"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        "earer",
        re.compile(r"(?i)(\bbearer\s+)(?=\S*[0-9._])[A-Za-z0-9._~+/-]{8,}=*"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "asic ",
        re.compile(r"(?i)(\bbasic\s+)(?=\S*[0-9A-Z=])[A-Za-z0-9._~+/-]{8,}=*(?![\w ])"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "cookie",
        re.compile(
            r"(?i)(\b(?:set-)?cookie(?:\\{0,8}[\"'])?\s*[:,]\s*(?:b?\\{0,8}[\"'])?)"
            r"(?=[\w.-]+=)[^\"'\\\n<>]+"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        "api",
        re.compile(
            r"(?i)(\b(?:x-)?api-?key(?:\\{0,8}[\"'])?\s*[:,]\s*(?:b?\\{0,8}[\"'])?)[^\s\"'\\,;<>]+"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        "://",
        re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@\"'<>]*:)[^\s/\"'<>]+(?=@)"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "=",
        re.compile(rf"(?i)((?<![\w-])[\w-]{{0,40}}?{SETTING}\s*=\s*){VALUE}"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "-",
        re.compile(
            rf"(?i)((?<![^\s\"'])--?(?!-|no-)(?:[\w-]{{0,40}}[_-])?{OPTION}"
            r"(?:\s+|\\{0,8}[\"']\s*,\s*\\{0,8}[\"']))"
            r"(?:\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'\\-][^\s\"'\\]*)"
        ),
        rf"\g<1>{REDACTED}",
    ),
    ("'", re.compile(r"(?i)(\bpassword\s+)'[^']+'"), rf"\g<1>'{REDACTED}'"),
    (
        ":",
        re.compile(
            r"(?i)((?<![\w-])(?!nopasswd:)[\w-]{0,40}?"  # of sudoers(5)
            r"(?:password|passwd|passphrase|pwd|(?:db|pg)_?pass)\s*:\s+)"
            rf"(?![0-9]{{3}}(?![\w]))(?!\[redacted\])(?!cannot (?:tell|be told)\b){VALUE}"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        '"',
        re.compile(rf"(?i)((?<!\\)\"(?:{KEYS})\"\s*:\s*\")(?:[^\"\\]|\\.)+"),
        rf"\g<1>{REDACTED}",
    ),
    (
        '\\"',
        re.compile(rf"(?i)((\\{{1,16}})\"(?:{KEYS})\2\"\s*:\s*\2\")(?:(?!(?<!\\)\2\").)+"),
        rf"\g<1>{REDACTED}",
    ),
    (
        "'",
        re.compile(
            rf"(?i)((?<!\\)'(?:{KEYS})'\s*:\s*b?')(?![A-Za-z]* ?\[redacted\])(?:[^'\\]|\\.)+"
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        "&",
        re.compile(
            rf"(?i)((?:&quot;|&\#34;|&\#x22;)(?:{KEYS})(?:&quot;|&\#34;|&\#x22;)\s*:\s*"
            r"(?:&quot;|&\#34;|&\#x22;))(?:(?!&quot;|&\#34;|&\#x22;)[^\n])+"
        ),
        rf"\g<1>{REDACTED}",
    ),
)
"""What a secret looks like: a string (lower case) that must occur at all, the pattern, and what
replaces it."""


def clean_patterns(text: str, titles: Mapping[str, Collection[str]] = MappingProxyType({})) -> str:
    """Replace everything that looks like a secret by ``[redacted]``.

    Args:
        text: Any.
        titles: Of promised items by their ids: an id with a title of its own or with the beginning
            of a reason behind it, as in ``endpoint.login_wrong_password: answered 500``, is no
            setting with its value.
    """
    folded = text.lower()
    for needle, pattern, replacement in PATTERNS:
        if needle not in folded:
            continue
        if needle == ":" and titles:
            text = pattern.sub(lambda found: _unless_item(found, replacement, titles), text)  # noqa: B023 - used at once
        else:
            text = pattern.sub(replacement, text)
    return text


def _unless_item(
    found: re.Match[str], replacement: str, titles: Mapping[str, Collection[str]]
) -> str:
    """The match without what looks like a secret; as it is where an item is told of.

    It is where its whole id stands before the colon and its title, or how a reason begins, behind
    it, and where a kind's word is followed by the name of an item of that kind.
    """
    text = found.string
    name = re.search(r"[\w.-]*\Z", text[max(0, found.start() - LONGEST_ID) : found.start()])
    key = f"{name[0] if name else ''}{found[1].partition(':')[0].rstrip()}"
    value = text[found.end(1) : found.end()]
    is_told = key in titles and (
        WORDS.match(text, found.end(1)) is not None
        or any(_is_title(found, title) for title in titles[key])
    )
    return found[0] if is_told or f"{key}.{value}" in titles else found.expand(replacement)


def _is_title(found: re.Match[str], title: str) -> bool:
    """Whether what would be taken for a value begins a title, whole or cut, and nothing else."""
    text, place = found.string, found.end(1)
    pairs = zip(title, text[place : place + len(title)], strict=False)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    is_whole = same == len(title) or text.startswith(CUTS, place + same)
    return bool(same) and is_whole and not text[place + same : found.end()].strip(".…:!?)")


@functools.lru_cache(maxsize=1024)
def names_secret(key: object) -> bool:
    """Whether a key of a JSON object names a secret."""
    return isinstance(key, str) and SECRET_KEY.match(key) is not None


def looks_like_setting(id_: str) -> bool:
    """Whether an item's id, or its kind, could be read as the name of a secret setting."""
    return any(SETTINGS.search(part) for part in id_.split("."))


def is_placeholder(value: str) -> bool:
    """``{password}`` is what a contract writes where the credential goes; it is none itself."""
    return not value or re.fullmatch(r"\{\w+\}|\[redacted\]", value) is not None
