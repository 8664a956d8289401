"""What a schema newly allows, what became of a row that uses it, and what is said of that."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gate.catalog.model import Column, Constraint, Index
from gate.report.snapshot.rehearsal import _receipt
from gate.sources.fact import Seen
from gate.sources.rehearsal import breadth
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.first_row import made_again
from gate.sources.rehearsal.loosened import loosened
from gate.sources.rehearsal.looser import Looser, bare, mentioned
from gate.sources.rehearsal.narrowing import judged
from gate.sources.rehearsal.newcomer import Newcomer
from gate.sources.rehearsal.newly import Newly
from gate.sources.rehearsal.nothing import together
from tests.selftest.given import finding
from tests.selftest.judgements.test_catalogs import catalog, table
from tests.selftest.judgements.test_rehearsals import (
    BACK,
    CHANGES,
    ONE_WAY,
    receipts,
    said,
    where,
)

TEXT = Column(name="c", type="text", nullable=True)
NUMBER = Column(name="n", type="integer", nullable=True)
UNIQUE = Index(name="u", table="t", method="btree", columns=("c", "n"), unique=True)
LEADS = "FOREIGN KEY (n) REFERENCES p(id)"


def of(column: Column = TEXT, *others: Column, checks: tuple[str, ...] = (), **more: Any) -> Any:
    """A catalog of a table ``t`` with these columns and constraints, and of a table ``p``."""
    columns = {one.name: one for one in (column, *others)}
    found = {f"k{number}": Constraint(name=f"k{number}", definition=text)
             for number, text in enumerate(checks)}  # fmt: skip
    tables = {"t": table(columns=columns, constraints=found, partition=more.pop("partition", ""))}
    tables |= {"p": table("p")} if more.pop("parent", True) else {}
    return catalog(**{"tables": tables, "indexes": {}, **more})


def change(column: Any, **changes: Any) -> Any:
    """A column, or an index, that is another one."""
    return column.model_copy(update=changes)


NEEDED = change(TEXT, nullable=False)
MOOD = change(TEXT, type="mood")
MOODS = change(TEXT, type="mood[]")
MORE: dict[str, Any] = {"enums": {"mood": ("good", "bad", "odd")}}
OF_TEXT: dict[str, Any] = {
    "objects": {"domain d": "text not null default 'x' constraint k CHECK ((VALUE <> 'a'::text))"}
}
OPEN: dict[str, Any] = {"objects": {"domain d": "text default ' not null'"}}
IN_D = change(TEXT, type="d")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (of(), of(), []),
        (of(), of(TEXT, NUMBER), []),
        (of(), of(checks=("CHECK ((c <> ''::text))",)), []),
        (of(TEXT, NUMBER), of(), ["t"]),
        (of(NEEDED), of(), ["t"]),
        (of(NUMBER), of(change(NUMBER, type="bigint")), ["t"]),
        (of(checks=("UNIQUE (c)",)), of(), ["t"]),
        (of(NEEDED), of(partition="partition of p"), []),
        (of(NEEDED, parent=False), of(), ["t"]),
        (of(), of(parent=False), []),
    ],
)
def test_tables_of_which_something_is_made_again(before: Any, after: Any, expected: Any) -> None:
    """What was there, and is not as it was: the way down makes it over the rows that there are."""
    assert made_again(before, after) == expected
    assert made_again(before, after, ("t",)) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (of(), of(), []),
        (of(NEEDED), of(), ["NULL in t.c"]),
        (of(), of(NEEDED), []),
        (of(NEEDED), of(change(NEEDED, name="d")), []),
        (of(NEEDED), of(partition="partition of p"), []),
        (of(NEEDED), of(change(TEXT, generated="stored")), []),
        (of(NEEDED), of(change(TEXT, identity="always")), []),
        (of(NEEDED), of(change(TEXT, identity="by default")), ["NULL in t.c"]),
        (of(NUMBER), of(change(NUMBER, type="bigint")), ["{value} in t.n, which was integer"]),
        (of(MOOD), of(MOOD, **MORE), ["{value} in t.c"]),
        (of(MOOD, **MORE), of(MOOD), []),
        (of(MOODS), of(MOODS, **MORE), ["{value} in t.c"]),
        (of(MOOD), of(TEXT), ["{value} in t.c"]),
        (of(IN_D, **OF_TEXT), of(IN_D, **OPEN),
         ["NULL in t.c", "{value} in t.c, which its domain refused"]),
        (of(IN_D, **OPEN), of(IN_D, **OF_TEXT), []),
        (of(NUMBER, checks=("CHECK ((n > 0))",)), of(NUMBER),
         ["{value} in t.n, which CHECK ((n > 0)) refused"]),
        (of(NUMBER, TEXT, checks=("CHECK ((n > c)) NOT VALID",)), of(NUMBER, TEXT),
         ["{value} in t, which CHECK ((n > c)) NOT VALID refused"]),
        (of(NUMBER, checks=("CHECK ((n > 0))",)), of(NUMBER, checks=("x", "CHECK ((n > 0))")), []),
        (of(NUMBER, TEXT, checks=("CHECK ((n > c))",)), of(NUMBER), []),
        (of(TEXT, NUMBER, indexes={"u": UNIQUE}), of(TEXT, NUMBER),
         ["two rows of t with the same c, n"]),
        (of(TEXT, NUMBER, indexes={"u": UNIQUE}),
         of(TEXT, NUMBER, indexes={"v": change(UNIQUE, name="v", columns=("c",))}), []),
        (of(TEXT, NUMBER, indexes={"u": UNIQUE}),
         of(TEXT, NUMBER, indexes={"u": change(UNIQUE, predicate="(n > 1)")}),
         ["two rows of t with the same c, n"]),
        (of(TEXT, NUMBER, indexes={"u": change(UNIQUE, nulls_distinct=False)}),
         of(TEXT, NUMBER, indexes={"u": UNIQUE}), ["two rows of t with the same c, n"]),
        (of(TEXT, NUMBER, indexes={"u": change(UNIQUE, valid=False)}), of(TEXT, NUMBER), []),
        (of(TEXT, NUMBER, indexes={"u": UNIQUE}), of(TEXT), []),
        (of(checks=("EXCLUDE USING gist (c WITH =, lower(c) WITH &&) WHERE ((c > 'a'::text))",)), of(),
         ["two rows of t that EXCLUDE USING gist (c WITH =, lower(c) WITH &&) WHERE "
          "((c > 'a'::text)) refused"]),
        (of(NUMBER, checks=(LEADS,)), of(NUMBER), ["a row of t whose n is in no row of p"]),
        (of(NUMBER, checks=(LEADS,)), of(NUMBER, checks=(f"{LEADS} ON DELETE CASCADE",)), []),
        (of(NUMBER, checks=(LEADS,)), of(NUMBER, parent=False), []),
    ],
)  # fmt: skip
def test_what_is_newly_allowed(before: Any, after: Any, expected: list[str]) -> None:
    """What is allowed since, and nothing that is refused since or told otherwise."""
    assert [one.what for one in loosened(before, after)] == expected
    assert loosened(before, after, ("t",)) == []


def test_how_it_is_known_that_it_was_refused() -> None:
    """By an expression about the row, or by a second row that is alike."""
    one = loosened(of(NUMBER), of(change(NUMBER, type="bigint")))[0]
    assert one.accepted == 'to_jsonb(r_."n"::text::integer::text::bigint) = to_jsonb(r_."n")'
    assert one.replaced
    assert "'3000000000'" in one.values["n"]
    label = loosened(of(MOOD), of(MOOD, **MORE))[0]
    assert label.values == {"c": ("'odd'",)}
    assert label.accepted == "r_.\"c\"::text = ANY (ARRAY['good', 'bad'])"
    many = loosened(of(MOODS), of(MOODS, **MORE))[0]
    assert (many.values, many.accepted[-19:]) == (
        {"c": ("'{odd}'",)}, "ARRAY['good', 'bad']"[-19:])  # fmt: skip
    domain = loosened(of(IN_D, **OF_TEXT), of(IN_D, **OPEN))[1]
    assert domain.accepted == "((r_.\"c\" <> 'a'::text))"
    assert "'a'" in domain.values["c"]
    partial = change(UNIQUE, predicate="(n > 1)", columns=("c desc", "lower(c)"))
    two = loosened(of(TEXT, NUMBER, indexes={"u": partial}), of(TEXT, NUMBER))[0]
    assert two.alike == "((c) = (c)) AND ((lower(c)) = (lower(c))) AND ((n > 1))"
    old, new = (of(TEXT, NUMBER, indexes={"u": one}) for one in (
        change(UNIQUE, columns=("c",)), change(UNIQUE, columns=("c",), predicate="(n > 1)")))  # fmt: skip
    assert loosened(old, new)[0].alike == "((c) = (c)) AND (true) AND (((n > 1)) IS NOT TRUE)"
    nulls = of(TEXT, NUMBER, indexes={"u": change(UNIQUE, nulls_distinct=False)})
    weaker = of(TEXT, NUMBER, indexes={"u": UNIQUE})
    assert loosened(nulls, weaker)[0].alike == "((c) IS NULL OR (n) IS NULL) AND (true)"
    assert loosened(nulls, of(TEXT, NUMBER))[0].alike == "((c) = (c)) AND ((n) = (n)) AND (true)"
    apart = of(TEXT, checks=("EXCLUDE USING gist (f(c, 1) WITH =, c WITH &&)",))
    assert loosened(apart, of())[0].alike == "(f(c, 1)) = (f(c, 1)) AND (c) && (c) AND true"
    key = loosened(of(NUMBER, checks=(LEADS,)), of(NUMBER))[0]
    assert key.accepted == "r_.n IS NULL OR EXISTS (SELECT FROM p AS p_ WHERE p_.id = r_.n)"
    guarded = of(NEEDED, NUMBER, checks=("PRIMARY KEY (n)",), indexes={"u": UNIQUE})
    null = loosened(guarded, of(TEXT, NUMBER, checks=("PRIMARY KEY (n)",), indexes={"u": UNIQUE}))[
        0
    ]
    assert (null.key, null.unique) == (("n",), frozenset({"c", "n"}))


@pytest.mark.parametrize(
    ("old", "new", "checks", "first"),
    [
        ("character varying(3)", "character varying(5)", (), "'wwww'"),
        ("character varying(3)", "text", (), "'wwww'"),
        ("text", "character varying(5)", (), "'wwwww'"),
        ("numeric(5,2)", "numeric(8,2)", (), "'1000'"),
        ("bit(3)", "bit varying(8)", (), "'wwww'"),
        ("character varying(2)[]", "text[]", (), "'{www}'"),
        ("text", "text", ("CHECK ((char_length(c) <= 4))",), "'wwwww'"),
        ("text", "text", ("CHECK ((c = 'it''s'::text))",), "'it''s'"),
        ("integer", "bigint", (), "'40000'"),
    ],
)
def test_values_that_were_too_much(old: str, new: str, checks: tuple[str, ...], first: str) -> None:
    """The longer, the larger, and what a check names."""
    assert breadth.values(old, new, checks)[0] == first


def test_expressions_that_a_type_alone_made_others() -> None:
    """A cast comes with a type; what is compared stays."""
    assert bare("((c)::text <> ''::text)") == bare("(c <> ''::character varying)")
    assert bare("(lower((c)::text))") == bare("(lower(c))") != bare("(upper(c))")
    assert bare("(a OR (b AND c))") != bare("((a OR b) AND c)")


def test_columns_that_an_expression_names() -> None:
    """Neither texts nor types are names."""
    columns = ("a", "text", "b c", "d")
    assert mentioned("((a)::text = 'd'::text) AND \"b c\" > 1", columns) == ("a", "b c")


ROW = Newcomer(
    Looser("t", "x", ("c",)), "'a' in t.c", {"c": "a long one"}, {"id": "1"}, None, (3, 1)
)
TWO = dataclasses.replace(ROW, values={"b": "somebody's", "c": "a long one"})
EMPTY = dataclasses.replace(ROW, values={"c": None})


@pytest.mark.parametrize(
    ("one", "after", "now", "expected"),
    [
        (ROW, (3, 1), {"c": "a long one"}, None),
        (ROW, (4, 1), {"c": "a long one"}, None),
        (ROW, (2, 0), None, ("lost", "the row is deleted")),
        (ROW, (2, 1), {"c": "a long one"}, ("lost", "the row is deleted")),
        (ROW, (1, 1), {"c": "a long one"}, ("lost", "2 rows are deleted")),
        (ROW, (3, 0), {"c": "somebody's"}, ("lost", "it is another value then")),
        (ROW, (3, 0), {"c": "a long"}, ("lost", "it is cut to 6 characters then")),
        (ROW, (3, 0), {"c": None}, ("lost", "it is NULL then")),
        (ROW, (3, 0), {"c": ""}, ("lost", "it is '' then")),
        (ROW, (3, 0), None, ("lost", "it is another value then")),
        (ROW, (3, 0), {"c": "a long one"}, ("lost", "another row is not what it was")),
        (TWO, (3, 0), {"b": "somebody's", "c": None}, ("lost", "it is NULL then")),
        (EMPTY, (3, 0), {"c": ""}, ("filled", "it is '' then")),
        (EMPTY, (3, 0), {"c": "somebody's"}, ("filled", "it is another value then")),
        (EMPTY, (2, 0), None, ("lost", "the row is deleted")),
    ],
)
def test_what_became_of_a_row(one: Newcomer, after: Any, now: Any, expected: Any) -> None:
    """It is there as it was, is gone, holds something else, or holds something at last.

    What it holds then may be anybody's, and is not told.
    """
    found = judged(one, after, now)
    assert (found and (found.how, found.came)) == expected
    assert found is None or (found.what, found.table) == ("'a' in t.c", "t")


FAILS = Newly(what="NULL in t.c", table="t", how="failed", came="boom")
LOSES = Newly(what="'a' in t.c", table="t", how="lost", came="the row is deleted")
FILLS = Newly(what="NULL in t.c", table="t", how="filled", came="it is '' then")
FIRST = Newly(what="the first row of t", table="t", how="failed", came="boom", first=True)
FIRST_TOLD = "only with the first row of t: boom: b"
JUDGED = 'newly_allowed = "judged"\n'
FAILED, LOST = (
    f"only with what it newly allows ({one.what}): {one.came}: b" for one in (FAILS, LOSES)
)


@pytest.mark.parametrize(
    ("newly", "head", "expected"),
    [
        ((FAILS,), "", f"WARN {FAILED}"),
        ((FAILS, LOSES), "", f"WARN {FAILED}; WARN {LOST}"),
        ((FIRST,), "", f"WARN {FIRST_TOLD}"),
        ((FAILS, FIRST), JUDGED, f"{FIRST_TOLD}; {FAILED}"),
        ((FIRST,), ONE_WAY, "WARN the point of no return is b, as declared: it is meant"),
        ((FILLS,), "", ""),
        ((FILLS,), JUDGED, ""),
        ((FAILS, FILLS, LOSES), JUDGED, f"{FAILED}; {LOST}"),
        ((FAILS, LOSES), JUDGED + ONE_WAY,
         "WARN the point of no return is b, as declared: it is meant"),
        ((LOSES,), ONE_WAY, "b is declared one-way, and can be undone"),
        ((LOSES,), CHANGES, "WARN b changes rows for good: it is meant"),
        ((LOSES, FAILS), JUDGED + CHANGES, FAILED),
        ((LOSES.model_copy(update={"table": "u"}),), CHANGES,
         "b is declared to change rows of t, and does not"),
    ],
)  # fmt: skip
def test_what_is_said_of_it(newly: tuple[Newly, ...], head: str, expected: str) -> None:
    """A warning, or red where that is asked; what is declared is not told again."""
    told = said(BACK, receipts(Receipt(revision="b", newly=newly)), head)
    assert told == expected or (expected and told.startswith(f"{expected}; WARN "))
    if head == JUDGED:
        assert told == expected, "what is judged is no warning, too"


def test_what_a_rollback_costs() -> None:
    """A NULL that is filled is told beside what was seen; the document has all of it."""
    found = receipts(Receipt(revision="b", newly=(FAILS, LOSES, FILLS)))
    seen = finding(where(BACK, Seen(found)), "rehearsal.x").seen
    assert seen.endswith("; the way down fills NULL in t.c (it is '' then): b")
    assert seen.count("the way down fills") == 1
    lines = _receipt(found)
    assert lines[-3:] == [
        "Rows that the new release writes may make a rollback impossible: b.", "",
        "A rollback may lose what the new release writes: b.",
    ]  # fmt: skip
    assert [line for line in lines if "with NULL in t.c: boom" in line]
    none = _receipt(receipts(Receipt(revision="b", newly=(FILLS,))))
    assert none[-1] == "There is a way back from everywhere."


def test_two_verdicts_on_one_revision() -> None:
    """What either of them found stands, once."""
    one, two = Receipt(revision="b", newly=(FAILS,)), Receipt(revision="b", newly=(FAILS, LOSES))
    assert together(one, two).newly == (FAILS, LOSES)
    wrong = two.model_copy(update={"diff": ("x",)})
    assert together(one, wrong).newly == (FAILS, LOSES)
    assert together(wrong, wrong).newly == (FAILS, LOSES)
