"""How what the contract does not speak of is no longer what it was, or is not what is listed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from gate.catalog.diff import Diff
from gate.catalog.model import Catalog
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.kinds.unpromised import promised, unpromised
from gate.kinds.unspoken_roles import explained, reads_roles
from gate.kinds.unspoken_words import flat, in_words, words
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause

Change = Literal["added", "removed", "changed"]
NAMED = ("table", "column", "constraint", "index", "enum")
"""Kinds whose objects the contract has to name one by one: what it does not is told as that."""
MOST = 100
"""Differences that are told one by one."""


def not_whole(when: str, catalog: Catalog) -> CannotTell | None:
    """Why nothing can be told of all objects of a catalog."""
    if catalog.locked:
        return CannotTell(f"locked {when}: {', '.join(catalog.locked)}", Cause.TIMEOUT)
    if not catalog.whole:
        return CannotTell(
            f"the look {when} read no functions, triggers, grants and the like; "
            f"look again with this contract",
            Cause.UPSTREAM,
        )
    return None


def other_view(before: Catalog, after: Catalog) -> CannotTell | None:
    """Why two catalogs cannot be compared: what PostgreSQL prints depends on the schemas in use."""
    if before.closed != after.closed:
        return CannotTell("the role may not use the same schemas as before", Cause.PERMISSION)
    if reads_roles(before) != reads_roles(after):
        return CannotTell(
            "one of the two looks read no roles and members: look again before", Cause.UPSTREAM
        )
    return None


@dataclasses.dataclass(frozen=True)
class Changes:
    """How what the contract does not speak of is not as it was.

    Attributes:
        found: Every difference.
        implied: Keys of those that come with what the contract has come or go.
    """

    found: Diff
    implied: frozenset[str]


def compared(
    before: Catalog, after: Catalog, contract: Contract, moments: tuple[Moment, Moment]
) -> Changes:
    """Compare what no item promises at two moments.

    What goes with an object that the contract has gone is implied, and so is what comes with one
    that it has come: the rights that were to be given to new tables, a column's sequence.
    """
    was, is_ = (
        unpromised(one, contract, moment)
        for one, moment in zip((before, after), moments, strict=True)
    )
    named = tuple(promised(contract, moment) for moment in moments)
    found = Diff(
        missing={key: text for key, text in was.items() if key not in is_},
        extra={key: text for key, text in is_.items() if key not in was},
        changed={
            key: (text, is_[key]) for key, text in was.items() if key in is_ and text != is_[key]
        },
    )
    gone = [(_parts(was, *kinds) - _parts(is_, *kinds), how) for kinds, how in GO]
    new = _parts(is_, "table", "column") - _parts(was, "table", "column")
    goes = {key for key, text in found.missing.items() if _goes(key, text, gone, named)}
    comes = {
        key
        for key, text in found.extra.items()
        if _expected(key, text, named[1], before)
        or _hangs(key, text, new, COME)
        or _by_default(key, text, before, after)
    }
    return Changes(found, frozenset(goes | comes | explained(found)))


def undeclared(changes: Changes, declared: Mapping[str, Change]) -> Iterator[str]:
    """Say what has changed and is not declared, and what is declared and has not changed.

    Args:
        changes: All differences.
        declared: What is to happen to objects, by key; ``*`` stands for any characters.
    """
    found = changes.found
    happened = [
        *(
            (key, "removed", f"{key} is gone{in_words(text)}")
            for key, text in found.missing.items()
        ),
        *((key, "added", f"{key} is new{in_words(text)}") for key, text in found.extra.items()),
        *((key, "changed", f"{key}: {words(*two)}") for key, two in found.changed.items()),
    ]
    left = dict(declared)
    sentences = []
    for key, what, sentence in sorted(happened):
        wanted = [one for one, how in declared.items() if how == what and matches(one, key)]
        for one in wanted:
            left.pop(one, None)
        if not wanted and key not in changes.implied:
            sentences.append(sentence)
    yield from limited(sentences)
    for one, how in left.items():
        yield f"{one} is declared as {how}, and is not"


UNSAID = "(not written down)"
"""In a listing for the definition of what may hold a secret: any will do."""


DIGEST = re.compile(r"(?:mapping )?md5 [0-9a-f]{8}")
"""What stands for an application's setting, or for a login at another server."""


def sayable(text: str) -> str:
    """A definition as it is written into a listing."""
    return UNSAID if DIGEST.fullmatch(text) or known.clean(text) != text else text


def listed(listing: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Say how what is there differs from what is listed.

    A role that only came into sight or went out of it, by what is told itself, is not told: that it
    is missing would say that somebody dropped it.
    """
    there = {key: text for key, text in found.items() if text}
    differs = Diff(
        missing={key: text for key, text in listing.items() if key not in there},
        extra={key: text for key, text in there.items() if key not in listing},
        changed={
            key: (text, there[key])
            for key, text in listing.items()
            if key in there and text != UNSAID and flat(text) != flat(there[key])
        },
    )
    alone = explained(differs)
    sentences = [
        f"{key} is {how}{in_words(text)}"
        for how, of in (("not listed", differs.extra), ("missing", differs.missing))
        for key, text in of.items()
        if key not in alone
    ]
    sentences += [f"{key}: {words(*two)}" for key, two in differs.changed.items()]
    yield from limited(sorted(sentences))


def limited(sentences: list[str]) -> Iterable[str]:
    """As many as anybody reads."""
    more = len(sentences) - MOST
    return [*sentences[:MOST], *([f"and {more} more differences"] if more > 0 else [])]


def matches(pattern: str, key: str) -> bool:
    """Whether a key is one that is meant; nothing but ``*`` has a meaning of its own."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), key, re.DOTALL))


def _parts(found: Mapping[str, str], *kinds: str) -> set[str]:
    """Names of some kinds of objects."""
    return {
        key.removeprefix(f"{kind} ")
        for kind in kinds
        for key in found
        if key.startswith(f"{kind} ")
    }


COME = (
    r"^comment on (table|column) ({names})(\.\S+)?\0",
    r"^comment on table constraint .* on ({names})\0",
    r"^sequence .*\0.* owned by ({names})(\.[^.]+)?$",
)
"""What hangs on a new table or column and harms nobody."""
GO: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("table", "column", "view", "materialized view", "foreign table", "sequence"),
        (
            *COME,
            r"^grant on (table|column|sequence) ({names}) to ",
            r'^(trigger|policy|rule) ({names})\.("([^"]|"")*"|[^".]*)\0',
            r"^published ({names}) in ",
            r"^trigger ({names}) of constraint ",
            r"^statistics .*\0.* FROM ({names})$",
        ),
    ),
    (("function", "procedure", "aggregate"), (r"^grant on function ({names}) to ",)),
    (("schema",), (r"^grant on schema ({names}) to ",)),
    (("domain", "enum", "type"), (r"^grant on type ({names}) to ",)),
)
"""What goes with an object, by the kinds of objects that have their names in common."""
Gone = Sequence[tuple[Collection[str], Iterable[str]]]
"""Names of what is away, and what goes with each."""


def _hangs(key: str, text: str, names: Collection[str], how: Iterable[str]) -> bool:
    """Whether something hangs on one of some tables and columns."""
    if not names:
        return False
    either = "|".join(map(re.escape, sorted(names)))
    told = f"{key}\0{text}"
    return any(re.search(one.replace("{names}", either), told, re.DOTALL) for one in how)


def _goes(key: str, text: str, gone: Gone, named: tuple[set[str], ...]) -> bool:
    """Whether something is away because the contract has it so, or with what is away."""
    kind = key.partition(" ")[0]
    if kind in ("column", "constraint"):
        return _table_of(key) in named[0]
    if kind in (*NAMED, "extension"):
        return key in named[0] and key not in named[1]
    return any(_hangs(key, text, names, how) for names, how in gone)


def _expected(key: str, text: str, named: set[str], before: Catalog) -> bool:
    """Whether the contract says everything that there is to be said of something new.

    What it had to name and does not is told as that, and not as a change.
    """
    kind = key.partition(" ")[0]
    if kind == "extension":
        return key in named
    if kind not in NAMED:
        return False
    if not text or (_table_of(key) if kind in ("column", "constraint") else key) not in named:
        return True
    owners = {one.owner for one in before.tables.values()}
    usual = (form.format(one) for form in ("permanent, owner {}", "owner {}") for one in owners)
    return kind in ("table", "enum") and text in usual


def _table_of(key: str) -> str:
    """The key of the table of a column or a constraint."""
    name = re.sub(r'\.("([^"]|"")*"|[^".]*)$', "", key.partition(" ")[2])
    return f"table {name}"


def _by_default(key: str, text: str, before: Catalog, after: Catalog) -> bool:
    """Whether a right is what was to be granted on everything new of its owner."""
    found = re.fullmatch(r"grant on (table|sequence) (.+) to (.+?)", key)
    if found is None or found[2] in before.tables or f"sequence {found[2]}" in before.objects:
        return False
    owner = _owner(found[2], after)
    schema = found[2].rpartition(".")[0] or "public"
    wanted = (
        f"default grant of {owner}{of} on {found[1]}s to {found[3]}" for of in ("", f" in {schema}")
    )
    return any(before.objects.get(one) == text for one in wanted)


def _owner(name: str, after: Catalog) -> str:
    """The owner of a table, or of a sequence: its table's, where it is a column's."""
    text = after.objects.get(f"sequence {name}", "")
    table = text.rpartition(" owned by ")[2].rpartition(".")[0] if text else name
    if table in after.tables:
        return after.tables[table].owner
    return after.owners.get(f"sequence {name}", "")
