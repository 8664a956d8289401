"""What a schema allows in the tables of before that was refused there: two catalogs compared."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from gate.catalog.expression import normal
from gate.catalog.model import Catalog, Column, Index, Table
from gate.catalog.names import plain, told
from gate.sources.rehearsal import breadth
from gate.sources.rehearsal.breadth import literal

WORD = re.compile(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")+)\"|([A-Za-z_][\w$]*)")
CAST = re.compile(r"::[\w.]+")
CHECK = re.compile(r"CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?", re.DOTALL)
OF_DOMAIN = re.compile(r" constraint \S+ (CHECK \(.*?\))(?= constraint |$)", re.DOTALL)
REFERS = re.compile(r"FOREIGN KEY \((.*?)\) REFERENCES (.+?)\((.*?)\)")
EXCLUDES = re.compile(
    r"EXCLUDE USING \S+ \((.*?)\)(?: INCLUDE .*?)?(?: WHERE \((.*)\))?(?: DEF.*)?"
)
WITH = re.compile(r"(.*) WITH (\S+)", re.DOTALL)
ORDER = re.compile(r"( desc)?( nulls (first|last))?$")


@dataclasses.dataclass(frozen=True)
class Looser:
    """One thing that is allowed since.

    Attributes:
        table: Where.
        what: The row in words; ``{value}`` stands for what was written.
        columns: That make it what it is.
        values: By column, SQL of values that are worth a try.
        accepted: SQL of whether the schema of before takes a row ``r_``; empty: see ``alike``.
        alike: SQL of whether a row was not to have a second one of its values in these columns.
        replaced: Whether something else stands in its place: it may refuse the same.
        unique: Columns of which no two rows may have the same, with others or alone.
        key: Columns of the primary key, in both schemas.
    """

    table: str
    what: str
    columns: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    accepted: str = ""
    alike: str = ""
    replaced: bool = False
    unique: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()


def loosened(before: Catalog, after: Catalog, without: Collection[str] = ()) -> list[Looser]:
    """Everything that is allowed since, in tables that are in both catalogs.

    NOT NULL, types, labels of enums, domains, CHECK, UNIQUE, EXCLUDE and foreign keys; whether a
    row can use it is only known once one is written. Tables and columns of another name, bounds of
    partitions, policies and what triggers refuse are left out.

    Args:
        before: The schema that a step was applied to.
        after: The schema that it led to.
        without: Tables that are Alembic's own.
    """
    found: list[Looser] = []
    for name, now in after.tables.items():
        was = before.tables.get(name)
        if was is None or name in without or "partition of " in now.partition:
            continue
        own = [one for one in after.indexes.values() if one.table == name]
        guards = [one for one in own if one.unique and one.valid]
        shared = {one for one in was.columns if one in now.columns}
        unique = frozenset(one for index in guards for one in _columns(index, shared))
        key = _key(was, now, shared)
        found += [
            dataclasses.replace(one, unique=unique, key=key)
            for one in (
                *_of_columns(was, now, before, after),
                *_of_checks(was, now, shared),
                *_of_doubles(before, was, now, guards, shared),
                *_of_keys(was, now, after, shared),
            )
            if {*one.columns} <= shared
        ]
    return found


def mentioned(text: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Of a table's columns those that an expression names."""
    bare = CAST.sub("", text)
    words = {(one[1] or "").replace('""', '"') or one[2] for one in WORD.finditer(bare)}
    return tuple(one for one in columns if one in words)


def _key(was: Table, now: Table, shared: Collection[str]) -> tuple[str, ...]:
    """Columns of the primary key, where both schemas have the same."""
    kept = {one.definition for one in now.constraints.values()}
    for one in was.constraints.values():
        if one.definition.startswith("PRIMARY KEY") and one.definition in kept:
            return mentioned(one.definition.partition("(")[2], sorted(shared))
    return ()


@dataclasses.dataclass(frozen=True)
class _Pair:
    """A column before and now, with the catalogs, and the checks that name it."""

    table: str
    name: str
    was: Column
    now: Column
    before: Catalog
    after: Catalog
    checks: tuple[str, ...]

    @property
    def at(self) -> str:
        return f"{self.table}.{plain(self.name)}"

    @property
    def row(self) -> str:
        return f"r_.{quoted(self.name)}"

    def looser(
        self, what: str, values: tuple[str, ...], accepted: str, *, replaced: bool = False
    ) -> Looser:
        given = {self.name: values}
        return Looser(self.table, what, (self.name,), given, accepted, replaced=replaced)


def _of_columns(was: Table, now: Table, before: Catalog, after: Catalog) -> Iterator[Looser]:
    for name, one in now.columns.items():
        old = was.columns.get(name)
        if old is None or one.generated or one.identity == "always":
            continue
        checks = tuple(
            check for check in (*_checks(was), *_checks(now)) if mentioned(check, (name,))
        )
        pair = _Pair(now.name, name, old, one, before, after, checks)
        domains = [each.objects.get(f"domain {told(one.type)}", "") for each in (before, after)]
        if old.type == one.type and all(domains):
            yield from _of_domain(pair, domains[0], domains[1])
        elif one.nullable and not old.nullable:
            yield pair.looser(f"NULL in {pair.at}", ("NULL",), f"{pair.row} IS NOT NULL")
        yield from _of_labels(pair)


def _of_domain(pair: _Pair, was: str, now: str) -> Iterator[Looser]:
    """A domain that was altered, or made anew under the same name."""
    refused = not pair.was.nullable or _refuses(was)
    if refused and pair.now.nullable and not _refuses(now):
        yield pair.looser(f"NULL in {pair.at}", ("NULL",), f"{pair.row} IS NOT NULL")
    kept = OF_DOMAIN.findall(now)
    for check in OF_DOMAIN.findall(was):
        found = CHECK.fullmatch(check)
        if found is not None and check not in kept:
            yield pair.looser(
                f"{{value}} in {pair.at}, which its domain refused",
                (*breadth.values(was, now, (*kept, check, *pair.checks)), "NULL"),
                re.sub(r"\bVALUE\b", lambda _: pair.row, found[1]), replaced=bool(kept),
            )  # fmt: skip


def _of_labels(pair: _Pair) -> Iterator[Looser]:
    """An enum of more labels, or of another type; any other type that became another one."""
    old, new = pair.was.type, pair.now.type
    had = pair.before.enums.get(told(old.removesuffix("[]")))
    labels = pair.after.enums.get(told(new.removesuffix("[]")))
    more = [one for one in labels or () if one not in (had or ())]
    many = new.endswith("[]") and old.endswith("[]")
    values = breadth.values(old, new, pair.checks)
    if had and (more or labels is None):
        known = f"ARRAY[{', '.join(map(literal, had))}]"
        tried = tuple(literal(f"{{{one}}}" if many else one) for one in more)
        text = f"{pair.row}::text"
        accepted = f"{text}[] <@ {known}" if many else f"{text} = ANY ({known})"
        yield pair.looser(f"{{value}} in {pair.at}", tried or values, accepted)
    elif old != new and not had:
        values = (*map(literal, labels or ()), *values)
        same = f"to_jsonb({pair.row}::text::{old}::text::{new}) = to_jsonb({pair.row})"
        yield pair.looser(f"{{value}} in {pair.at}, which was {old}", values, same, replaced=True)


def _refuses(domain: str) -> bool:
    """Whether a domain refuses NULL."""
    return " not null" in domain.partition(" constraint ")[0].partition(" default ")[0]


def _checks(table: Table) -> list[str]:
    return [one.definition for one in table.constraints.values() if CHECK.match(one.definition)]


def _of_checks(was: Table, now: Table, shared: Collection[str]) -> Iterator[Looser]:
    there = {normal(one) for one in _checks(now)}
    for check in _checks(was):
        found = CHECK.fullmatch(check)
        if found is None or normal(check) in there:
            continue
        columns = mentioned(check, sorted(shared))
        others = [one for one in _checks(now) if {*mentioned(one, shared)} & {*columns}]
        values = {
            one: ("NULL", *breadth.values(
                was.columns[one].type, now.columns[one].type, [*others, check]))
            for one in columns
        }  # fmt: skip
        at = f"{now.name}.{plain(columns[0])}" if len(columns) == 1 else now.name
        if columns and {*mentioned(check, was.columns)} == {*columns}:
            yield Looser(
                now.name, f"{{value}} in {at}, which {check} refused", columns, values, found[1],
                replaced=bool(others),
            )  # fmt: skip


def _of_doubles(
    before: Catalog, was: Table, now: Table, guards: list[Index], shared: Collection[str]
) -> Iterator[Looser]:
    """Two rows that are alike: a unique index went, or an exclusion."""
    for old in before.indexes.values():
        columns = _columns(old, was.columns)
        if old.table != was.name or not (old.unique and old.valid) or not columns:
            continue
        if any(_guards(one, old) for one in guards):
            continue
        keys = [ORDER.sub("", one) for one in old.columns]
        alike = [f"({one}) = ({one})" for one in keys] + [old.predicate or "true"]
        others = any({*_columns(one, shared)} & {*columns} for one in guards)
        at = ", ".join(columns)
        yield Looser(
            now.name, f"two rows of {now.name} with the same {at}", columns,
            alike=" AND ".join(alike), replaced=others,
        )  # fmt: skip
    kept = {normal(one.definition) for one in now.constraints.values()}
    for constraint in was.constraints.values():
        found = EXCLUDES.fullmatch(constraint.definition)
        if found is None or normal(constraint.definition) in kept:
            continue
        pairs = [pair for one in found[1].split(", ") if (pair := WITH.fullmatch(one))]
        alike = [f"({one[1]}) {one[2]} ({one[1]})" for one in pairs] + [found[2] or "true"]
        yield Looser(
            now.name, f"two rows of {now.name} that {constraint.definition} refused",
            mentioned(f"{found[1]} {found[2] or ''}", was.columns), alike=" AND ".join(alike),
            replaced=any("EXCLUDE" in one for one in kept),
        )  # fmt: skip


def _columns(index: Index, columns: Iterable[str]) -> tuple[str, ...]:
    """A table's columns that an index is made of."""
    return mentioned(" ".join((*index.columns, index.predicate)), columns)


def _guards(one: Index, old: Index) -> bool:
    """Whether an index refuses all that another one does."""
    return (
        {*map(str.lower, one.columns)} <= {*map(str.lower, old.columns)}
        and one.predicate in ("", old.predicate)
        and (old.nulls_distinct or not one.nulls_distinct)
    )


def _of_keys(was: Table, now: Table, after: Catalog, shared: Collection[str]) -> Iterator[Looser]:
    there = {found[0]: mentioned(found[1], shared) for one in now.constraints.values()
             if (found := REFERS.match(one.definition))}  # fmt: skip
    for constraint in was.constraints.values():
        found = REFERS.match(constraint.definition)
        if found is None or constraint.copied or found[0] in there:
            continue
        columns, parent = mentioned(found[1], was.columns), told(found[2])
        own, theirs = (re.split(r", (?=[\w\"])", found[number]) for number in (1, 3))
        if parent not in after.tables or not {*columns} <= {*shared}:
            continue
        same = " AND ".join(f"p_.{b} = r_.{a}" for a, b in zip(own, theirs, strict=True))
        null = " OR ".join(f"r_.{one} IS NULL" for one in own)
        values = {
            one: breadth.values(was.columns[one].type, now.columns[one].type, ()) for one in columns
        }
        yield Looser(
            now.name, f"a row of {now.name} whose {', '.join(columns)} is in no row of {parent}",
            columns, values, f"{null} OR EXISTS (SELECT FROM {found[2]} AS p_ WHERE {same})",
            replaced=any({*columns} & {*one} for one in there.values()),
        )  # fmt: skip


def quoted(name: str) -> str:
    """A column's name for SQL."""
    return '"{}"'.format(name.replace('"', '""'))
