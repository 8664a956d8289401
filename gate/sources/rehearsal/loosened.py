"""What a schema allows in the tables of before that was refused there: two catalogs compared."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator

from gate.catalog.model import Catalog, Column, Index, Table
from gate.catalog.names import plain, told
from gate.sources.rehearsal import breadth
from gate.sources.rehearsal.breadth import literal
from gate.sources.rehearsal.looser import Looser, bare, mentioned, quoted

CHECK = re.compile(r"CHECK (\(.*\))(?: NO INHERIT)?(?: NOT VALID)?", re.DOTALL)
OF_DOMAIN = re.compile(r" constraint \S+ (CHECK \(.*?\))(?= constraint |$)", re.DOTALL)
REFERS = re.compile(r"FOREIGN KEY \((.*?)\) REFERENCES (.+?)\((.*?)\)")
EXCLUDES = re.compile(
    r"EXCLUDE USING \S+ \((.*?)\)(?: INCLUDE .*?)?(?: WHERE \((.*)\))?(?: DEF.*)?"
)
WITH = re.compile(r"(.+?) WITH (\S+?)(?:, |$)", re.DOTALL)
KEY = re.compile(r"^(\w+|\"(?:[^\"]|\"\")+\") .*$|( desc)?( nulls (first|last))?$", re.DOTALL)


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
    there, here = _by_table(before), _by_table(after)
    types = _types(before) == _types(after)
    for name, now in after.tables.items():
        was, old = before.tables.get(name), there.get(name, [])
        if was is None or name in without or "partition of " in now.partition:
            continue
        if types and was == now and old == here.get(name, []):
            continue
        guards = [one for one in here.get(name, []) if one.unique and one.valid]
        shared = {one for one in was.columns if one in now.columns}
        unique = frozenset(one for index in guards for one in _columns(index, shared))
        key = _key(was, now, shared)
        found += [
            dataclasses.replace(one, unique=unique, key=key)
            for one in (
                *_of_columns(was, now, before, after),
                *_of_checks(was, now, shared),
                *_of_doubles(old, was, now, guards),
                *_of_keys(was, now, after, shared),
            )
            if {*one.columns} <= shared
        ]
    return found


def _by_table(catalog: Catalog) -> dict[str, list[Index]]:
    found: dict[str, list[Index]] = {}
    for one in catalog.indexes.values():
        found.setdefault(one.table, []).append(one)
    return found


def _types(catalog: Catalog) -> tuple[object, dict[str, str]]:
    """Labels of enums and all domains: a column of theirs may take more without being another."""
    objects = {one: is_ for one, is_ in catalog.objects.items() if one.startswith("domain ")}
    return catalog.enums, objects


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
    there = {bare(one) for one in kept}
    for check in OF_DOMAIN.findall(was):
        found = CHECK.fullmatch(check)
        if found is not None and bare(check) not in there:
            yield pair.looser(
                f"{{value}} in {pair.at}, which its domain refused",
                (*breadth.values(was, now, (*kept, check, *pair.checks)), "NULL"),
                re.sub(r"\bVALUE\b", lambda _: pair.row, found[1]),
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
    there = {bare(one) for one in _checks(now)}
    for check in _checks(was):
        found = CHECK.fullmatch(check)
        if found is None or bare(check) in there:
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
                now.name, f"{{value}} in {at}, which {check} refused", columns, values, found[1]
            )  # fmt: skip


def _of_doubles(
    had: Iterable[Index], was: Table, now: Table, guards: list[Index]
) -> Iterator[Looser]:
    """Two rows that are alike: a unique index went, or an exclusion."""
    for old in had:
        columns = _columns(old, was.columns)
        if not (old.unique and old.valid and columns):
            continue
        if any(_guards(one, old) for one in guards):
            continue
        keys = [KEY.sub(r"\1", one) for one in old.columns]
        # What a weaker key refuses still is no news: what it lets in is.
        weaker = [one for one in guards if _guards(_anyhow(one), _anyhow(old))]
        alike = [f"({one}) = ({one})" for one in keys] + [old.predicate or "true"]
        if weaker and not old.nulls_distinct and not any(one.predicate for one in weaker):
            alike = [" OR ".join(f"({one}) IS NULL" for one in keys), old.predicate or "true"]
        alike += [f"({one.predicate}) IS NOT TRUE" for one in weaker if one.predicate]
        yield Looser(
            now.name, f"two rows of {now.name} with the same {', '.join(columns)}", columns,
            alike=" AND ".join(f"({one})" for one in alike),
        )  # fmt: skip
    kept = {bare(one.definition) for one in now.constraints.values()}
    for constraint in was.constraints.values():
        found = EXCLUDES.fullmatch(constraint.definition)
        if found is None or bare(constraint.definition) in kept:
            continue
        alike = [f"({one}) {operator} ({one})" for one, operator in WITH.findall(found[1])]
        alike += [found[2] or "true"]
        yield Looser(
            now.name, f"two rows of {now.name} that {constraint.definition} refused",
            mentioned(f"{found[1]} {found[2] or ''}", was.columns), alike=" AND ".join(alike),
        )  # fmt: skip


def _columns(index: Index, columns: Iterable[str]) -> tuple[str, ...]:
    """A table's columns that an index is made of."""
    return mentioned(" ".join((*index.columns, index.predicate)), columns)


def _guards(one: Index, old: Index) -> bool:
    """Whether an index refuses all that another one does."""
    return (
        {*map(bare, one.columns)} <= {*map(bare, old.columns)}
        and bare(one.predicate) in ("", bare(old.predicate))
        and (old.nulls_distinct or not one.nulls_distinct)
    )


def _anyhow(one: Index) -> Index:
    """An index as if it were one of all rows, and of NULLs as of any value."""
    return one.model_copy(update={"predicate": "", "nulls_distinct": False})


def _of_keys(was: Table, now: Table, after: Catalog, shared: Collection[str]) -> Iterator[Looser]:
    there = {found[0] for one in now.constraints.values()
             if (found := REFERS.match(one.definition))}  # fmt: skip
    for constraint in was.constraints.values():
        found = REFERS.match(constraint.definition)
        if found is None or constraint.copied or found[0] in there:
            continue
        columns, parent = mentioned(found[1], was.columns), told(found[2])
        own, theirs = (re.split(r", (?=[\w\"])", found[number]) for number in (1, 3))
        kept = mentioned(found[3], after.tables[parent].columns) if parent in after.tables else ()
        if len(kept) < len(theirs) or not {*columns} <= {*shared}:
            continue
        same = " AND ".join(f"p_.{b} = r_.{a}" for a, b in zip(own, theirs, strict=True))
        null = " OR ".join(f"r_.{one} IS NULL" for one in own)
        values = {
            one: breadth.values(was.columns[one].type, now.columns[one].type, ()) for one in columns
        }
        yield Looser(
            now.name, f"a row of {now.name} whose {', '.join(columns)} is in no row of {parent}",
            columns, values, f"{null} OR EXISTS (SELECT FROM {found[2]} AS p_ WHERE {same})",
        )  # fmt: skip
