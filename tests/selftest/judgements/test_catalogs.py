"""What is said of a database's catalog, made up as data: each kind, and the difference of two."""

from __future__ import annotations

from typing import Any

import pytest

from gate.catalog.diff import Diff, diff, fingerprint, objects
from gate.catalog.expression import DEEPEST, LONGEST, normal
from gate.catalog.model import Catalog, Column, Constraint, Index, Table, labelled
from gate.catalog.spelled import spelled
from gate.kinds.kind import State
from gate.kinds.registry import kinds
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Seen
from tests.selftest.given import NOW, finding, scene, told, unclear

UNCLEAR = "cannot tell (upstream): nobody tells"
ID = Column(name="id", type="integer", nullable=False)
PK = Constraint(name="pk", definition="PRIMARY KEY (id)")
IX = Index(name="ix", table="t", method="hnsw", columns=("a", "b desc"), unique=True,
           options={"m": "16"}, predicate="a > 0", include=("c",))  # fmt: skip


def table(name: str = "t", **changes: Any) -> Table:
    """A table with a column and a key."""
    facts: dict[str, Any] = {"columns": {"id": ID}, "constraints": {"pk": PK}}
    return Table(**{"name": name, **facts, **changes})


def catalog(**changes: Any) -> Catalog:
    """A catalog with a table, an index, a type and an extension."""
    facts: dict[str, Any] = {
        "tables": {"t": table()},
        "indexes": {"ix": IX},
        "enums": {"mood": ("good", "bad")},
        "extensions": {"vector": "0.8"},
        "extension_schemas": {"vector": "public"},
    }
    return Catalog(**{**facts, **changes})


def database(**changes: Any) -> Seen[DatabaseFacts]:
    """A database with that catalog."""
    facts: dict[str, Any] = {
        "server_version": "16", "database": "desk", "user": "reader", "superuser": False,
        "read_only": True, "clock": NOW, "started": NOW, "in_recovery": False, "work": {},
        "alembic": Seen(("r1",)), "catalog": catalog(),
    }  # fmt: skip
    return Seen(DatabaseFacts(**{**facts, **changes}))


def item(id_: str, keys: str, fact: Any = None, others: dict[str, str] | None = None) -> str:
    """What is said of one item."""
    given = fact or database()
    return told(scene({id_: keys, **(others or {})}, database=given), id_.replace('"', ""))


INDEX = """
table = "t"
method = "hnsw"
columns = ["a", "b desc"]
unique = true
options = { m = "16" }
predicate = "a > 0"
include = ["c"]
"""


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("", "", ""),
        ('table = "t"', 'table = "u"', "index ix: table is t, not u"),
        ('"hnsw"', '"gin"', "index ix: access method is hnsw, not gin"),
        ('"b desc"', '"b"', "index ix: columns is a, b desc, not a, b"),
        ("unique = true", "", "index ix: uniqueness is true, not false"),
        ('m = "16"', 'm = "8"', "index ix: options is m=16, not m=8"),
        ('options = { m = "16" }', "", "index ix: options is m=16, not none"),
        ("a > 0", "a > 1", "index ix: predicate is a > 0, not a > 1"),
        ('["c"]', '["d"]', "index ix: included columns is c, not d"),
    ],
)
def test_an_index(was: str, now: str, expected: str) -> None:
    """Every key of it."""
    assert item("index.ix", INDEX.replace(was, now) if was else INDEX) == expected


def test_an_index_that_serves_nobody() -> None:
    """Or that is not there, or is."""
    absent = f'{INDEX}\nbefore = "absent"'
    plain = 'table = "t"\ncolumns = ["a"]'
    bare = Index(name="ix", table="t", method="btree", columns=("a",), unique=False)
    for changes, expected in (
        ({}, ""),
        ({"valid": False}, "index ix: it is invalid: the planner does not use it"),
        ({"ready": False}, "index ix: it is not ready: writes do not maintain it"),
        ({"predicate": "a > 0"}, "index ix: predicate is a > 0, not none"),
        ({"nulls_distinct": False}, "index ix: nulls not distinct is true, not false"),
        ({"include": ("b",)}, "index ix: included columns is b, not none"),
    ):
        found = database(catalog=catalog(indexes={"ix": bare.model_copy(update=changes)}))
        assert item("index.ix", plain, found) == expected
    strict = f"{plain}\nunique = true\nnulls_distinct = false"
    for distinct, expected in (
        (False, ""),
        (True, "index ix: nulls not distinct is false, not true"),
    ):
        one = bare.model_copy(update={"unique": True, "nulls_distinct": distinct})
        assert item("index.ix", strict, database(catalog=catalog(indexes={"ix": one}))) == expected
    bare_one = database(catalog=catalog(indexes={"ix": bare}))
    partial = f'{plain}\npredicate = "a > 0"'
    assert item("index.ix", partial, bare_one) == "index ix: predicate is none, not a > 0"
    there = scene({"index.ix": absent}, database=bare_one)
    assert finding(there, "index.ix").seen == "btree on t (a)"
    none = database(catalog=catalog(indexes={}))
    assert item("index.ix", INDEX, none) == "index ix is not there"
    assert item("index.ix", absent, none) == ""
    assert item("index.ix", absent) == "index ix is there"
    for fact in (unclear(), database(catalog=catalog(indexes={}, locked=("t",)))):
        assert item("index.ix", absent, fact).startswith("cannot tell")


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('definition = "int not null"', {}, ""),
        ('definition = "int"', {}, "column t.id: integer not null"),
        ('definition = "int"\nbefore = "absent"', {}, "column t.id: integer not null"),
        ('definition = "int"\nbefore = "absent"', {"tables": {}}, ""),
        ('definition = "int"\nbefore = "absent"', {"tables": {"t": table(columns={})}}, ""),
        ('definition = "int"', {"tables": {}}, "column t.id: absent"),
        ('definition = "int"', {"tables": {"t": table(columns={})}}, "column t.id: absent"),
    ],
)
def test_a_column(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Its whole definition."""
    found = database(catalog=catalog(**changes))
    assert item("column.c", f'table = "t"\ncolumn = "id"\n{keys}', found) == expected


@pytest.mark.parametrize(
    ("keys", "labels", "expected"),
    [
        ('labels = ["good", "bad"]', ("good", "bad"), ""),
        ('labels = ["bad", "good"]', ("good", "bad"), "type mood: good, bad"),
        ('labels = ["good", "bad"]', None, "type mood: absent"),
        ('labels = ["good"]\nbefore = "absent"', None, ""),
        ('labels = ["good"]\nbefore = "absent"', ("good",), "type mood: good"),
        ('labels = ["absent"]', None, "type mood: absent"),
        ('labels = ["x"]\nbefore = "absent"', ("absent",), "type mood: 'absent'"),
        ('labels = ["a, b"]', ("a", "b"), "type mood: a, b"),
        ('labels = ["a", "b"]', ("a, b",), "type mood: 'a, b'"),
    ],
)
def test_an_enum(keys: str, labels: tuple[str, ...] | None, expected: str) -> None:
    """Each label by itself, and none of them says that there is no type."""
    enums = {} if labels is None else {"mood": labels}
    assert item("enum.mood", keys, database(catalog=catalog(enums=enums))) == expected


FOUND = {
    "index.ix": (INDEX, "hnsw on t"),
    "column.c": ('table = "t"\ncolumn = "id"\ndefinition = "int"', "integer not null"),
    "enum.mood": ('labels = ["x"]', "good"),
    "extension.vector": ("", "0.8"),
    "table.t": ('columns = { id = "int" }', "t"),
}


@pytest.mark.parametrize("id_", FOUND)
def test_the_fact_behind_an_item(id_: str) -> None:
    """Seen, absent, or not to be told: what the item promises does not matter for it."""
    kind = kinds()[id_.partition(".")[0]]
    gone = catalog(tables={}, indexes={}, enums={}, extensions={})
    for given, fact, state in (
        (database(), Seen, None),
        (database(catalog=gone), Absent, "absent"),
        (unclear(), CannotTell, None),
    ):
        where = scene({id_: FOUND[id_][0]}, database=given)
        promise = where.contract.promise(id_)
        assert isinstance(kind.find(promise, where), fact)
        told_ = kind.state(promise, where)
        assert state is None or (isinstance(told_, State) and told_.text == state)
    only_column_gone = database(catalog=catalog(tables={"t": table(columns={})}))
    where = scene({"column.c": FOUND["column.c"][0]}, database=only_column_gone)
    assert isinstance(kinds()["column"].find(where.contract.promise("column.c"), where), Absent)


def test_labels_are_told_apart() -> None:
    """Other labels are another text, however they are spelled."""
    ones = [("a, b",), ("a", "b"), ("'a", "b'"), ("a,b",), ("a'",), ("a",), ("",), (" ",), ()]
    assert len({labelled(one) for one in ones}) == len(ones)
    assert labelled(("a", "b c")) == "a, b c"
    assert labelled(("it's",)) == "'it''s'"


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ("", {}, ""),
        ('schema = "public"', {}, ""),
        ('schema = "app"', {}, "extension vector is in the schema public, not in app"),
        ('schema = "app"', {"extensions": {}}, "extension vector is not there"),
        ("", {"extensions": {}}, "extension vector is not there"),
        ('before = "absent"', {"extensions": {}}, ""),
        ('before = "absent"', {}, "extension vector is there"),
        ('schema = "app"\nbefore = "absent"', {}, "extension vector is there"),
    ],
)
def test_an_extension(keys: str, changes: dict[str, Any], expected: str) -> None:
    """That it is there, and where."""
    assert item("extension.vector", keys, database(catalog=catalog(**changes))) == expected
    assert item("extension.vector", keys, unclear()).startswith("cannot tell")


TABLE = 'columns = { id = "int not null" }\nkeys = { pk = "PRIMARY KEY (id)" }'
EXTRA = {"id": ID, "n": Column(name="n", type="text", nullable=True)}
LOOSE = PK.model_copy(update={"validated": False})


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        (TABLE, {}, ""),
        (TABLE.replace("int", "bigint"), {},
         "column id is integer not null, not bigint not null"),
        (TABLE.replace(" id =", " n ="), {},
         "column n is missing (integer not null); column id is not promised (integer not null)"),
        (TABLE, {"columns": EXTRA}, "column n is not promised (text)"),
        (TABLE, {"constraints": {}}, "key pk is missing (PRIMARY KEY (id))"),
        ('columns = { id = "int not null" }', {}, "key pk is not promised (PRIMARY KEY (id))"),
        (TABLE.replace("(id)", "(n)"), {}, "key pk is PRIMARY KEY (id), not PRIMARY KEY (n)"),
        (TABLE, {"constraints": {"pk": LOOSE}}, "key pk is not validated"),
    ],
)  # fmt: skip
def test_a_table(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Its columns and keys, all of them."""
    found = database(catalog=catalog(tables={"t": table(**changes)}))
    assert item("table.t", keys, found) == expected
    gone = scene({"table.t": f'{keys}\nbefore = "absent"'}, database=found)
    assert finding(gone, "table.t").seen == f"{len(changes.get('columns', '1'))} columns"
    assert item("table.t", f'{keys}\nbefore = "absent"', found) == "table t is there"
    none = database(catalog=catalog(tables={}))
    assert item("table.t", keys, none) == "table t is not there"
    assert item("table.t", f'{keys}\nbefore = "absent"', none) == ""


def test_a_column_that_has_an_item_of_its_own() -> None:
    """Belongs to its table as long as it is promised to be there."""
    found = database(catalog=catalog(tables={"t": table(columns=EXTRA)}))
    own = {"column.n": 'table = "t"\ncolumn = "n"\ndefinition = "text"'}
    assert item("table.t", TABLE, found, own) == ""
    gone = {"column.n": f'{own["column.n"]}\nbefore = "absent"'}
    assert item("table.t", TABLE, found, gone) == "column n is not promised (text)"
    other = {"column.n": own["column.n"].replace('"t"', '"u"')}
    assert item("table.t", TABLE, found, other) == "column n is not promised (text)"


def test_what_the_role_may_not_see() -> None:
    """A schema that is closed, or a table that is locked, proves no absence."""
    absent = f'{TABLE}\nbefore = "absent"'
    closed = database(catalog=catalog(tables={}, closed=("app",)))
    assert "no USAGE on the schema app" in item('table."app.t"', absent, closed)
    assert item("table.t", absent, closed) == ""
    locked = database(catalog=catalog(tables={}, locked=("t",)))
    assert "exclusive lock on the table t" in item("table.t", absent, locked)


WHOLE = {"whole": True, "objects": {"view v": "SELECT 1"}, "owners": {"view v": "navi"}}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"tables": {}}, ["- column t.id: integer not null", "- constraint t.pk: PRIMARY KEY (id)",
                          "- table t: permanent"]),
        ({"tables": {"t": table(row_security=True)}},
         ["~ table t: permanent -> permanent, row security"]),
        ({"tables": {"t": table(columns=EXTRA)}}, ["+ column t.n: text"]),
        ({"tables": {"t": table(columns={"id": ID.model_copy(update={"storage": "plain"})})}},
         ["~ column t.id: integer not null -> integer not null (plain)"]),
        ({"tables": {"t": table(owner="eve")}}, []),
        ({"indexes": {}}, ["- index ix: unique hnsw on t (a, b desc) include (c) with (m=16) "
                           "where a > 0"]),
        ({"enums": {"mood": ("bad", "good")}}, ["~ enum mood: good, bad -> bad, good"]),
        ({"enums": {"mood": ("good, bad",)}}, ["~ enum mood: good, bad -> 'good, bad'"]),
        ({"extensions": {"vector": "0.9"}},
         ["~ extension vector: 0.8 in public -> 0.9 in public"]),
        ({"extension_schemas": {}}, ["~ extension vector: 0.8 in public -> 0.8"]),
    ],
)  # fmt: skip
def test_what_two_catalogs_differ_in(changes: dict[str, Any], lines: list[str]) -> None:
    """One line for each object, by its key; the fingerprint tells the same."""
    before, after = catalog(), catalog(**changes)
    found = diff(before, after)
    assert found.lines() == lines
    assert found.empty is (not lines)
    assert (fingerprint(before) == fingerprint(after)) is (not lines)


def test_owners_and_other_objects() -> None:
    """Of catalogs that were read whole; kinds can be left out, and an owner is one."""
    before = catalog(**WHOLE)
    other = {**WHOLE, "owners": {"view v": "eve", "enum mood": "eve"}}
    after = catalog(**other, tables={"t": table(owner="eve")})
    assert diff(before, after).lines() == [
        "~ enum mood: good, bad -> good, bad, owner eve",
        "~ table t: permanent, owner -> permanent, owner eve",
        "~ view v: SELECT 1, owner navi -> SELECT 1, owner eve",
    ]
    assert diff(before, after, without={"owner"}).empty
    assert fingerprint(before, without={"owner"}) == fingerprint(after, without={"owner"})
    assert list(objects(before, without={"owner", "view", "table"})) == [
        "column t.id", "constraint t.pk", "enum mood", "extension vector", "index ix",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="read whole"):
        diff(before, catalog())
    assert Diff(missing={"a": "x\n  y"}, extra={}, changed={}).lines() == ["- a: x y"]
    found = Diff(missing={"b": "1"}, extra={"a": "2"}, changed={"c": ("3", "4")})
    assert found.lines() == ["+ a: 2", "- b: 1", "~ c: 3 -> 4"]
    last = Diff(missing={"b": "1"}, extra={"c": "2"}, changed={"a": ("3", "4")})
    assert last.lines() == ["~ a: 3 -> 4", "- b: 1", "+ c: 2"]


def test_constraints_and_what_made_them() -> None:
    """An index that a constraint made is told with it; one that only has its name is not."""
    own = IX.model_copy(update={"name": "app.pk", "constraint": True, "placed": "fast"})
    of = table("app.t", constraints={"pk": PK, "tr": Constraint(name="tr", definition="TRIGGER x")})
    made = catalog(tables={"app.t": of}, indexes={"app.pk": own})
    assert objects(made)["constraint app.t.pk"] == "PRIMARY KEY (id) with (m=16) [fast]"
    assert "constraint app.t.tr" not in objects(made)
    assert "index app.pk" not in objects(made)
    broken = own.model_copy(update={"valid": False, "options": {}, "placed": ""})
    found = objects(catalog(tables={"app.t": of}, indexes={"app.pk": broken}))
    assert found["constraint app.t.pk"] == "PRIMARY KEY (id) INVALID"
    alone = own.model_copy(update={"constraint": False})
    found = objects(catalog(tables={"app.t": of}, indexes={"app.pk": alone}))
    assert found["constraint app.t.pk"] == "PRIMARY KEY (id)"
    inherited = {"pk": PK.model_copy(update={"own": False})}
    found = objects(catalog(tables={"t": table(constraints=inherited)}))
    assert found["constraint t.pk"] == "PRIMARY KEY (id) inherited"
    copied = {"pk": PK, "fk": PK.model_copy(update={"name": "fk", "copied": True})}
    found = objects(catalog(tables={"t": table(constraints=copied)}))
    assert [one for one in found if one.startswith("constraint ")] == ["constraint t.pk"]


@pytest.mark.parametrize(
    ("of", "constraint", "index"),
    [
        ("t", "pk", "pk"),
        ("app.t", "pk", "app.pk"),
        ('"a.b"', "a.b_pkey", '"a.b_pkey"'),
        ('app."a.b"', "pk", "app.pk"),
        ('"my.app".t', "pk", '"my.app".pk'),
        ("t", 'o"dd', '"o""dd"'),
    ],
)
def test_a_constraints_index_by_whatever_name(of: str, constraint: str, index: str) -> None:
    """What was set for it is told with the constraint, wherever there are dots and quotes."""
    own = IX.model_copy(update={"name": index, "constraint": True})
    key = PK.model_copy(update={"name": constraint})
    found = objects(
        catalog(tables={of: table(of, constraints={constraint: key})}, indexes={index: own})
    )
    assert "PRIMARY KEY (id) with (m=16)" in found.values()


DEEP = "(" * DEEPEST + "(a AND b) AND c" + ")" * DEEPEST
AS_DEEP = "(" * (DEEPEST - 1) + "(a AND b) AND c" + ")" * (DEEPEST - 1)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("((a AND b) AND c)", "(a AND b AND c)"),
        ("((a OR b) OR c)", "(a OR b OR c)"),
        ("(a AND (b AND c))", "(a AND b AND c)"),
        ("((a OR b) AND c)", "((a OR b) AND c)"),
        ("(((a AND b) AND c) OR d)", "((a AND b AND c) OR d)"),
        ("((a AND (b)) AND c)", "(a AND (b) AND c)"),
        ("(a AND b) AND c", "a AND b AND c"),
        ("f((a AND b)) AND c", "f((a AND b)) AND c"),
        ("(x = ' AND ' AND (y))", "(x = ' AND ' AND (y))"),
        ("(a AND ')' AND b)", "(a AND ')' AND b)"),
        ("a) AND (b", "a) AND (b"),
        ("((a AND b) AND c", "((a AND b) AND c"),
        ("x BETWEEN 1 AND 2", "x BETWEEN 1 AND 2"),
        ("(a AND b) more", "(a AND b) more"),
        (DEEP, DEEP),
        (AS_DEEP, AS_DEEP.replace("(a AND b) AND c", "a AND b AND c")),
        ("((x = 'a' AND b) AND c)", "(x = 'a' AND b AND c)"),
        ("(((x = 'a' AND b) AND 'c') OR d)", "((x = 'a' AND b AND 'c') OR d)"),
        ("(ARRAY['a'::character varying, 'b'::character varying])::text[]",
         "ARRAY[('a'::character varying)::text, ('b'::character varying)::text]"),
        ("x = ANY ((ARRAY['a'::x])::text[])", "x = ANY (ARRAY[('a'::x)::text])"),
        ("ARRAY['a'::x, b]::text[]", "ARRAY['a'::x::text, b::text]"),
        ("ARRAY[a + 1]::text[]", "ARRAY[(a + 1)::text]"),
        ("ARRAY[X, b]::text[]", "ARRAY[X::text, b::text]"),
        ("ARRAY[a,b]::text[]", "ARRAY[a::text, b::text]"),
        ("ARRAY[f(g(a), b)]::text[]", "ARRAY[(f(g(a), b))::text]"),
        ("ARRAY[f(a, b), 'c, d', [e]]::text[]",
         "ARRAY[(f(a, b))::text, 'c, d'::text, ([e])::text]"),
        ("(ARRAY['a'])::character varying(20)[]", "ARRAY[('a')::character varying(20)]"),
        ("(ARRAY['a'] || b)", "(ARRAY['a'] || b)"),
        ("(ARRAY['a']::text[] || b)", "(ARRAY['a'::text] || b)"),
        ("(b || ARRAY['a'])::text[]", "(b || ARRAY['a'])::text[]"),
        ("x['a'::text]::text[] || ARRAY[b]", "x['a'::text]::text[] || ARRAY[b]"),
        ("ARRAY['a'", "ARRAY['a'"),
        ("'ARRAY[' || ARRAY['a']::text[]", "'ARRAY[' || ARRAY['a'::text]"),
        ("ARRAY[a], ARRAY['b']::text[]", "ARRAY[a], ARRAY['b'::text]"),
        ("ARRAY[ARRAY['a']::text[]]::text[]", "ARRAY[(ARRAY['a'::text])::text]"),
    ],
)  # fmt: skip
def test_expressions(text: str, same: str) -> None:
    """The form that is read back as printed; what is normal already stays as it is."""
    assert normal(text) == same
    assert normal(same) == same


def test_long_definitions_stay() -> None:
    """Beyond what is looked at, a definition is what was printed."""
    nested = "((a AND b) AND c)"
    fill = " " * (LONGEST - len(nested))
    assert normal(nested + fill).startswith("(a AND b AND c)")
    assert normal(nested + fill + " ").startswith(nested)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("int2", "smallint"), ("INT8 not null", "bigint not null"), ("float", "double precision"),
        ("float(24)", "real"), ("float(25)", "double precision"), ("float4", "real"),
        ("bool NOT  NULL default true", "boolean not null default true"),
        ("char", "character(1)"), ("char(3)", "character(3)"), ("varchar", "character varying"),
        ("decimal(10)", "numeric(10,0)"), ("numeric(10)", "numeric(10,0)"), ("decimal", "numeric"),
        ("numeric(10, 2)[]", "numeric(10,2)[]"), ("timestamptz ( 3 ) not null",
         "timestamp(3) with time zone not null"), ("timetz", "time with time zone"),
        ("time(3)", "time(3) without time zone"), ("timestamp", "timestamp without time zone"),
        ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ("varbit(3)", "bit varying(3)"), ("int default 1", "integer default 1"),
        ("int not nullable", "integer not nullable"), ("interval", "interval"),
        (" int ", "integer"), ("int[]", "integer[]"), ("int4 NOT NULL", "integer not null"),
    ],
)  # fmt: skip
def test_definitions_of_columns(text: str, printed: str) -> None:
    """Aliases, sizes and arrays in PostgreSQL's words."""
    assert spelled(text) == printed
    assert spelled(printed) == printed
